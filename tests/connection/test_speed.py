"""How fast it is, in ratios to the standard Pipe in the same run. Not run unless asked for."""

from pathlib import Path

import psutil
import pytest
import speed_transports
from speed_transports import ECHOES, OBJECTS, NdEcho, NdSimplex, Soaked, StandardEcho

from ndpipe.compare import Comparison, compare
from ndpipe.experiments.allocator import PipeInNewProcess
from ndpipe.transports import Direction

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(1800)]

MB = 1 << 20
# How many times faster it must be, at each size, in processes that have freed a large array.
SIZES = {MB: 1.3, 32 * MB: 10, 200 * MB: 10, 800 * MB: 10}


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes of the harness find the transports of these tests."""
    monkeypatch.syspath_prepend(Path(speed_transports.__file__).parent)


def _show(comparison: Comparison) -> None:
    print(f"\n{comparison.table()}")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size // MB} MB")
@pytest.mark.parametrize("direction", ["to-child", "from-child"])
@pytest.mark.parametrize("duplex", [True, False], ids=["duplex", "simplex"])
def test_large_arrays(size: int, direction: Direction, duplex: bool) -> None:
    """Many times faster, with less CPU, and one copy of the array in memory."""
    if psutil.virtual_memory().available < 10 * size:
        pytest.skip("not enough memory available")
    kinds = ("ndpipe", "pipe") if duplex else (NdSimplex, "pipe-simplex")
    comparison = compare(kinds, [size], directions=[direction], repeat=25)
    _show(comparison)
    ours, standard = comparison.measurements
    ratio = ours.times_as_fast_as(standard)
    assert ratio is not None
    assert ratio.value >= SIZES[size]
    cpu = [m.sender_cpu_seconds + m.receiver_cpu_seconds for m in (ours, standard)]  # type: ignore[operator]  # not None without an error
    assert cpu[0] < cpu[1]
    assert ours.receiver_growth_bytes <= 1.1 * size + MB // 4  # type: ignore[operator]  # not None without an error
    assert ours.sender_growth_bytes <= MB // 4  # type: ignore[operator]  # not None without an error


def test_a_megabyte_between_new_processes() -> None:
    """Where malloc() asks the system for each block, the standard Pipe takes four times as long."""
    kinds = ["ndpipe", PipeInNewProcess]
    comparison = compare(kinds, [MB], directions=["to-child"], repeat=25)
    _show(comparison)
    assert comparison.ratio("ndpipe", "pipe-new", MB).value >= 4


@pytest.mark.parametrize("kind", OBJECTS)
def test_small_messages(kind: str) -> None:
    """Round trips cost what they cost with the standard Pipe, within a tenth."""
    kinds = ECHOES[NdEcho, kind], ECHOES[StandardEcho, kind]
    ratio = compare(kinds, [8], repeat=60).ratio("pipe", "ndpipe", 8)
    print(f"\nround trips, {kind}: {ratio} of the standard pipe's time")
    assert ratio.low < 1.10


def test_recv_into_against_memcpy() -> None:
    """Receiving into a used array runs at a third of the speed of copying memory, or better."""
    comparison = compare(["memcpy", "ndpipe-into"], [200 * MB], directions=["to-child"], repeat=25)
    _show(comparison)
    assert comparison.ratio("ndpipe-into", "memcpy", 200 * MB).value >= 0.35


def test_soak() -> None:
    """Twenty gigabytes leave nothing behind."""
    comparison = compare([Soaked], [64 * MB], repeat=150)
    _show(comparison)
    assert [m.error for m in comparison.measurements] == [None, None]
