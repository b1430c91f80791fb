"""Calls that must end: in a thread of their own, so that a lock left behind shows as well."""

import fcntl
import os
import queue
import socket
import struct
import termios
import threading
import time
from collections.abc import Callable
from typing import Any


class Hung(AssertionError):  # noqa: N818 - the test's, not a program's
    """A call did not end in time."""


class Elsewhere:
    """A thread that makes calls for another one, which waits no longer than it says."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=_serve, args=(self._calls,), daemon=True)
        self._thread.start()

    def __call__(self, call: Callable[..., Any], *args: Any, seconds: float = 1) -> Any:
        """Return what the call returns, or raise what it raises, or raise `Hung`."""
        answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._calls.put((call, args, answers))
        try:
            result, error = answers.get(timeout=seconds)
        except queue.Empty:
            self._start()  # the other one is lost
            raise Hung(f"{call} did not end within {seconds} s") from None
        if error is not None:
            raise error
        return result

    def stop(self) -> None:
        """End the thread."""
        self._calls.put(None)
        self._thread.join(10)


def _serve(calls: "queue.SimpleQueue[Any]") -> None:
    while (task := calls.get()) is not None:
        call, args, answers = task
        try:
            answers.put((call(*args), None))
        except BaseException as error:
            answers.put((None, error))
        del task, call, args, answers  # which may hold the end of a pipe


def here(call: Callable[..., Any], *args: Any, seconds: float = 1) -> Any:
    """Call it in this thread, whose own caller has a deadline."""
    return call(*args)


def unread(descriptor: int) -> int:
    """Return how many bytes can be read from a socket or pipe."""
    size = fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4))
    return int(struct.unpack("i", size)[0])


def unread_of_both(descriptor: int) -> int:
    """Return the same of a socket and of the pipe that came with what is next to be read there."""
    size = unread(descriptor)
    with socket.socket(fileno=os.dup(descriptor)) as end:
        if not size or end.family != socket.AF_UNIX:
            return size
        # Not recv_fds(), which ignores its flags.
        _, came, _, _ = end.recvmsg(size, socket.CMSG_LEN(4), socket.MSG_PEEK)
    for _, _, data in came:
        (pipe,) = struct.unpack("i", data)
        size += unread(pipe)
        os.close(pipe)
    return size


def when_still(value: Callable[[], int], seconds: float = 10, calm: float = 0.1) -> int:
    """Wait until a number above 0 has not changed for so long, and return it."""
    deadline = time.monotonic() + seconds
    before, since = value(), time.monotonic()
    while time.monotonic() < deadline:
        time.sleep(calm / 10)
        now = value()
        if now != before:
            before, since = now, time.monotonic()
        elif now > 0 and time.monotonic() > since + calm:
            return now
    raise Hung(f"still {before} after {seconds} s, or still changing")
