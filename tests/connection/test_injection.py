"""An exception before any instruction of a transfer, and a second one: never a wrong message."""

import contextlib
import itertools
import os
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from deadlines import Elsewhere, Hung, here, unread_of_both
from injection import Injection
from pipes_under_test import MAKES
from transfer_cases import CASES, OUTCOMES, REFUSALS, TYPES, Case, Interrupted, same

# Instructions from one injection to the next, in the run that is not thorough.
STRIDE = {"descriptors": 1, "messages": 5, "spliced": 3}
MOST = 400  # so many injections of a first exception, about, in a long transfer

Call = Callable[..., Any]  # makes a call, in this thread or another


def says_why(end: Any, call: Call) -> None:
    """Check that a closed end refuses every use, and says why it was closed."""
    for use in (lambda: end.send(1), end.recv, end.poll, end.fileno):
        with pytest.raises(OSError, match="closed: "):
            call(use)


def take(call: Call, end: Any, receive: Callable[[Any], Any]) -> Any:
    """Receive what must be there by now."""
    if not call(end.poll, 1, seconds=2):
        raise Hung("no message comes, and no end")
    return call(receive, end)


def after_receive(case: Case, ends: tuple[Any, Any], error: Any, result: Any, call: Call) -> None:
    """Check both ends after a receive: the message was returned, or is there, or closed."""
    a, b = ends
    assert b._stream.incoming is None, "left as if it still received"
    if b.closed:
        assert error is not None, "closed without an error"
        says_why(b, call)
        if not call(a.poll, 1, seconds=2):
            raise Hung("the peer does not hear of it")
        with pytest.raises((EOFError, OSError)):
            call(a.recv)
        with pytest.raises(OSError, match=r"(?i)pipe|reset|closed"):
            call(a.send, "into the void")
        return
    if error is not None:
        try:
            result = take(call, b, case.again)
        except OSError as late:
            raise AssertionError("closed only when it was used again") from late
    assert same(result, case.expected), f"another message: {result!r:.60}"
    assert take(call, b, lambda end: end.recv()) == "next"


def after_send(
    case: Case, ends: tuple[Any, Any], error: Any, written: int, whole: int, call: Call
) -> None:
    """Check both ends after a send: all was written, or nothing, or closed."""
    a, b = ends
    assert a._stream.outgoing is None, "left as if it still sent"
    if a.closed:
        assert error is not None, "closed without an error"
        says_why(a, call)
        with contextlib.suppress(EOFError, OSError):
            assert same(take(call, b, case.again), case.expected), "a wrong message"
            assert written == whole, "a message that was not written whole"
            take(call, b, case.again)
            raise AssertionError("a message that nobody sent")
        return
    assert written in (0, whole), f"open, with {written} of {whole} bytes written"
    call(a.send, "next")
    if written:
        assert same(take(call, b, case.again), case.expected), "a wrong message"
    assert take(call, b, lambda end: end.recv()) == "next"


def whole_message(case: Case, make: str) -> int:
    """Return how many bytes the message has."""
    a, b = case.pipe(MAKES[make])
    with a, b:
        case.send(a)
        return unread_of_both(b.fileno())


def attempt(injection: Injection, other: Elsewhere, case: Case, make: str, sending: bool) -> None:
    """Make the transfer on a new pipe with these exceptions, and check both ends."""
    whole = whole_message(case, make)
    a, b = case.pipe(MAKES[make])
    with a, b, contextlib.ExitStack() as copies:
        reader = os.dup(b.fileno())  # as a process that inherited the end has it
        copies.callback(os.close, reader)
        if not sending:
            case.send(a)
            a.send("next")
        before, error, result = unread_of_both(reader), None, None
        try:
            result = injection.run(*((case.send, a) if sending else (case.receive, b)))
        except OUTCOMES as caught:
            error = caught
        there = unread_of_both(reader)
        if make == "messages":  # which cannot shut down what others hold
            copies.close()
        elif len(injection.fired) == 1:
            assert not (a.closed and there in (0, whole)), f"closed, {there} of {whole} written"
            assert not (b.closed and there == before), "closed, though nothing was taken"
        # Between two instructions where no handler is called, no exception can end a `with`
        # of a lock half way: only there may another thread find it taken.
        call = other if all(place.reachable for place in injection.fired) else here
        if sending:
            after_send(case, (a, b), error, there, whole, call)
        else:
            after_receive(case, (a, b), error, result, call)


class Workers(NamedTuple):
    """A thread that makes the transfers, and one that uses the ends afterwards."""

    one: Elsewhere
    two: Elsewhere


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """Make calls in other threads, with a deadline."""
    workers = Workers(Elsewhere(), Elsewhere())
    yield workers
    for worker in workers:
        worker.stop()


class Failures:
    """Record what went wrong at which points."""

    def __init__(self, workers: Workers) -> None:
        self.found: list[str] = []
        self.hangs = self.points = self.reachable = 0
        self.workers = workers

    def attempt(self, points: dict[int, Any], *args: Any) -> Injection:
        """Attempt it; return how far it came."""
        self.points += 1
        injection = Injection(points)
        try:
            self.workers.one(attempt, injection, self.workers.two, *args, seconds=5)
        except (Exception, KeyboardInterrupt) as error:
            self.hangs += isinstance(error, Hung)
            what = " then ".join(
                f"{type(raised).__name__} at {at}{'' if at.reachable else ' (unreachable)'}"
                for raised, at in zip(points.values(), injection.fired, strict=False)
            )
            self.found.append(f"{what or 'nothing raised'}: {type(error).__name__}: {error}")
        self.reachable += all(place.reachable for place in injection.fired)
        return injection

    def check(self, at_least: int) -> None:
        """Fail if there are any, or if there were too few points to find them at."""
        summary = f"{self.points} injections, {self.reachable} where a handler could raise"
        print(f"{summary}: {len(self.found)} failures")
        if self.found:
            pytest.fail("\n".join([f"{len(self.found)} of {summary}", *self.found[:20]]))
        assert self.points >= at_least


def inject(
    case: Case, make: str, sending: bool, workers: Workers, *, thorough: bool = False
) -> None:
    """Raise one exception at each point in turn, then a second one at some points after it."""
    rng, cycle = random.Random(0), itertools.cycle(TYPES)
    failures = Failures(workers)
    args = case, make, sending
    failures.attempt({}, *args)  # what it remembers makes the next ones shorter
    plain = failures.attempt({}, *args)
    assert plain.last is not None
    name, instruction = plain.last.function.rpartition(".")[2], plain.last.instruction
    # The return of a public method is left out: the caller has the result there already, and an
    # exception is one in the caller's code.
    exempt = not name.startswith("_") and instruction.startswith("RETURN")
    stride = 1 if thorough else max(STRIDE[make], plain.visited // MOST)
    firsts = range(0, plain.visited - exempt, stride)
    for p in firsts:
        for cls in TYPES if thorough else [next(cycle)]:
            visited = failures.attempt({p: cls()}, *args).visited
        later = range(p + 1, visited)
        for q in later if thorough else rng.sample(later, min(1, len(later))):
            failures.attempt({p: Interrupted(), q: next(cycle)()}, *args)
        if failures.hangs > 2:
            break
    failures.check(len(firsts))
    assert plain.visited > 80, "too few instructions to be those of a transfer"


def transfers(cases: dict[str, Case]) -> list[Any]:
    """Return each case with each make of pipe in which it goes a way of its own."""
    arrays = {"array", "nested", "into", "array as bytes"}
    pairs = [(case, make) for case in cases for make in MAKES]
    return [pair for pair in pairs if pair[1] != "spliced" or pair[0] in arrays]


@pytest.mark.parametrize(("case", "make"), transfers(CASES))
def test_exceptions_in_a_send(case: str, make: str, workers: Workers) -> None:
    """The peer gets the exact object or an error; this side is closed and says why, or goes on."""
    inject(CASES[case], make, True, workers)


@pytest.mark.parametrize(("case", "make"), transfers(CASES))
def test_exceptions_in_a_receive(case: str, make: str, workers: Workers) -> None:
    """The message is returned, or still there, or the connection is closed: never lost."""
    inject(CASES[case], make, False, workers)


@pytest.mark.parametrize(("case", "make"), transfers(REFUSALS))
def test_exceptions_in_a_refusal(case: str, make: str, workers: Workers) -> None:
    """A message that is being put back is there afterwards, or the connection is closed."""
    inject(REFUSALS[case], make, False, workers)


THOROUGH = {
    **{f"send {name}": (case, True) for name, case in CASES.items()},
    **{f"receive {name}": (case, False) for name, case in CASES.items()},
    **{f"refuse {name}": (case, False) for name, case in REFUSALS.items()},
}


@pytest.mark.thorough
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("case", THOROUGH)
def test_exceptions_everywhere(case: str, make: str, workers: Workers) -> None:
    """Every type at every instruction, and a second exception at every one after it."""
    transfer, sending = THOROUGH[case]
    inject(transfer, make, sending, workers, thorough=True)
