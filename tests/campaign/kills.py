"""Kills: one side of a transfer is killed at a random moment of it.

The receiver has exact objects, a prefix of what was sent, and then end of file or an error with
the counts. The sender has a broken pipe. Nobody waits.
"""

import itertools
import random
import signal
import time
from typing import Any

import numpy as np
from tests.campaign import objects
from tests.campaign.children import Child, Killer
from tests.campaign.outcomes import Outcome, check, of_error
from tests.campaign.variants import Variant

__all__ = ["Kills", "Pace"]


class Pace:
    """How long a transfer takes here, measured with the variant's own pipe."""

    def __init__(self, variant: Variant) -> None:
        self.message = min(self._measure(variant, [1] * 20)) / 20
        self.byte = min(self._measure(variant, [np.zeros(objects.LARGEST)])) / objects.LARGEST / 8

    def _measure(self, variant: Variant, batch: list[Any]) -> list[float]:
        times = []
        for _ in range(5):
            ours, theirs = variant.pipe()

            def receive(end: Any = theirs) -> None:
                for _ in batch:
                    end.recv()

            child = Child(receive, ours)
            theirs.close()
            began = time.perf_counter()
            with ours:
                for obj in batch:
                    ours.send(obj)
                child.result()
            times.append(time.perf_counter() - began)
        return times

    def seconds(self, batch: list[Any]) -> float:
        """Return about how long it takes to send these objects and to compare them."""
        return len(batch) * self.message + 3 * self.byte * sum(map(objects.size, batch))


class Kills:
    """The stage on which the cases are run."""

    name = "kill"

    def __init__(self, variant: Variant) -> None:
        self.variant, self.pace, self.killer = variant, Pace(variant), Killer()

    def close(self) -> None:
        """Leave nothing behind."""
        self.killer.stop()

    def run(self, rng: random.Random) -> Outcome:
        """Run one case."""
        batch = objects.many(rng, rng.randint(1, 5), self.variant.pickles)
        ours, theirs = self.variant.pipe(rng.choice([1, 1000, 1 << 16]))
        delay = rng.uniform(0, 1.5) * self.pace.seconds(batch)
        # One that sends a while and then holds its end, or sends till the end.
        rounds = batch * rng.randint(1, 3) if rng.random() < 0.3 else itertools.cycle(batch)
        receives = [rng.choice(["recv", "recv_into"]) for _ in batch]
        kills_sender = rng.random() < 0.5
        leaves_unread = kills_sender and rng.random() < 0.3

        def victim() -> None:
            self.killer.kill_me(delay)
            if kills_sender:
                for obj in rounds:
                    theirs.send(obj)
                signal.pause()  # the kill is on its way
            receive(theirs, batch, receives)

        with ours:
            if leaves_unread:
                ours.send("unread")
            child = Child(victim, ours)
            theirs.close()
            kind = self._receive(ours, batch, receives) if kills_sender else self._send(ours, batch)
            self.killer.wait()
            child.result()
            check(child.killed, f"the victim ended by itself: {child.status}")
        return Outcome(kind)

    def _receive(self, end: Any, batch: list[Any], receives: list[str]) -> str:
        try:
            receive(end, batch, receives)
        except (EOFError, OSError) as error:
            kind = of_error(error)
        check(kind in ("end of file", "end of file inside a message"), kind)
        check(end.closed == (kind != "end of file"), f"closed: {end.closed}, after {kind}")
        again = error_of(end.recv)
        check(again == ("closed" if end.closed else "end of file"), f"then {again}")
        again = error_of(end.send, 1)
        check(again == ("closed" if end.closed else "broken pipe"), f"a send then: {again}")
        return f"the sender, then {kind}"

    def _send(self, end: Any, batch: list[Any]) -> str:
        try:
            for obj in itertools.cycle(batch):
                end.send(obj)
        except OSError as error:
            kind = of_error(error)
        check(kind in ("broken pipe", "connection reset"), kind)
        inside = end.closed
        again = error_of(end.send, 1)
        check(again == ("closed" if inside else "broken pipe"), f"then {again}")
        again = error_of(end.recv)
        check(again == ("closed" if inside else "end of file"), f"a receive then: {again}")
        return f"the receiver, then {kind} {'inside' if inside else 'before'} a message"


def receive(end: Any, batch: list[Any], receives: list[str]) -> None:
    """Receive these objects again and again, by these methods, until that raises."""
    for obj, how in itertools.cycle(zip(batch, receives, strict=True)):
        if how == "recv_into" and isinstance(obj, np.ndarray):
            order = "F" if obj.flags.f_contiguous and not obj.flags.c_contiguous else "C"
            received = end.recv_into(np.empty(obj.shape, obj.dtype, order=order))
        else:
            received = end.recv()
        objects.compare(received, obj)


def error_of(use: Any, *args: Any) -> str:
    """Return the name of the error that a use of an end raises."""
    try:
        use(*args)
    except (EOFError, OSError) as error:
        return of_error(error)
    return "no error"
