"""A signal handler that raises inside of calls, once, twice or three times, and nowhere else."""

import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.campaign.outcomes import check
from tests.connection.transfer_cases import TYPES

import ndpipe

__all__ = ["Handler", "Plan"]

_PACKAGE = str(Path(ndpipe.__file__).parent)


class Plan:
    """When a side is interrupted: the delays from one exception to the next, and their types."""

    def __init__(self, rng: random.Random, times: int, length: float) -> None:
        # A second one falls into what the first one has caused, or into what comes after that.
        self.delays = [rng.uniform(0, 1.2) * length + 1e-5]
        self.delays += [10 ** rng.uniform(-5.5, -3) for _ in range(times - 1)]
        self.types = [rng.choice(TYPES) for _ in range(times)]


class Handler:
    """What SIGALRM calls in this process, by a plan.

    Attributes
    ----------
    raised : list of BaseException
        What it has raised.
    outside : int
        How often that was not within the package: a call had not begun, or had returned.
    """

    def __init__(self, plan: Plan | None) -> None:
        self._delays, self._types = (list(plan.delays), list(plan.types)) if plan else ([], [])
        self._armed = False
        self.raised: list[BaseException] = []
        self.outside = 0
        self.times = len(self._types)
        signal.signal(signal.SIGALRM, self._called)

    @property
    def is_done(self) -> bool:
        """Whether it has raised all that it was to raise."""
        return len(self.raised) == self.times

    def start(self) -> None:
        """Begin to count the time."""
        self._next()

    def stop(self) -> None:
        """Raise nothing more."""
        self._delays.clear()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, lambda *_: None)  # one may be under way

    def call(self, call: Callable[[], Any]) -> Any:
        """Return what the call returns, or what it or the handler raised within it."""
        before = len(self.raised)
        try:
            # No handler is called between the end of the call and the assignment that follows.
            try:
                self._armed = True
                result = call()
            finally:
                self._armed = False
        except BaseException as error:
            return Raised(error, any(error is own for own in self.raised))
        check(len(self.raised) == before, f"lost: {self.raised[before:]}")
        return result

    def _next(self) -> None:
        if self._delays:
            signal.setitimer(signal.ITIMER_REAL, self._delays.pop(0))

    def _called(self, _: int, frame: Any) -> None:
        if not self._armed:  # in the campaign's own code: a little later, then
            self._delays.insert(0, 1e-4)
            self._next()
            return
        error = self._types[len(self.raised)]("the handler's own")
        self.raised.append(error)
        while frame is not None and not frame.f_code.co_filename.startswith(_PACKAGE):
            frame = frame.f_back
        self.outside += frame is None
        del frame
        self._next()
        raise error


class Raised:
    """What a call has raised, and whether the handler was it that did."""

    def __init__(self, error: BaseException, is_own: bool) -> None:
        self.error, self.is_own = error, is_own
