"""Transports that are broken on purpose, each in one way.

The processes that the harness starts import them by name.
"""

# ruff: noqa: ARG002 - broken methods do not use their arguments

import os
import signal
import time
from dataclasses import replace
from typing import Any

import numpy as np

from ndpipe.transports.at_start import ProcessArgument
from ndpipe.transports.base import Array
from ndpipe.transports.pipes import StandardPipe
from ndpipe.transports.pools import PoolResult
from ndpipe.transports.shared import ReusedSharedMemory


class FlippedBit(StandardPipe):
    """One bit of what arrives is another."""

    info = replace(StandardPipe.info, name="flipped-bit")

    def receive(self, end: Any) -> Array:
        array = super().receive(end).copy()
        array.view(np.uint8)[array.nbytes * 2 // 3] ^= 1
        return array


class SwappedPages(StandardPipe):
    """Two pages of memory have changed places."""

    info = replace(StandardPipe.info, name="swapped-pages")

    def receive(self, end: Any) -> Array:
        array = super().receive(end).copy()
        pages = array[:1024].reshape(2, 512)
        pages[:] = pages[::-1].copy()
        return array


class LastValueMissing(StandardPipe):
    """The last value does not arrive."""

    info = replace(StandardPipe.info, name="last-value-missing")

    def receive(self, end: Any) -> Array:
        return super().receive(end)[:-1]


class OtherType(StandardPipe):
    """The right bytes arrive, as integers."""

    info = replace(StandardPipe.info, name="other-type")

    def receive(self, end: Any) -> Array:
        return super().receive(end).view(np.int64)  # type: ignore[return-value]  # wrong on purpose


class OpenRaises(StandardPipe):
    """It cannot be set up."""

    info = replace(StandardPipe.info, name="open-raises")

    def open(self, context: Any, n: int) -> tuple[Any, Any]:
        raise OSError("no descriptors left")


class SendRaises(StandardPipe):
    """The sender fails."""

    info = replace(StandardPipe.info, name="send-raises")

    def send(self, end: Any, array: Array) -> None:
        raise OSError("the wire is cut")


class ReceiveRaises(StandardPipe):
    """The receiver fails, with the message unread."""

    info = replace(StandardPipe.info, name="receive-raises")

    def receive(self, end: Any) -> Array:
        raise OSError("the wire is cut")


class SenderDies(StandardPipe):
    """The sender ends without a word."""

    info = replace(StandardPipe.info, name="sender-dies")

    def send(self, end: Any, array: Array) -> None:
        os._exit(3)


class ReceiverDies(StandardPipe):
    """The receiver ends without a word."""

    info = replace(StandardPipe.info, name="receiver-dies")

    def receive(self, end: Any) -> Array:
        os._exit(3)


class SendHangs(StandardPipe):
    """Nothing is ever sent."""

    info = replace(StandardPipe.info, name="send-hangs")

    def send(self, end: Any, array: Array) -> None:
        time.sleep(600)


class ReceiveHangs(StandardPipe):
    """Nothing is ever received: the sender blocks too, once the pipe is full."""

    info = replace(StandardPipe.info, name="receive-hangs")

    def receive(self, end: Any) -> Array:
        time.sleep(600)
        raise AssertionError


class CleaningUpHangs(StandardPipe):
    """The end of it hangs."""

    info = replace(StandardPipe.info, name="cleaning-up-hangs")

    def close(self) -> None:
        time.sleep(600)


class FailsLater(StandardPipe):
    """The first two arrays arrive, the third does not."""

    info = replace(StandardPipe.info, name="fails-later")
    sent_so_far = 0

    def send(self, end: Any, array: Array) -> None:
        self.sent_so_far += 1
        if self.sent_so_far == 3:
            raise OSError("the wire is worn")
        super().send(end, array)


class StartDies(ProcessArgument):
    """The child dies before it has read the array."""

    info = replace(ProcessArgument.info, name="start-dies")

    def start(self, context: Any, array: Array, read: Any, *arguments: Any) -> Any:
        return super().start(context, array, _die, *arguments)


def _die(*arguments: Any) -> None:
    os._exit(3)


class WorkerDies(PoolResult):
    """The worker dies over a task."""

    info = replace(PoolResult.info, name="worker-dies")

    def call(self, function: Any, *arguments: Any) -> Any:
        return super().call(os._exit, 3)


class Slow(StandardPipe):
    """Sending takes `pause` seconds, and everything that is not timed takes a second."""

    info = replace(StandardPipe.info, name="slow")
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


class Busy(StandardPipe):
    """The sender computes for a while, the receiver for twice as long."""

    info = replace(StandardPipe.info, name="busy")
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


class Diary(StandardPipe):
    """Each call of the harness, in either process, is written to a file."""

    info = replace(StandardPipe.info, name="diary")

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
    with open(os.environ["NDPIPE_DIARY"], "a") as diary:  # noqa: PTH123 - appends
        diary.write(f"{call}\n")


class Hoarder(StandardPipe):
    """The receiver makes four copies while it receives, and keeps one of them."""

    info = replace(StandardPipe.info, name="hoarder")

    def receive(self, end: Any) -> Array:
        array = super().receive(end)
        copies = [array.copy() for _ in range(4)]
        self.kept = copies.pop()
        return array


class ChildStops(ReusedSharedMemory):
    """The receiver is stopped, as by a debugger, while a shared-memory segment exists."""

    info = replace(ReusedSharedMemory.info, name="child-stops")

    def receive(self, end: Any) -> Array:
        os.kill(os.getpid(), signal.SIGSTOP)
        return super().receive(end)


class SessionStops(ReusedSharedMemory):
    """All processes of the transport are stopped, the resource tracker too, as in a frozen box."""

    info = replace(ReusedSharedMemory.info, name="session-stops")

    def receive(self, end: Any) -> Array:
        os.killpg(0, signal.SIGSTOP)
        return super().receive(end)


class IgnoresTermination(ReusedSharedMemory):
    """The receiver hangs and ignores SIGTERM."""

    info = replace(ReusedSharedMemory.info, name="ignores-termination")

    def receive(self, end: Any) -> Array:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
        raise AssertionError
