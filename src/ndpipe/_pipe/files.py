"""Descriptors that carry bytes: sockets, and pipes.

What transfers and what closes are functions written in C: an exception can arrive before them or
after them, not within. A file is told that it is closed, and not asked of a number: no call goes
to a descriptor of the same number that somebody else has opened since.
"""

import io
import operator
import os
import socket
import stat
import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol

from ndpipe._pipe.raised import is_of_the_call

__all__ = ["MAX_IO", "File", "Part", "open_file"]

MAX_IO = 1 << 30  # bytes in one system call: some systems refuse 2**31 and more
_SEND_BUFFER = 1 << 20  # bytes that a socket holds for its peer, where the system allows
Part = bytes | memoryview


class File(Protocol):
    """What a stream asks of the file beneath it.

    Attributes
    ----------
    is_uncertain : bool
        Whether a call was interrupted that may have taken bytes without a record.
    unix_socket : socket or None
        The socket, if it is one that descriptors can be sent through.
    """

    is_uncertain: bool
    unix_socket: Any

    @property
    def read(self) -> Callable[[int], bytes]:
        """Return up to so many bytes that have come, waiting for the first; none at the end."""

    @property
    def read_into(self) -> Callable[[bytearray | memoryview], int]:
        """Read what has come into a buffer, waiting for the first byte; return how many."""

    @property
    def write(self) -> Callable[[tuple[Part], tuple[int]], Iterable[int]]:
        """Return an iterator whose next step is a system call that writes, and what that wrote.

        Given are the data, and the flags of the socket module, which a pipe has no use for.
        """

    def peek(self, n: int) -> bytes:
        """Return up to `n` of the next bytes, and leave them; nothing where that is impossible."""

    def is_at_end(self) -> bool:
        """Whether the peer has gone, and all it sent has been read."""

    def fileno(self) -> int:
        """Return the descriptor, or -1 once it is closed."""

    def enlarge_buffer(self) -> None:
        """Let the sender run ahead of the receiver, so that both copy at the same time."""

    def shutdown(self) -> None:
        """End both directions for every process that holds this end."""

    def close(self) -> None:
        """Close this process's descriptor."""


class _SocketFile:
    is_uncertain = False

    def __init__(self, handle: int) -> None:
        # Not `socket.socket`, whose close() is Python code.
        self._socket = socket.SocketType(fileno=handle)
        self._socket.setblocking(True)  # socket.setdefaulttimeout() may have changed that
        self.write = partial(map, self._socket.send)
        self.read, self.read_into = self._socket.recv, self._socket.recv_into
        self.fileno, self.close = self._socket.fileno, self._socket.close
        is_unix = sys.platform == "linux" and self._socket.family == socket.AF_UNIX
        self.unix_socket = self._socket if is_unix else None

    def peek(self, n: int) -> bytes:
        return self._socket.recv(n, socket.MSG_PEEK)

    def is_at_end(self) -> bool:
        try:
            return not self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError as error:
            if not is_of_the_call(error):
                raise
            return False

    def enlarge_buffer(self) -> None:
        if self._socket.family == socket.AF_UNIX:  # TCP finds a good size by itself
            try:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            except OSError as error:  # of a system that does not allow it
                if not is_of_the_call(error):
                    raise

    def shutdown(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)


class _PipeFile:
    is_uncertain = False
    unix_socket = None

    def __init__(self, handle: int) -> None:
        os.set_blocking(handle, True)
        self._file = io.FileIO(handle, "r+")  # the mode is not compared with the descriptor's
        self.read, self.read_into = self._file.read, self._file.readinto
        self.close = self._file.close

    def write(self, data: tuple[Part], _: tuple[int]) -> Iterable[int]:
        # index() refuses the None of a descriptor that somebody has made non-blocking.
        return map(operator.index, map(self._file.write, data))

    def peek(self, n: int) -> bytes:  # noqa: ARG002 - the call of a file
        return b""

    def is_at_end(self) -> bool:
        return False

    def fileno(self) -> int:
        return -1 if self._file.closed else self._file.fileno()

    def enlarge_buffer(self) -> None:
        pass  # what a pipe holds is the system's to choose

    def shutdown(self) -> None:
        pass  # a pipe ends when its last descriptor is closed


def open_file(handle: int) -> File:
    """Return the file of a descriptor, which that file owns from now on."""
    is_socket = stat.S_ISSOCK(os.fstat(handle).st_mode)
    return _SocketFile(handle) if is_socket else _PipeFile(handle)
