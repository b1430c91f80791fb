"""The order of a comparison: passes, groups and rounds, and when a group is done.

A group is one size in one direction. In each round every transport of a group transfers once, in
random order, so that a machine that becomes slower does so for all. A pass goes through all groups
with fresh processes. The rounds of a transport end when the interval of its ratio to the standard
Pipe is narrow enough, or when the time is up, which those that are fast do not need. Anomalies are
measured in more passes.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ndpipe.compare._entry import Record, admit
from ndpipe.compare._interval import median_interval
from ndpipe.compare.ranking import REFERENCE
from ndpipe.transports import Direction

__all__ = ["Group", "Progress", "Schedule", "doubtful"]

# The memory of each process has another place, which no number of rounds averages out: several
# passes say more than one pass of as many rounds.
_PASSES, _MORE_PASSES = 3, 2
_LEAST, _MOST = 2, 10  # rounds in a pass, where their number adapts
_NO_TIME = 0.1  # seconds that a record may spend in a pass in any case
# Factors that make no sense: between two passes' medians, and of a time that falls as size grows.
_DISAGREEMENT, _FALL = 2.0, 1.5
_FIXED_COST = 20_000_000  # of a transfer of no bytes, in bytes that take as long

Group = list[Record]


@dataclass(frozen=True)
class Progress:
    """The state of a comparison before its next step.

    Attributes
    ----------
    transport : str
    direction : {"to-child", "from-child"}
    nbytes : int
        Size of the array in bytes.
    done, total : int
        Steps of the whole comparison; opening a transport and each transfer is a step. Steps that
        turn out not to be needed count as done.
    """

    transport: str
    direction: Direction
    nbytes: int
    done: int
    total: int


class Schedule:
    """Measures groups of records.

    Parameters
    ----------
    groups : sequence of Group
    repeat : int or None
        Number of rounds; None lets it adapt.
    precision : float
        Half of the width, relative to the value, at which an interval is narrow enough.
    max_seconds : float
        Time for all passes; each pass has at least two rounds.
    on_progress : callable or None
        Called before each step.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        repeat: int | None,
        precision: float,
        max_seconds: float,
        on_progress: Callable[[Progress], object] | None,
    ) -> None:
        self.groups = [group for group in groups if group]
        self.repeat, self.precision = repeat, precision
        self.on_progress = on_progress
        self.passes = 1 if repeat else _PASSES
        self.rounds = repeat or _MOST
        self.end = time.monotonic() + max_seconds
        self.work_left = self.passes * sum(map(_work, groups))
        self.done = 0
        self.total = self.passes * sum(map(len, groups)) * (1 + self.rounds)

    def measure(self) -> None:
        """Measure all groups, then anomalies again."""
        for _ in range(self.passes):
            for group in self.groups:
                self._measure(group)
            if not self.repeat:
                self._stop_runners()
        if not self.repeat:
            again = doubtful(self.groups)
            self.total += _MORE_PASSES * sum(map(len, again)) * (1 + self.rounds)
            for _ in range(_MORE_PASSES):
                self.work_left = sum(map(_work, again))
                for group in again:
                    self._measure(group)
                self._stop_runners()

    def _stop_runners(self) -> None:
        runners = {id(record.entry): record.entry for group in self.groups for record in group}
        for entry in runners.values():
            if entry.runner:
                entry.runner.dismiss()  # all at once, before the first is waited for
        for entry in runners.values():
            entry.stop()

    def _measure(self, group: Group) -> None:
        """Add a pass to each record of a group."""
        planned = self.done + len(group) * (1 + self.rounds)
        begin, work = time.monotonic(), _work(group)
        deadline = begin + max(0.0, self.end - begin) * work / max(self.work_left, work)
        self.work_left -= work
        admit(group)
        for record in group:
            record.begin_pass()
            if record.error is None:
                record.entry.start()
        for record in group:
            self._report(record)
            record.open()
        if not self.repeat and len(group[0].passes) == 1:
            # The first transfers use memory that the system, or the host of a virtual machine, has
            # not provided before; they can take ten times as long as the next ones.
            for record in group:
                record.warm_up()
        for number in range(self.rounds):
            unfinished = self._unfinished(group, number, is_late=time.monotonic() > deadline)
            if not unfinished:
                break
            # A round has a place in each record, so that its transfers can be paired.
            for record in random.sample(group, len(group)):
                if record in unfinished:
                    self._report(record)
                    record.transfer()
                else:
                    record.passes[-1].append(None)
        for record in group:
            record.close()
        self.done = planned

    def _unfinished(self, group: Group, number: int, *, is_late: bool) -> Group:
        """Return the records that need another round, with the reference if there are any."""
        sound = [record for record in group if record.error is None]
        if self.repeat:
            return sound
        reference = _reference(group)
        found = [
            record
            for record in sound
            if number < _LEAST
            or not ((is_late and record.spent > _NO_TIME) or self._is_narrow(record, reference))
        ]
        if found and reference is not None and reference not in found:
            found.append(reference)
        return found

    def _is_narrow(self, record: Record, reference: Record | None) -> bool:
        interval = median_interval(_figures(record, reference))
        return interval.spread <= self.precision

    def _report(self, record: Record) -> None:
        if self.on_progress:
            m = record.blank
            self.on_progress(Progress(m.transport, m.direction, m.nbytes, self.done, self.total))
        self.done += 1


def doubtful(groups: Sequence[Group]) -> list[Group]:
    """Return the records whose figures do not make sense, in groups with their reference.

    The figures do not make sense if the passes disagree on the ratio to the reference by a factor
    of two, or if a time falls as the size grows, to two thirds or less.
    """
    found: list[Group] = []
    by_size = sorted(groups, key=lambda group: group[0].blank.nbytes)
    previous: dict[tuple[str, str], Record] = {}
    suspects: set[int] = set()
    for group in by_size:
        reference = _reference(group)
        for record in group:
            if record.error is not None or not record.measured:
                continue
            medians = [statistics.median(one) for one in _figures(record, reference) if one]
            if max(medians, default=0) > _DISAGREEMENT * min(medians, default=0):
                suspects.add(id(record))
            key = record.blank.transport, record.blank.direction
            smaller = previous.get(key)
            if smaller is not None and _FALL * _median(record) <= _median(smaller):
                suspects |= {id(record), id(smaller)}
            previous[key] = record
    for group in groups:
        again = [record for record in group if id(record) in suspects]
        reference = _reference(group)
        if again and reference is not None and reference not in again:
            again.append(reference)
        if again:
            found.append(again)
    return found


def _figures(record: Record, reference: Record | None) -> list[list[float]]:
    """Return the ratios of a record to the reference in each pass, or its times without one."""
    if reference is None or record is reference:
        return [[sample.seconds for sample in one if sample] for one in record.passes]
    return [
        [
            theirs.seconds / ours.seconds
            for ours, theirs in zip(*both, strict=False)
            if ours and theirs
        ]
        for both in zip(record.passes, reference.passes, strict=False)
    ]


def _reference(group: Group) -> Record | None:
    found = (record for record in group if record.blank.transport == REFERENCE)
    return next((record for record in found if record.error is None), None)


def _median(record: Record) -> float:
    return statistics.median(time for one in _figures(record, None) for time in one)


def _work(group: Group) -> float:
    return sum(_FIXED_COST + record.blank.nbytes for record in group)
