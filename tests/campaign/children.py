"""Processes of a case: forks of a small process, which report what became of them."""

import os
import pickle
import signal
import struct
import time
from collections.abc import Callable
from typing import Any, ClassVar

__all__ = ["Child", "Killer"]

_ORDER = struct.Struct("=qd")


class Child:
    """A fork that makes one call. What the call returns or raises is its report.

    Parameters
    ----------
    call : callable
        What it does.
    *close : closeable
        The ends that are the parent's: the child closes its copies.
    """

    _living: ClassVar[set["Child"]] = set()

    def __init__(self, call: Callable[[], Any], *close: Any) -> None:
        self._reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._reader)
            for end in close:
                end.close()
            _report(call, writer)
        os.close(writer)
        self._living.add(self)

    def result(self) -> Any:
        """Return what the call returned, or raise; None if the child was killed."""
        reader, self._reader = self._reader, -1
        with os.fdopen(reader, "rb") as file:
            report = file.read()
        _, self.status = os.waitpid(self.pid, 0)
        self._living.discard(self)
        if self.killed and not report:
            return None
        result, error = pickle.loads(report)
        if error is not None:
            raise error
        return result

    @property
    def killed(self) -> bool:
        """Whether the child, which has ended, was killed."""
        return os.WIFSIGNALED(self.status) and os.WTERMSIG(self.status) == signal.SIGKILL

    @classmethod
    def end_all(cls) -> None:
        """Kill those that a case which failed has left behind."""
        for child in cls._living:
            os.kill(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, 0)
            if child._reader >= 0:
                os.close(child._reader)
        cls._living.clear()


def _report(call: Callable[[], Any], writer: int) -> None:
    try:
        try:
            report = pickle.dumps((call(), None))
        except BaseException as error:
            error.__traceback__ = None  # cannot travel
            report = pickle.dumps((None, error))
        with os.fdopen(writer, "wb") as file:
            file.write(report)
    finally:
        os._exit(0)


class Killer:
    """A process that kills others, each a while after it asked for that itself.

    One serves all cases of a worker. A victim asks just before its transfer begins, so that the
    time is counted from there, and waits for nothing.
    """

    def __init__(self) -> None:
        orders, self._order = os.pipe()
        self._done, done = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._order)
            os.close(self._done)
            try:
                while order := os.read(orders, _ORDER.size):
                    pid, delay = _ORDER.unpack(order)
                    time.sleep(delay)
                    os.kill(pid, signal.SIGKILL)
                    os.write(done, b".")
            finally:
                os._exit(0)
        os.close(orders)
        os.close(done)

    def kill_me(self, delay: float) -> None:
        """Be killed, in the process that calls this, after so many seconds."""
        os.write(self._order, _ORDER.pack(os.getpid(), delay))

    def wait(self) -> None:
        """Wait until a kill has been done: until then its victim must stay unreaped."""
        os.read(self._done, 1)

    def stop(self) -> None:
        """End it, whatever it has still to do."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._order)
        os.close(self._done)
