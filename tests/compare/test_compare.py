"""The harness says what is broken and goes on, and counts what it says it counts."""

import signal
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndpipe.compare import (
    InterruptedComparison,
    Measurement,
    Progress,
    _session,
    checksum,
    compare,
)
from ndpipe.compare._runner import FailedError, Runner

NBYTES = 800_000


def _compare(*arguments: Any, **options: Any) -> tuple[Measurement, ...]:
    return compare(*arguments, **options).measurements


DIRECTIONS = ["to-child", "from-child"]


WRONG = "WrongBytesError: what arrived is not what was sent: the checksums differ"
DEAD = "the child died: exit code 3"
#: For each direction what the harness says of a transport, where that is one thing for sure.
FAULTS = {
    "flipped-bit": (WRONG, WRONG),
    "swapped-pages": (WRONG, WRONG),
    "last-value-missing": (WRONG, WRONG),
    "other-type": (WRONG, WRONG),
    "open-raises": ("OSError: no descriptors left",) * 2,
    "send-raises": ("OSError: the wire is cut",) * 2,
    "receive-raises": ("OSError: the wire is cut",) * 2,
    "sender-dies": ("its process died: exit code 3", DEAD),
    "receiver-dies": (DEAD, "its process died: exit code 3"),
    "fails-later": ("OSError: the wire is worn",) * 2,
    "start-dies": ("ChildProcessError: " + DEAD, None),
    "worker-dies": (None, "BrokenProcessPool: A process in the process pool was terminated"),
}


def _in_one_run(kinds: list[Any], direction: Any, **options: Any) -> dict[str, Measurement]:
    """Compare broken transports; a sound one before and one after them go on."""
    options = {"repeat": 3, "timeout": 30, **options}
    names = ["pipe", *kinds, "simple-queue"]
    rows = _compare(names, [NBYTES], directions=[direction], **options)
    for sound in (rows[0], rows[-1]):
        assert (sound.verified, sound.error, sound.repeats) == (True, None, options["repeat"])
    return {row.transport: row for row in rows[1:-1]}


@pytest.mark.parametrize("number", [0, 1], ids=DIRECTIONS)
def test_a_broken_transport_is_a_row_that_says_how(number: int, faulty: ModuleType) -> None:
    """Its measurement has the error; the other transports go on."""
    kinds = [kind for kind in vars(faulty).values() if isinstance(kind, type)]
    named = {kind.info.name: kind for kind in kinds if hasattr(kind, "info")}
    expected = {name: said[number] for name, said in FAULTS.items() if said[number]}
    rows = _in_one_run([named[name] for name in expected], DIRECTIONS[number])
    assert {
        name: row.error[: len(expected[name])] for name, row in rows.items() if row.error
    } == expected
    for row in rows.values():
        assert not row.verified
        assert row.seconds is row.gigabytes_per_second is row.sender_growth_bytes is None
        assert row.repeats == (1 if row.transport == "fails-later" else 0)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_transport_that_hangs_is_given_up(direction: str, faulty: ModuleType) -> None:
    """The deadline of a transfer ends it, wherever it hangs."""
    kinds = [faulty.SendHangs, faulty.ReceiveHangs]
    if direction == "to-child":
        kinds.append(faulty.CleaningUpHangs)
    for row in _in_one_run(kinds, direction, timeout=3).values():
        assert row.error == "timed out after 3 s"


def test_a_dead_child_is_noticed_under_spawn_too(faulty: ModuleType) -> None:
    """The error names the child's exit code under every start method."""
    rows = _in_one_run([faulty.ReceiverDies], "to-child", start_method="spawn", repeat=1)
    assert rows["receiver-dies"].error == DEAD


def test_a_transport_that_failed_gets_another_chance_in_the_next_group(faulty: ModuleType) -> None:
    """A failure at one size does not exclude the next size."""
    rows = list(_compare([faulty.FailsLater], [NBYTES, 2 * NBYTES], repeat=2))
    assert [row.error for row in rows] == ["OSError: the wire is worn"] * 4
    rows = list(_compare([faulty.FailsLater], [NBYTES, 2 * NBYTES], repeat=1))
    assert [row.error for row in rows] == [None] * 4


def test_the_time_is_that_of_the_transfer_alone(faulty: ModuleType) -> None:
    """Setting up, attaching and cleaning up take a second each, sending a small part of one."""
    (row,) = _compare([faulty.Slow], [NBYTES], directions=["to-child"], repeat=1)
    assert row.seconds is not None
    assert faulty.Slow.pause < row.seconds < 1


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_transport_cleans_up_after_every_transfer_and_at_the_end(
    direction: Any, faulty: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receiver first, then the sender, then both, and the parent last of all."""
    diary = tmp_path / "diary"
    monkeypatch.setenv("NDPIPE_DIARY", str(diary))
    (row,) = _compare([faulty.Diary], [NBYTES], directions=[direction], repeat=2)
    assert row.verified
    calls = diary.read_text().split()
    once = ["received", "sent"]
    assert calls == ["open", *["attach"] * 2, *once * 3, *["detach"] * 2, "close"]


def test_processor_time_is_counted_for_each_side(faulty: ModuleType) -> None:
    """The sender and the receiver compute for known times."""
    for row in _compare([faulty.Busy], [NBYTES], repeat=1):
        assert row.sender_cpu_seconds is not None
        assert row.receiver_cpu_seconds is not None
        assert row.sender_cpu_seconds >= faulty.Busy.work
        assert row.receiver_cpu_seconds >= 2 * faulty.Busy.work


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the peak is of the whole life")
@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_memory_is_counted_for_each_side(start_method: str, faulty: ModuleType) -> None:
    """The growth of each process is the number of copies that it holds."""
    nbytes = 40_000_000
    names = ["pipe", "ndpipe", "shared-memory", faulty.Hoarder]
    for row in _compare(names, [nbytes], start_method=start_method, repeat=1):
        assert row.sender_growth_bytes is not None
        assert row.receiver_growth_bytes is not None
        sender, receiver = row.sender_growth_bytes / nbytes, row.receiver_growth_bytes / nbytes
        # The sender pickles into a buffer that grows; the receiver reads into one and copies it.
        least, most = {
            "pipe": ((1, 1), (3.5, 3.5)),
            "ndpipe": ((0, 1), (0.2, 1.2)),
            "shared-memory": ((1, 1), (1.2, 1.2)),
            "hoarder": ((1, 5), (3.5, 7)),
        }[row.transport]
        assert least[0] - 0.05 <= sender <= most[0], row
        assert least[1] - 0.05 <= receiver <= most[1], row


def test_the_harness_measures_its_own_part() -> None:
    """The harness's own time and the reading are parts of the whole."""
    for row in _compare(["memcpy", "pipe", "shared-memory"], [NBYTES], repeat=3):
        assert row.overhead_seconds is not None
        assert row.read_seconds is not None
        assert row.seconds is not None
        assert 0 < row.overhead_seconds < row.seconds
        assert 0 < row.read_seconds < row.seconds
        assert row.gigabytes_per_second == pytest.approx(NBYTES / row.seconds / 1e9)
        assert (row.startup_seconds is None) == (row.transport == "memcpy")


def test_each_transport_transfers_once_in_each_round_in_any_order() -> None:
    """Opening goes in order; then each round is a permutation of the transports."""
    steps: list[Progress] = []
    names = ["memcpy", "pipe", "queue"]
    rows = _compare(names, [800], directions=["to-child"], repeat=8, on_progress=steps.append)
    turns = [tuple(s.transport for s in steps[i : i + 3]) for i in range(0, len(steps), 3)]
    assert turns[0] == tuple(names)
    assert {tuple(sorted(turn)) for turn in turns} == {tuple(sorted(names))}
    assert len(set(turns[1:])) > 1
    assert [step.done for step in steps] == list(range(27))
    assert {step.total for step in steps} == {27}
    assert [row.transport for row in rows] == names


def test_an_interrupt_delivers_what_was_measured() -> None:
    """Ctrl-C is a KeyboardInterrupt that holds the measurements so far."""

    def interrupt(step: Progress) -> None:
        if step.done == 2 * 4 + 5:  # in the second round of the second group
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as raised:
        compare(["pipe", "queue"], [800], repeat=3, on_progress=interrupt)
    assert isinstance(raised.value, InterruptedComparison)
    rows = raised.value.comparison.measurements
    assert [(row.transport, row.direction) for row in rows] == [
        (name, way) for way in DIRECTIONS for name in ("pipe", "queue")
    ]
    assert [row.repeats for row in rows][:2] == [3, 3]
    assert sorted(row.repeats for row in rows[2:]) == [1, 2]
    assert all(row.verified for row in rows)


def test_a_caller_who_raises_leaves_nothing_behind() -> None:
    """An exception in the caller's own function ends all processes; the fixtures look."""

    def fail(step: Progress) -> None:
        if step.done == 6:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        compare(["pipe", "manager", "mapped-file", "shared-memory"], [800], on_progress=fail)


@pytest.mark.parametrize("kind", ["ChildStops", "SessionStops", "IgnoresTermination"])
def test_a_stopped_process_leaves_no_shared_memory(
    kind: str, faulty: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The segment of a transport whose processes do not run is unlinked; the fixtures look."""
    monkeypatch.setattr(_session, "_GRACE", 1.0)  # it is waited for in vain
    (row,) = _compare([getattr(faulty, kind)], [NBYTES], directions=["to-child"], timeout=1)
    assert row.error == "timed out after 1 s"


def test_a_request_in_the_wrong_state_is_answered_at_once(tmp_path: Path) -> None:
    """A transfer before `open` is an error, long before the deadline."""
    runner = Runner(tmp_path, timeout=60)
    begin = time.monotonic()
    try:
        with pytest.raises(FailedError, match="cannot transfer: the transport is not open"):
            runner.transfer()
    finally:
        runner.stop(at_once=True)
    assert time.monotonic() - begin < 30


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((["telepathy"],), {}, "no transport 'telepathy'; there are memcpy, memcpy-new, "),
        ((["pipe"], [7]), {}, "a size must be at least 8 bytes"),
        ((["pipe"],), {"directions": ["up"]}, "a direction is to-child or from-child; got 'up'"),
        ((["pipe"],), {"repeat": 0}, "repeat must be at least 1; got 0"),
        ((["pipe"],), {"max_seconds": 0}, "max_seconds must be a positive number of seconds"),
        ((["pipe"],), {"timeout": 0}, "timeout must be a positive number of seconds; got 0"),
        ((["pipe"],), {"start_method": "knife"}, "cannot find context for 'knife'"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_starts(
    arguments: Any, options: Any, message: str
) -> None:
    """A ValueError names the argument."""
    with pytest.raises(ValueError, match=message):
        compare(*arguments, **options)


values = st.integers(1, 5000).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(0, 8 * n - 1), st.integers(0, 7))
)


@given(values)
def test_the_checksum_depends_on_every_bit(drawn: tuple[int, int, int]) -> None:
    """One flipped bit changes it."""
    n, byte, bit = drawn
    array = np.random.default_rng(n).random(n)
    other = array.copy()
    other.view(np.uint8)[byte] ^= np.uint8(1 << bit)
    assert checksum(array) == checksum(array.copy())
    assert checksum(array) != checksum(other)


def test_the_checksum_sees_moved_blocks() -> None:
    """Values in another order have another checksum."""
    array = np.random.default_rng(0).random(1 << 15)
    for block in (1, 8, 512, 1024, 4096, 8192):
        assert checksum(array) != checksum(np.roll(array, block)), block
