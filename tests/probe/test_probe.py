"""The probe reports each transfer, and survives the death of the child."""

import multiprocessing
import os
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from ndpipe import probe
from ndpipe._system import memory
from ndpipe.probe import ARRIVED, DEFAULT_SIZES, default_sizes, probe_sizes, wire_size

MIB = 1024**2


def test_arrays_arrive_under_every_start_method(start_method: str) -> None:
    """Each size is a result with both times, both peaks and the bytes in the pipe."""
    results = list(probe_sizes([8_000, MIB], start_method=start_method))
    assert [result.nbytes for result in results] == [8_000, MIB]
    for result in results:
        assert result.outcome == ARRIVED
        assert result.arrived
        assert result.wire_bytes is not None
        assert result.nbytes < result.wire_bytes < result.nbytes + 300
        for measured in (
            result.send_seconds,
            result.receive_seconds,
            result.parent_peak_bytes,
            result.child_peak_bytes,
        ):
            assert measured is not None
            assert measured > 0


def test_the_default_walk_crosses_both_famous_limits() -> None:
    """32 MiB of the documentation, and 2 GiB of a signed length."""
    assert DEFAULT_SIZES[0] == MIB
    assert 32 * MIB in DEFAULT_SIZES
    assert any(32 * MIB < size < 34 * MIB for size in DEFAULT_SIZES)
    assert DEFAULT_SIZES[-1] > 2**31
    assert sorted(DEFAULT_SIZES) == list(DEFAULT_SIZES)
    assert default_sizes(100 * MIB)[-2:] == [64 * MIB, 100 * MIB]
    assert default_sizes(100) == [100]


@pytest.mark.parametrize("obj", [None, "text", b"x" * 20_000, np.arange(5000.0)])
def test_the_wire_size_is_what_is_written(obj: object) -> None:
    """Every byte is counted that `send` puts into the descriptor, header included."""
    here, there = multiprocessing.Pipe()
    with here, there:
        here.send(obj)
        here.close()
        wire = b""
        while chunk := os.read(there.fileno(), 65536):
            wire += chunk
    assert wire_size(obj) == len(wire)


def test_the_header_grows_at_2_gib(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four bytes of length up to 0x7fffffff, twelve above, as the standard library writes them."""

    class Huge:
        def __init__(self, file: Any) -> None:
            self.file = file

        def dump(self, length: int) -> None:
            self.file.size = length

    monkeypatch.setattr(probe, "ForkingPickler", Huge)
    assert wire_size(0x7FFFFFFF) == 0x7FFFFFFF + 4
    assert wire_size(0x80000000) == 0x80000000 + 12


def test_memory_needed_is_not_underestimated() -> None:
    """What both sides really grow by, and the array itself, fit in the stated need."""
    (result,) = probe_sizes([64 * MIB])
    assert result.parent_growth_bytes is not None
    assert result.child_growth_bytes is not None
    used = result.nbytes + result.parent_growth_bytes + result.child_growth_bytes
    assert 3 * result.nbytes < used < probe._COPIES * result.nbytes + probe._CHILD_BYTES


def test_too_large_is_not_tried_and_ends_the_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """The outcome says how much memory there is."""
    monkeypatch.setattr(probe, "available_memory", lambda: 150 * MIB)
    results = list(probe_sizes([MIB, 64 * MIB, 128 * MIB]))
    assert [result.arrived for result in results] == [True, False]
    assert results[1].outcome == "not tried: needs about 484 MiB, 150 MiB is free"
    assert results[1].send_seconds is None


def test_the_guard_reads_the_memory_that_is_available() -> None:
    """Without a fake: twice the free memory is too much."""
    (result,) = probe_sizes([memory.available_memory() * 2])
    assert result.outcome.startswith("not tried: needs about")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sizes": [7]}, "at least 8 bytes"),
        ({"sizes": [8], "max_size": 8}, "not both"),
        ({"sizes": [8], "timeout": 0}, "positive number of seconds"),
        ({"sizes": [8], "start_method": "teleport"}, "cannot find context"),
    ],
)
def test_wrong_arguments_are_refused_at_the_call(
    arguments: dict[str, object], message: str
) -> None:
    """The error comes from the call, not from the first use of what it returned."""
    with pytest.raises(ValueError, match=message):
        probe_sizes(**arguments)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("ReceiverDies", "the child died: exit code 3"),
        ("SenderDies", "its process died: exit code 3"),
        ("ReceiveHangs", "timed out after 1 s"),
        ("ChildStops", "timed out after 1 s"),
    ],
)
def test_a_lost_process_is_the_last_result(
    kind: str, outcome: str, faulty: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A larger array would do no better."""
    monkeypatch.setattr(probe, "_PIPE", getattr(faulty, kind))
    timeout = 1 if "timed out" in outcome else 60
    results = list(probe_sizes([8 * MIB, 16 * MIB], timeout=timeout))
    assert [result.outcome for result in results] == [outcome]


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("ReceiveRaises", "OSError: the wire is cut"),
        ("SendRaises", "OSError: the wire is cut"),
        (
            "FlippedBit",
            "WrongBytesError: what arrived is not what was sent: the checksums differ",
        ),
    ],
)
def test_a_failed_transfer_is_a_result_and_the_probe_goes_on(
    kind: str, outcome: str, faulty: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcome is the exception of the side that failed."""
    monkeypatch.setattr(probe, "_PIPE", getattr(faulty, kind))
    results = list(probe_sizes([8 * MIB, 16 * MIB], start_method="fork"))
    assert [result.outcome for result in results] == [outcome, outcome]


def test_the_senders_exception_is_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory may run out in the counting of the bytes too."""

    def fail(_obj: object) -> int:
        raise MemoryError("no room for the pickle")

    monkeypatch.setattr(probe, "wire_size", fail)
    (result,) = probe_sizes([MIB])
    assert result.outcome == "MemoryError: no room for the pickle"


@pytest.mark.parametrize("moment", [0.0, 0.1, 0.3])
def test_an_interrupt_leaves_nothing(start_method: str, moment: float, scratch: Path) -> None:
    """Ctrl-C ends the probe with KeyboardInterrupt, and its processes and files go too."""
    results = probe_sizes([MIB] * 1000, start_method=start_method)
    next(results)
    # From outside: a timer's thread in this process would be alive while it forks. And not before
    # that process is known here.
    command = f"read -r _; sleep {moment}; kill -INT {os.getpid()}"
    with subprocess.Popen(["/bin/sh", "-c", command], stdin=subprocess.PIPE) as sender:

        def be_interrupted() -> None:
            sender.stdin.close()  # type: ignore[union-attr]  # it is a pipe
            for _ in results:
                pass

        with pytest.raises(KeyboardInterrupt):
            be_interrupted()
    assert list(scratch.glob("ndpipe-*")) == []


def test_a_probe_that_is_dropped_leaves_nothing(scratch: Path) -> None:
    """Each size has processes of its own, which end with it."""
    results = probe_sizes([MIB, MIB])
    next(results)
    del results
    assert list(scratch.glob("ndpipe-*")) == []
