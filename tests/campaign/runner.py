"""Run the cases of a campaign in worker processes, each of which must answer in time."""

import contextlib
import math
import multiprocessing
import os
import signal
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from multiprocessing.connection import wait

from tests.campaign.cases import Case
from tests.campaign.outcomes import Outcome
from tests.campaign.variants import Variant
from tests.campaign.worker import Campaign, serve

__all__ = ["Result", "run"]

_AHEAD = 16  # cases that a worker has been given and not answered: a round trip each costs more


@dataclass
class Result:
    """What became of the cases of one campaign."""

    outcomes: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    figures: Counter[str] = field(default_factory=Counter)
    samples: list[dict[str, float]] = field(default_factory=list)
    failures: list[tuple[Case, Outcome]] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, case: Case, outcome: Outcome) -> None:
        """Count one."""
        self.outcomes[outcome.kind] += 1
        self.verdicts[outcome.verdict] += 1
        self.figures.update(outcome.figures)
        if outcome.sample:
            self.samples.append(outcome.sample)
        if outcome.verdict != "right":
            self.failures.append((case, outcome))


class _Worker:
    """A worker process, the cases it has been given, and when it answered last."""

    def __init__(self, campaign: type[Campaign], variant: Variant) -> None:
        self.orders, theirs = multiprocessing.Pipe()
        self.dump = tempfile.TemporaryFile("w+")  # noqa: SIM115
        # Forked, so that it is small: it forks for each case in turn.
        context = multiprocessing.get_context("fork")
        self.process = context.Process(target=serve, args=(campaign, variant, theirs, self.dump))
        self.process.start()
        theirs.close()
        self.given: list[Case] = []
        self.heard = time.monotonic()

    def give(self, case: Case) -> None:
        if not self.given:
            self.heard = time.monotonic()
        self.given.append(case)
        self.orders.send(case)

    def hear(self, result: Result) -> Outcome | None:
        """Count what it has answered; return the outcome of the next case if it has ended."""
        try:
            while self.given and self.orders.poll():
                case, outcome = self.orders.recv()
                result.add(case, outcome)
                self.given.remove(case)
                self.heard = time.monotonic()
        except (EOFError, OSError):
            self.process.join(10)
            return Outcome("the worker ended", "undocumented", f"exit code {self.process.exitcode}")
        return None

    def is_late(self, deadline: float) -> Outcome | None:
        """Return the outcome of the next case if it takes too long."""
        if not self.given or time.monotonic() < self.heard + deadline:
            return None
        return Outcome(f"no end within {deadline:g} s", "hang", self.stacks())

    def stacks(self) -> str:
        """Return where it and its children are."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid or 0, signal.SIGQUIT)
        time.sleep(0.3)
        self.dump.seek(0)
        return self.dump.read()

    def end(self) -> None:
        """End it and its children, by force where it does not end by itself."""
        with contextlib.suppress(OSError):
            self.orders.send(None)
        self.process.join(0.0 if self.given else 10.0)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid or 0, signal.SIGKILL)
        self.process.kill()  # which may have no group yet
        self.process.join()
        self.process.close()
        self.orders.close()
        self.dump.close()


def run(
    campaign: type[Campaign],
    variant: Variant,
    cases: Iterable[Case],
    *,
    deadline: float = 30.0,
    workers: int = 2,
    most: int = 20,
    seconds: float = math.inf,
    tell: Callable[[Result], None] = lambda _: None,
) -> Result:
    """Run the cases, and return what became of them.

    Parameters
    ----------
    campaign : type
        What runs a case.
    variant : Variant
        How it makes its pipes.
    cases : iterable of Case
        What is to be run.
    deadline : float
        Seconds after which a case hangs.
    workers : int
        Processes that run cases.
    most : int
        Failures after which it is given up.
    seconds : float
        Time after which no further case is begun.
    tell : callable
        Called with the result so far, ten times a second.
    """
    result, began = Result(), time.monotonic()
    todo = deque(cases)
    team = [_Worker(campaign, variant) for _ in range(workers)]
    try:
        while len(result.failures) < most:
            for worker in team:
                while todo and len(worker.given) < _AHEAD and result.seconds < seconds:
                    worker.give(todo.popleft())
            busy = [worker for worker in team if worker.given]
            if not busy:
                break
            wait([worker.orders for worker in busy], 0.1)
            for worker in busy:
                failure = worker.hear(result) or worker.is_late(deadline)
                if failure is not None:
                    result.add(worker.given[0], failure)
                    todo.extendleft(reversed(worker.given[1:]))
                    worker.end()
                    team[team.index(worker)] = _Worker(campaign, variant)
            result.seconds = time.monotonic() - began
            tell(result)
    finally:
        for worker in team:
            worker.end()
    return result
