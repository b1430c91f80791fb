"""Transports that are broken on purpose, each in one way.

The processes that the harness starts import them by name.
"""

# ruff: noqa: ARG002 - what is broken does not look at its arguments

import os
import time
from dataclasses import replace
from typing import Any

import numpy as np

from ndpipe.transports.base import Array
from ndpipe.transports.births import ProcessArgument
from ndpipe.transports.pipes import Pipe
from ndpipe.transports.pools import PoolResult


class FlippedBit(Pipe):
    """One bit of what arrives is another."""

    facts = replace(Pipe.facts, name="flipped-bit")

    def receive(self, end: Any) -> Array:
        array = super().receive(end).copy()
        array.view(np.uint8)[array.nbytes * 2 // 3] ^= 1
        return array


class SwappedPages(Pipe):
    """Two pages of memory have changed places."""

    facts = replace(Pipe.facts, name="swapped-pages")

    def receive(self, end: Any) -> Array:
        array = super().receive(end).copy()
        pages = array[:1024].reshape(2, 512)
        pages[:] = pages[::-1].copy()
        return array


class LastValueMissing(Pipe):
    """The last value does not arrive."""

    facts = replace(Pipe.facts, name="last-value-missing")

    def receive(self, end: Any) -> Array:
        return super().receive(end)[:-1]


class OtherType(Pipe):
    """The right bytes arrive, as integers."""

    facts = replace(Pipe.facts, name="other-type")

    def receive(self, end: Any) -> Array:
        return super().receive(end).view(np.int64)  # type: ignore[return-value]


class OpenRaises(Pipe):
    """It cannot be set up."""

    facts = replace(Pipe.facts, name="open-raises")

    def open(self, context: Any, n: int) -> tuple[Any, Any]:
        raise OSError("no descriptors left")


class SendRaises(Pipe):
    """The sender fails."""

    facts = replace(Pipe.facts, name="send-raises")

    def send(self, end: Any, array: Array) -> None:
        raise OSError("the wire is cut")


class ReceiveRaises(Pipe):
    """The receiver fails, with the message unread."""

    facts = replace(Pipe.facts, name="receive-raises")

    def receive(self, end: Any) -> Array:
        raise OSError("the wire is cut")


class SenderDies(Pipe):
    """The sender ends without a word."""

    facts = replace(Pipe.facts, name="sender-dies")

    def send(self, end: Any, array: Array) -> None:
        os._exit(3)


class ReceiverDies(Pipe):
    """The receiver ends without a word."""

    facts = replace(Pipe.facts, name="receiver-dies")

    def receive(self, end: Any) -> Array:
        os._exit(3)


class SendHangs(Pipe):
    """Nothing is ever sent."""

    facts = replace(Pipe.facts, name="send-hangs")

    def send(self, end: Any, array: Array) -> None:
        time.sleep(600)


class ReceiveHangs(Pipe):
    """Nothing is ever received: the sender blocks too, once the pipe is full."""

    facts = replace(Pipe.facts, name="receive-hangs")

    def receive(self, end: Any) -> Array:
        time.sleep(600)
        raise AssertionError


class CleaningUpHangs(Pipe):
    """The end of it hangs."""

    facts = replace(Pipe.facts, name="cleaning-up-hangs")

    def close(self) -> None:
        time.sleep(600)


class FailsLater(Pipe):
    """The first two arrays arrive, the third does not."""

    facts = replace(Pipe.facts, name="fails-later")
    sent_so_far = 0

    def send(self, end: Any, array: Array) -> None:
        self.sent_so_far += 1
        if self.sent_so_far == 3:
            raise OSError("the wire is worn")
        super().send(end, array)


class BirthDies(ProcessArgument):
    """The child dies before it has read what it was born with."""

    facts = replace(ProcessArgument.facts, name="birth-dies")

    def start(self, context: Any, array: Array, read: Any, *arguments: Any) -> Any:
        return super().start(context, array, _die, *arguments)


def _die(*arguments: Any) -> None:
    os._exit(3)


class WorkerDies(PoolResult):
    """The worker dies over a task."""

    facts = replace(PoolResult.facts, name="worker-dies")

    def call(self, function: Any, *arguments: Any) -> Any:
        return super().call(os._exit, 3)


class Slow(Pipe):
    """It waits for as long as `pause` says, once in the transfer, and longer everywhere else."""

    facts = replace(Pipe.facts, name="slow")
    pause = 0.05

    def open(self, context: Any, n: int) -> tuple[Any, Any]:
        time.sleep(1)
        return super().open(context, n)

    def attach(self, end: Any) -> Any:
        time.sleep(1)
        return end

    def send(self, end: Any, array: Array) -> None:
        time.sleep(self.pause)
        super().send(end, array)

    def received(self, end: Any) -> None:
        time.sleep(1)

    def sent(self, end: Any) -> None:
        time.sleep(1)


class Busy(Pipe):
    """The sender computes for a while, the receiver for twice as long."""

    facts = replace(Pipe.facts, name="busy")
    work = 0.05

    def send(self, end: Any, array: Array) -> None:
        _compute(self.work)
        super().send(end, array)

    def receive(self, end: Any) -> Array:
        array = super().receive(end)
        _compute(2 * self.work)
        return array


def _compute(seconds: float) -> None:
    begin = time.process_time()
    while time.process_time() - begin < seconds:
        pass


class Diary(Pipe):
    """It writes down every call that the harness makes, in both processes."""

    facts = replace(Pipe.facts, name="diary")

    def open(self, context: Any, n: int) -> tuple[Any, Any]:
        _note("open")
        return super().open(context, n)

    def attach(self, end: Any) -> Any:
        _note("attach")
        return super().attach(end)

    def received(self, end: Any) -> None:
        _note("received")

    def sent(self, end: Any) -> None:
        _note("sent")

    def detach(self, end: Any) -> None:
        _note("detach")
        super().detach(end)

    def close(self) -> None:
        _note("close")


def _note(call: str) -> None:
    with open(os.environ["NDPIPE_DIARY"], "a") as diary:  # noqa: PTH123
        diary.write(f"{call}\n")


class Hoarder(Pipe):
    """The receiver makes four copies while it receives, and keeps one of them."""

    facts = replace(Pipe.facts, name="hoarder")

    def receive(self, end: Any) -> Array:
        array = super().receive(end)
        copies = [array.copy() for _ in range(4)]
        self.kept = copies.pop()
        return array
