"""Waiting for the pipe of a message and for the connection that it belongs to, at the same time.

Neither side of a spliced message waits inside a read or a write: the peer may have closed the
connection before it took the pipe, and another thread may close it here, neither of which the
pipe would show.
"""

import errno
import os
import select
from typing import Any

__all__ = ["Watch"]

_LOOK_AGAIN = 500  # milliseconds until a wait looks whether the connection was closed meanwhile


class Watch:
    """A pipe and the connection that it belongs to, to be waited for together."""

    def __init__(self, file: Any, number: int, event: int) -> None:
        self._file, self._number = file, number
        self._poller = select.poll()
        self._poller.register(number, event)
        self._poller.register(self.connection(), 0)  # for its end

    def connection(self) -> int:
        """Return the connection's descriptor, or raise where it is closed."""
        number: int = self._file.fileno()
        if number < 0:  # closed by another thread or in a forked child, as is the pipe
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return number

    def is_ready(self) -> bool:
        """Wait until the pipe is ready; return False if the connection has ended before."""
        while True:
            ready = dict(self._poller.poll(_LOOK_AGAIN))
            self.connection()
            if self._number in ready:
                return True
            if ready:  # it may have become ready before the connection ended
                return self._number in dict(self._poller.poll(0))
