"""How fast it is, in ratios to the standard Pipe in the same run. Not run unless asked for."""

import multiprocessing
from typing import Any

import numpy as np
import psutil
import pytest
import speed_driver
from speed_driver import MB

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(1800)]

# How many times faster it must be, at each size; how many transfers make a round; rounds.
SIZES = {MB: (4, 50, 15), 32 * MB: (10, 2, 9), 200 * MB: (10, 1, 9), 800 * MB: (10, 1, 4)}


def measured(measurement: str, *args: Any) -> Any:
    """Return what a measurement returns, made in an interpreter of its own."""
    results, theirs = multiprocessing.Pipe(duplex=False)
    context = multiprocessing.get_context("spawn")
    driver = context.Process(target=speed_driver.run, args=(theirs, measurement, *args))
    driver.start()
    theirs.close()
    with results:
        result = results.recv()
    driver.join()
    driver.close()
    return result


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size // MB} MB")
@pytest.mark.parametrize("action", ["receive", "send"], ids=["to child", "from child"])
@pytest.mark.parametrize("duplex", [True, False], ids=["duplex", "simplex"])
def test_large_arrays(size: int, action: str, duplex: bool) -> None:
    """Many times faster, with less CPU, and one copy of the array in memory."""
    if psutil.virtual_memory().available < 10 * size:
        pytest.skip("not enough memory available")
    least, count, rounds = SIZES[size]
    both = measured("large_arrays", action, duplex, size, count, rounds)
    ours, standard = both["ndpipe"], both["standard"]
    ratio = standard["seconds"] / ours["seconds"]
    print(
        f"\n{size // MB} MB: {ratio:.1f} times as fast, {ours['cpu'] / standard['cpu']:.2f} of the "
        f"CPU; receiver grows by {ours['receiver'] / size:.2f} of the array (standard pipe "
        f"{standard['receiver'] / size:.2f}), sender by {ours['sender'] / 1024:,.0f} KiB "
        f"(standard pipe {standard['sender'] / size:.2f} of the array)"
    )
    assert ratio >= least
    assert ours["cpu"] < standard["cpu"]
    assert ours["receiver"] <= 1.1 * size
    assert ours["sender"] <= MB // 4


OBJECTS = {
    "int": 1,
    "dict": {"k": [1.5, "text"] * 20},
    "1 KB": np.zeros(125),
    "16 KB": np.zeros(2000),
    "64 KB": np.zeros(8000),
    "bytes": b"x" * 60_000,
}


@pytest.mark.parametrize("kind", OBJECTS)
def test_small_messages(kind: str) -> None:
    """A round trip costs what it costs with the standard Pipe, within a tenth."""
    ratio = measured("round_trips", OBJECTS[kind], 200, 80)
    print(f"\nround trip, {kind}: {ratio:.3f} of the standard pipe's time")
    assert ratio < 1.10


def test_recv_into_against_memcpy() -> None:
    """Receiving into a warm array runs at a third of the speed of copying memory, or better."""
    ratio = measured("recv_into_against_memcpy", 200 * MB, 25)
    print(f"\nrecv_into: {ratio:.2f} of the speed of a copy between warm arrays")
    assert ratio >= 0.35


def test_soak() -> None:
    """Twenty gigabytes leave nothing behind."""
    seen = measured("soak", 20 * 10**9)
    print("\nsoak, 20 GB; resident memory, descriptors, threads, children, each 2 GB:")
    print(*seen, sep="\n")
    assert max(now[0] for now in seen[1:]) - seen[1][0] < 8 * MB
    assert {now[1:] for now in seen} == {seen[0][1:]}
