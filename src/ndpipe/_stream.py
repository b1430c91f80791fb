"""One message at a time, whole or not at all: the stream beneath a connection.

A stream of bytes has no marks where messages begin. Whoever stops in the middle of one, sending or
receiving, can only be safe by never using the stream again. That rule is kept here, and nothing
in this module knows what the messages say.
"""

import contextlib
import io
import os
import socket
import stat
import threading
from collections.abc import Callable
from multiprocessing import util
from typing import Any, NoReturn, TypeVar

from ndpipe._standard import StandardConnection

_T = TypeVar("_T")

# A message begins with 00..7f (a length) or ff (-1): this byte, still there when a read was
# interrupted, shows that the read took nothing from the stream.
_UNTOUCHED = 0x80

_CHUNK = 1 << 18  # bytes allocated at a time for a body whose declared length may be a lie
_MAX_IO = 1 << 30  # bytes in one system call: some systems refuse 2**31 and more


class MessageStream(StandardConnection):
    """A connection that closes where it would otherwise go on in the middle of a message."""

    def __init__(self, handle: int, readable: bool = True, writable: bool = True) -> None:
        super().__init__(handle, readable, writable)
        self._why_closed = "handle is closed"
        self._sending = self._receiving = False  # in the middle of a message
        self._done = self._expected = 0  # bytes of the message being received
        self._prefix = bytearray(4)
        self._unread = b""  # taken from the stream, then put back by a refusal
        self._new_turns()
        util.register_after_fork(self, MessageStream._after_fork)

    def _new_turns(self) -> None:
        # Reentrant: a signal handler that uses the connection it interrupted gets an error below,
        # not a deadlock.
        self._send_turn, self._recv_turn = threading.RLock(), threading.RLock()

    def _after_fork(self) -> None:
        """Forget, in a forked child, the turns of threads that only the parent has."""
        self._new_turns()
        if self._sending or (self._receiving and self._is_inside_message()):
            self._why_closed = "connection was closed: it was forked in the middle of a message"
            self.close()
        self._receiving = False

    def _is_inside_message(self) -> bool:
        """Whether some byte of the message that is being received has been taken."""
        return bool(self._done) or self._prefix[0] != _UNTOUCHED

    def _write(self, *buffers: bytes | memoryview) -> None:
        """Write one message, given in parts, or close."""
        with self._send_turn:
            if self._sending or self._handle is None:
                self._refuse()
            self._sending = True
            done = 0
            try:
                for buffer in buffers:
                    n = os.write(self.fileno(), buffer)
                    done += n
                    while n < len(buffer):
                        buffer = memoryview(buffer)[n:]
                        n = os.write(self.fileno(), buffer)
                        done += n
            except BaseException as error:
                if done == 0 and isinstance(error, BrokenPipeError | ConnectionResetError):
                    self._sending = False  # there is no peer, and what it sent can still be read
                else:
                    total = sum(len(buffer) for buffer in buffers)
                    self._abort(f"a send stopped after {done} of {total} bytes")
                raise
            self._sending = False

    def _receive(self, read: Callable[..., _T], *args: Any) -> _T:
        """Let `read` read one message, or put it back, or close."""
        with self._recv_turn:
            if self._receiving or self._handle is None:
                self._refuse()
            self._done, self._expected = 0, 4
            self._prefix[0] = _UNTOUCHED
            self._receiving = True
            try:
                message = read(*args)
            except BaseException:
                if self._is_inside_message():
                    self._abort(f"a receive stopped after {self._done} of {self._expected} bytes")
                else:
                    self._receiving = False
                raise
            self._receiving = False
            return message

    def _put_back(self, start: bytes | bytearray) -> None:
        """Make `start`, all that was read of the message, the next to be read again."""
        self._unread = bytes(start) + self._unread
        self._done = 0
        self._prefix[0] = _UNTOUCHED

    def _poll(self, timeout: float | None) -> bool:
        return bool(self._unread) or super()._poll(timeout)

    def _read(self, n: int) -> bytes:
        """Read `n` bytes, with no more memory than has come, since `n` may be a lie."""
        if n <= _CHUNK and not self._unread and self._handle is not None:
            body = os.read(self._handle, n)
            self._done += len(body)
            if len(body) == n:
                return body
            n -= len(body)
        else:
            body = b""
        file = io.BytesIO()
        file.write(body)
        chunk = memoryview(bytearray(min(n, _CHUNK)))
        while n:
            part = chunk[:n]
            self._fill(part)
            n -= file.write(part)
        return file.getvalue()

    def _fill(self, buffer: bytearray | memoryview) -> None:
        """Read into the whole of a buffer, from the kernel straight to where it belongs."""
        n = self._read_some(buffer)
        while n < len(buffer):
            buffer = memoryview(buffer)[n:]
            n = self._read_some(buffer)

    def _read_some(self, buffer: bytearray | memoryview) -> int:
        if self._handle is None:
            self._refuse()
        if self._unread:
            n = min(len(buffer), len(self._unread))
            buffer[:n], self._unread = self._unread[:n], self._unread[n:]
        else:
            if len(buffer) > _MAX_IO:
                buffer = memoryview(buffer)[:_MAX_IO]
            try:
                n = os.readv(self._handle, [buffer])
            except ConnectionResetError:
                if not self._done:
                    raise
                n = 0  # the peer closed its end before it had read all we sent
            if n == 0:
                if not self._done:
                    raise EOFError
                counts = f"{self._done} of {self._expected} bytes"
                raise OSError(f"end of file after {counts} of a message")
        self._done += n
        return n

    def _refuse(self) -> NoReturn:
        """Close, if that is still to be done, where a message was left without its end."""
        self._abort("a message was interrupted before its end")
        raise OSError(self._why_closed)

    def _check_closed(self) -> None:
        if self._handle is None:
            raise OSError(self._why_closed)

    def _abort(self, why: str) -> None:
        """Close in the middle of a message, and remember why."""
        if self.closed:
            return
        self._why_closed = f"connection was closed: {why}"
        # Other processes may hold copies of this end: without a shutdown, the peer and any thread
        # in the other direction would wait on them for the rest of the message.
        with contextlib.suppress(OSError), as_socket(self.fileno()) as end:
            end.shutdown(socket.SHUT_RDWR)
        self.close()


def as_socket(descriptor: int) -> socket.socket:
    """Return a socket object for a copy of the descriptor, or raise OSError if it is no socket."""
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        raise OSError("not a socket")
    return socket.socket(fileno=os.dup(descriptor))
