"""Mixtures: threads send and receive at both ends, signals come, processes are forked.

A mixture ends in order; or one side is killed; or a handler raises in a send. Whatever each thread
sent arrives once, exactly and in its order, up to the end.
"""

import contextlib
import os
import random
import signal
import socket
import threading
import time
from collections import defaultdict
from typing import Any, NamedTuple

from tests.campaign import objects
from tests.campaign.children import Child, Killer
from tests.campaign.handlers import Handler, Plan, Raised
from tests.campaign.outcomes import Outcome, Wrong, check, of_error
from tests.campaign.variants import Variant

__all__ = ["Mixtures"]

_MAIN = 99  # the number of the main thread, among those that send


class Party(NamedTuple):
    """What one side does."""

    side: int
    senders: int
    receivers: int
    messages: int  # a sender
    largest: int  # bytes
    forks: int
    seed: int
    plan: Plan | None  # of exceptions, while the main thread sends


class Report(NamedTuple):
    """What became of it."""

    received: list[tuple[int, int]]  # the sender and the number of each message
    ends: list[str]  # of each thread, where it did not end in order
    signals: int
    raised: int
    steps: list[str]  # of the main thread's sends


class Mixtures:
    """The stage on which the cases are run."""

    name = "mixture"

    def __init__(self, variant: Variant) -> None:
        self.variant, self.killer = variant, Killer()

    def close(self) -> None:
        """Leave nothing behind."""
        self.killer.stop()

    def run(self, rng: random.Random) -> Outcome:
        """Run one case."""
        how = rng.choice(["in order", "in order", "killed", "interrupted"])
        senders = [rng.randint(1, 3) for _ in range(2)]
        messages, largest = rng.randint(5, 30), 1 << rng.randint(4, 21)
        plan = Plan(rng, 1, 0.01) if how == "interrupted" else None
        delay = rng.uniform(0, 0.06)
        one, other = (
            Party(side, senders[side], rng.randint(1, 2), messages, largest, rng.randint(0, 4),
                  rng.getrandbits(30), plan if side == 0 else None)
            for side in range(2)
        )  # fmt: skip
        ours, theirs = self.variant.pipe(rng.choice([1, 1000, 1 << 16]))

        def elsewhere() -> Report:
            if how == "killed":
                self.killer.kill_me(delay)
            report = take_part(theirs, other, one)
            if how == "killed":
                signal.pause()
            return report

        with ours:
            child = Child(elsewhere, ours)
            theirs.close()
            here = take_part(ours, one, other)
        if how == "killed":
            self.killer.wait()
        there = child.result()
        if how == "killed":
            check(child.killed, f"the victim ended by itself: {child.status}")
        is_whole = not here.ends and there is not None and not there.ends
        check(is_whole or how != "in order", f"{here.ends}, {there}")
        _judge(here, other, there, is_whole)
        if there is not None:
            _judge(there, one, here, is_whole)
        kinds = sorted(set(here.ends + (there.ends if there else [])))
        reports = [report for report in (here, there) if report is not None]
        figures = {
            "messages": sum(len(report.received) for report in reports),
            "signals": sum(report.signals for report in reports),
            "forks": one.forks + other.forks,
            "exceptions": here.raised,
        }
        return Outcome(f"{how}: {', '.join(kinds) or 'all arrived'}", figures=figures)


def take_part(end: Any, party: Party, peer: Party) -> Report:
    """Do what a party does, at this end, in this process, until nothing more can come."""
    received: list[tuple[int, int]] = []
    ends: list[str] = []
    faults: list[BaseException] = []

    def guarded(call: Any, *args: Any) -> None:
        try:
            try:
                call(*args)
            except (EOFError, OSError) as error:
                ends.append(of_error(error))
        except BaseException as error:
            faults.append(error)
            _cut(end)

    calls: list[Any] = [(_send, end, party, number) for number in range(party.senders)]
    calls += [(_receive, end, peer, received)] * party.receivers
    threads = [threading.Thread(target=guarded, args=call, daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    handler, steps, signals = None, [], [0]
    rng = random.Random(party.seed)
    pauses = [rng.uniform(0, 0.02) for _ in range(party.forks)]
    forked = [_fork(end, pause) for pause in pauses[::2]]
    if party.plan:
        handler = Handler(party.plan)
        guarded(_send_interrupted, end, party, handler, steps)
        handler.stop()
    else:
        _count_signals(signals)
        guarded(_send, end, party, _MAIN)
    forked += [_fork(end, pause) for pause in pauses[1::2]]
    for thread in threads[: party.senders]:
        thread.join()
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, lambda *_: None)
    for _ in range(peer.receivers):
        guarded(end.send, None)
    for thread in threads[party.senders :]:
        thread.join()
    for pid in forked:
        _, status = os.waitpid(pid, 0)
        check(status == 0, f"a fork ended with {status}")
    if faults:
        raise faults[0]
    raised = len(handler.raised) if handler else 0
    return Report(received, ends, signals[0], raised, steps)


def _cut(end: Any) -> None:
    """End both directions, so that no other thread waits for one that has failed."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(end.fileno())) as copy:
        copy.shutdown(socket.SHUT_RDWR)


def _stamped(party: Party, sender: int, number: int) -> Any:
    """Return what a sender sends as its message of that number."""
    rng = random.Random(f"{party.seed}:{sender}:{number}")
    array = objects.bytes_of(rng, number, rng.randint(1, party.largest))
    return [sender, number, array if rng.random() < 0.9 else "text"]


def _send(end: Any, party: Party, sender: int) -> None:
    for number in range(party.messages):
        end.send(_stamped(party, sender, number))


def _send_interrupted(end: Any, party: Party, handler: Handler, steps: list[str]) -> None:
    handler.start()
    for number in range(party.messages):
        message = _stamped(party, _MAIN, number)
        result = handler.call(lambda message=message: end.send(message))
        steps.append("interrupted" if isinstance(result, Raised) else "sent")
        if isinstance(result, Raised) and not result.is_own:
            raise result.error


def _receive(end: Any, peer: Party, received: list[tuple[int, int]]) -> None:
    while (message := end.recv()) is not None:
        sender, number, _ = message
        objects.compare(message, _stamped(peer, sender, number))
        received.append((sender, number))


def _count_signals(signals: list[int]) -> None:
    def count(*_: Any) -> None:
        signals[0] += 1

    signal.signal(signal.SIGALRM, count)
    signal.setitimer(signal.ITIMER_REAL, 1e-3, 1e-3)


def _fork(end: Any, pause: float) -> int:
    """Fork a process that holds copies of everything for a moment."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            time.sleep(pause)
            if not end.closed:
                end.close()
            status = 0
        finally:
            os._exit(status)
    return pid


def _judge(report: Report, peer: Party, sent: Report | None, is_whole: bool) -> None:
    """Compare what one side has received with what the other one has sent."""
    numbers: dict[int, list[int]] = defaultdict(list)
    for sender, number in report.received:
        numbers[sender].append(number)
    for sender in [*range(peer.senders), _MAIN]:
        got = sorted(numbers.pop(sender, []))
        steps = sent.steps if sent and sender == _MAIN and peer.plan else ["sent"] * peer.messages
        until = len(steps) if is_whole else got[-1] + 1 if got else 0
        missing = set(range(until)).difference(got)
        if len(set(got)) < len(got) or any(steps[number] == "sent" for number in missing):
            raise Wrong(f"of sender {sender}: {got}, lost: {missing}; {report}, {sent}")
    if numbers:
        raise Wrong(f"of nobody: {numbers}")
