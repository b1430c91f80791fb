"""Interruptions: handlers raise in a transfer's sender, its receiver, or both.

The sender's log and the receiver's are compared at the end. What was sent arrives, in order and
exactly. An interrupted call leaves the connection closed, or as if it had not been made, or made
whole. A third exception may leave an end open, as the reference says: no more is asked of it then
than that nothing wrong arrives.
"""

import contextlib
import gc
import itertools
import random
from typing import Any, NamedTuple

import numpy as np
from tests.campaign import objects
from tests.campaign.children import Child
from tests.campaign.handlers import Handler, Plan, Raised
from tests.campaign.kills import Pace, error_of
from tests.campaign.outcomes import Outcome, Undocumented, Wrong, check, of_error
from tests.campaign.variants import Variant

__all__ = ["Interruptions"]

_COUNT = 5  # objects that take turns: more than can be lost in a row
_LARGEST = 2 << 20  # bytes: more than a socket holds
_MOST = 400  # messages that one who is not interrupted sends


class Log(NamedTuple):
    """What a side did.

    Attributes
    ----------
    steps : list
        Of a sender, what became of each send: "sent" or "interrupted". Of a receiver, the number
        of each message that came, and -1 where one may have been lost outside of the call.
    end : str
        How it ended.
    raised : list of str
        What the handler raised.
    outside : int
        How often it raised outside of the package.
    """

    steps: list[Any]
    end: str
    raised: list[str]
    outside: int


class Interruptions:
    """The stage on which the cases are run."""

    name = "interruption"

    def __init__(self, variant: Variant) -> None:
        self.variant, self.pace = variant, Pace(variant)
        gc.disable()  # what a handler raises in a callback of the collector is lost
        self._run = 0

    def close(self) -> None:
        """Leave nothing behind."""
        gc.enable()

    def run(self, rng: random.Random) -> Outcome:
        """Run one case."""
        self._run += 1
        if self._run % 200 == 0:
            gc.collect()
        batch = objects.many(rng, _COUNT, self.variant.pickles, _LARGEST)
        ours, theirs = self.variant.pipe(rng.choice([1, 1000, 1 << 16]))
        length = self.pace.seconds(batch)
        side = rng.choice(["sender", "receiver", "both"])
        chance = rng.random()
        times = 3 if chance < 0.02 else 2 if chance < 0.17 else 1
        plans = {
            who: Plan(rng, times, length) if side in (who, "both") else None
            for who in ("sender", "receiver")
        }
        receives = [rng.choice(["recv", "recv_into"]) for _ in batch]

        def send(end: Any) -> Log:
            return _send(end, batch, plans["sender"])

        def receive(end: Any) -> Log:
            return _receive(end, batch, receives, plans["receiver"])

        here, there = (send, receive) if rng.random() < 0.5 else (receive, send)
        with ours:
            child = Child(lambda: there(theirs), ours)
            theirs.close()
            one = here(ours)
        other = child.result()
        sent, received = (one, other) if here is send else (other, one)
        _judge(sent, received)
        raised = [len(log.raised) for log in (sent, received)]
        figures = {
            "interrupted": int(max(raised) > 0),
            "both sides": int(min(raised) > 0),
            "twice": int(max(raised) > 1),
            "thrice": int(max(raised) > 2),
            "exceptions": sum(raised),
            "outside of the package": sent.outside + received.outside,
        }
        return Outcome(f"sender: {sent.end}; receiver: {received.end}", figures=figures)


def _send(end: Any, batch: list[Any], plan: Plan | None) -> Log:
    steps: list[str] = []
    handler = Handler(plan)
    how, extra = "all sent", 2
    with end:
        handler.start()
        for obj in itertools.islice(itertools.cycle(batch), _MOST):
            result = handler.call(lambda obj=obj: end.send(obj))
            if isinstance(result, Raised):
                steps.append("interrupted")
                how = _after(end, result, handler, "send")
                if how:
                    break
                how = "all sent"
            else:
                steps.append("sent")
            extra -= plan is not None and handler.is_done
            if extra < 0:
                break
        handler.stop()
    return Log(steps, how, [type(error).__name__ for error in handler.raised], handler.outside)


def _receive(end: Any, batch: list[Any], receives: list[str], plan: Plan | None) -> Log:
    steps: list[int] = []
    handler = Handler(plan)
    how, extra = "enough", 2
    with end:
        handler.start()
        turn = 0
        while True:
            out = _place(batch[turn % _COUNT], receives[turn % _COUNT])
            before = handler.outside
            result = handler.call(end.recv if out is None else lambda out=out: end.recv_into(out))
            # After three exceptions within one receive, what it raises is not promised.
            refused = (
                isinstance(result, Raised)
                and isinstance(result.error, TypeError | ValueError)
                and len(handler.raised) < 3
            )
            if refused:  # it is another one, since the one that was expected has been lost
                check(not end.closed, "refused, and closed")
                result = handler.call(end.recv)
            if isinstance(result, Raised):
                how = _after(end, result, handler, "receive")
                if how:
                    break
                if handler.outside > before:
                    steps.append(-1)
            else:
                number = _which(result, batch, turn)
                check(not refused or number > turn, f"refused: message {number}")
                steps.append(number)
                turn = number + 1
            extra -= plan is not None and handler.is_done
            if extra < 0:
                how = "enough"
                break
        handler.stop()
    return Log(steps, how, [type(error).__name__ for error in handler.raised], handler.outside)


def _place(obj: Any, method: str) -> Any:
    """Return an array for the next object to be received into, or None."""
    if method != "recv_into" or not isinstance(obj, np.ndarray):
        return None
    return np.empty(obj.shape, obj.dtype, order="F" if obj.flags.fnc else "C")


def _which(received: Any, batch: list[Any], turn: int) -> int:
    """Return the number of the message, which is the next or, if some were lost, a later one."""
    for number in range(turn, turn + _COUNT):
        with contextlib.suppress(Wrong):
            objects.compare(received, batch[number % _COUNT])
            return number
    objects.compare(received, batch[turn % _COUNT])
    raise Wrong("it is one thing once, and another one then")


def _after(end: Any, raised: Raised, handler: Handler, what: str) -> str:
    """Check an end after a call on it has raised; return how it ends, if it does."""
    error = raised.error
    if len(handler.raised) > 2:
        return "three exceptions"
    if raised.is_own:
        if not end.closed:
            return ""
        said = ""
        for use in (end.recv, lambda: end.send(1), end.fileno, end.poll):
            try:
                use()
            except OSError as late:
                said = said or str(late)
                check(of_error(late) == "closed", f"closed, but {late!r}")
            else:
                raise Undocumented(f"closed, but {use} works")
        check(f"closed: a {what} stopped after" in said, said)
        return "interrupted inside a message"
    kind = of_error(error)
    if kind == "closed":  # by an exception that was lost on its way, or replaced by a later one
        check(handler.raised, f"closed by nobody: {error}")
        return "closed"
    if what == "receive":
        check(kind.startswith("end of file"), f"a receive raised {error!r}")
        again = error_of(end.recv)
        check(again == ("closed" if end.closed else "end of file"), f"{kind}, then {again}")
    return kind


def _judge(sent: Log, received: Log) -> None:
    """Compare what was sent with what was received."""
    expected, slack = 0, 0
    for number in received.steps:
        if number < 0:
            slack += 1
            continue
        if number >= len(sent.steps):
            raise Wrong(f"message {number}, of {len(sent.steps)} that were sent")
        slack -= sent.steps[expected:number].count("sent")
        if slack < 0:
            raise Wrong(f"lost: messages {expected} to {number}, {sent}, {received}")
        expected = number + 1
    if received.end.startswith("end of file") and sent.steps[expected:].count("sent") > slack:
        raise Wrong(f"lost: messages from {expected} on, {sent}, {received}")
    stopped = "interrupted inside a message", "three exceptions", "closed"
    if received.end == "end of file inside a message":
        check(sent.end in stopped, f"cut, but the sender's end is: {sent}")
    if received.end == "end of file" and len(sent.raised) == 1:
        check(sent.end != stopped[0], f"a message began, and nobody heard of it: {sent}")
    if sent.end in ("broken pipe", "connection reset"):
        check(received.end in (*stopped, "enough"), f"{sent.end}, but: {received}")
