"""The schedule measures until the intervals are narrow, and what makes no sense once more."""

import random
from pathlib import Path
from typing import Any

import pytest

from ndpipe.compare import Measurement
from ndpipe.compare import _schedule as schedule
from ndpipe.compare._entry import Entry, Record
from ndpipe.compare._sample import Sample
from ndpipe.transports import TRANSPORTS


def _sample(seconds: float) -> Sample:
    return Sample(seconds, 0, 0, 0, 0, 0, None, 0)


class Simulated(Record):
    """A record whose transfers take drawn times; nothing is started."""

    def __init__(self, name: str, nbytes: int, draw: Any) -> None:
        entry = Entry(TRANSPORTS[name], Path(), 1, ())
        entry.start = lambda: None  # type: ignore[method-assign]  # no process is wanted
        super().__init__(entry, Measurement(name, "to-child", nbytes, "fork"), None)
        self.draw = draw
        self.warmed_up: list[int] = []

    def open(self) -> None:
        """Nothing to open."""

    def warm_up(self) -> None:
        """Note in which pass."""
        self.warmed_up.append(len(self.passes))

    def close(self) -> None:
        """Nothing to close."""

    def transfer(self) -> None:
        """Draw a time."""
        self.passes[-1].append(sample := _sample(self.draw(len(self.passes))))
        self.spent += sample.seconds


def _measure(*groups: list[Record], precision: float = 0.3, max_seconds: float = 60) -> None:
    schedule.Schedule(groups, None, precision, max_seconds, None).measure()


def _count(record: Record) -> int:
    return sum(sample is not None for one in record.passes for sample in one)


def test_a_noisy_transport_gets_more_rounds_than_a_steady_one() -> None:
    """Each has at least the least number; the reference takes part as long as any other."""
    source = random.Random(0)
    pipe = Simulated("pipe", 800, lambda _: 1.0)
    steady = Simulated("ndpipe", 800, lambda _: 0.1)
    noisy = Simulated("queue", 800, lambda _: source.lognormvariate(0, 0.5))
    _measure([pipe, steady, noisy])
    assert _count(steady) < _count(noisy) <= _count(pipe)
    assert _count(steady) >= schedule._PASSES * schedule._LEAST
    assert {len(one) for one in zip(pipe.passes, strict=True)} == {1}
    assert [len(one) for one in pipe.passes] == [len(one) for one in noisy.passes]


def test_time_that_is_up_ends_the_rounds() -> None:
    """A least number of rounds remains."""
    source = random.Random(0)
    records = [Simulated(n, 800, lambda _: source.lognormvariate(0, 1)) for n in ("pipe", "array")]
    _measure(records, max_seconds=1e-9)  # type: ignore[arg-type]  # a list of Simulated
    for record in records:
        assert {sum(map(bool, one)) for one in record.passes} == {schedule._LEAST}


def test_a_transport_that_is_fast_has_all_its_rounds() -> None:
    """Whose transfers take no time, though the time is up; the reference takes part in them."""
    source = random.Random(0)
    pipe = Simulated("pipe", 800, lambda _: 1.0)
    fast = Simulated("array", 800, lambda _: source.lognormvariate(-9, 1))
    slow = Simulated("queue", 800, lambda _: source.lognormvariate(0, 1))
    _measure([pipe, fast, slow], max_seconds=1e-9)
    assert {sum(map(bool, one)) for one in fast.passes[:3]} == {schedule._MOST}
    assert {len(one) for one in pipe.passes[:3]} == {schedule._MOST}
    assert {sum(map(bool, one)) for one in slow.passes} == {schedule._LEAST}


def test_passes_that_disagree_are_measured_again() -> None:
    """And only they, with the reference."""
    pipe = Simulated("pipe", 800, lambda _: 1.0)
    moody = Simulated("queue", 800, lambda number: 0.2 if number == 1 else 1.0)
    steady = Simulated("ndpipe", 800, lambda _: 0.1)
    _measure([pipe, moody, steady])
    assert [len(record.passes) for record in (pipe, moody, steady)] == [5, 5, 3]
    assert pipe.warmed_up == [1]  # what the system provided then, it has


def test_a_time_that_falls_as_the_size_grows_is_measured_again() -> None:
    """Both sizes are suspects."""
    slow, fast = (Simulated("queue", n, lambda _, t=t: t) for n, t in ((800, 1.0), (8000, 0.5)))
    pipes = [Simulated("pipe", n, lambda _, n=n: n / 800) for n in (800, 8000)]
    _measure([pipes[0], slow], [pipes[1], fast])
    assert [len(record.passes) for record in (slow, fast, *pipes)] == [5, 5, 5, 5]


@pytest.mark.parametrize("seconds", [(1.0, 1.0), (1.0, 3.0)])
def test_sound_figures_are_measured_once(seconds: tuple[float, float]) -> None:
    """Times that grow, or do not, with agreeing passes, are believed."""
    groups = [
        [Simulated("pipe", nbytes, lambda _, t=t: t)]
        for nbytes, t in zip((800, 8000), seconds, strict=True)
    ]
    _measure(*groups)
    assert [len(record.passes) for (record,) in groups] == [3, 3]


def test_progress_does_not_go_beyond_its_total() -> None:
    """Not in the passes that doubtful figures have beside the others either."""
    seen: list[tuple[int, int]] = []
    pipe = Simulated("pipe", 800, lambda _: 1.0)
    moody = Simulated("queue", 800, lambda number: 0.2 if number == 1 else 1.0)
    measuring = schedule.Schedule([[pipe, moody]], None, 0.3, 60, None)
    measuring.on_progress = lambda progress: seen.append((progress.done, progress.total))
    measuring.measure()
    assert len(pipe.passes) > schedule._PASSES
    assert all(done < total for done, total in seen)
