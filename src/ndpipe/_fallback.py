"""Arrays in the standard connection's own messages, where there are no file descriptors.

A Windows pipe carries messages, not a stream of bytes. There, an out-of-band message is several
standard ones: its start, up to and with the index, then the bytes of each array in pieces. What
:mod:`ndpipe.connection` promises holds, with these differences: each piece is copied once on its
way into its array; `wait` does not see a small array that `recv_into` has refused (`poll` does);
and an exception that interrupts a receive closes the connection even if no message had begun.
"""

import io
import threading
from collections.abc import Callable
from multiprocessing import connection as standard
from multiprocessing.reduction import ForkingPickler
from typing import Any, TypeVar

from numpy.typing import NDArray

from ndpipe import _wire
from ndpipe._standard import StandardMessages, reduce_messages, take_handle

_T = TypeVar("_T")
_PIECE = 1 << 20  # bytes of an array in one message


class MessageConnection(StandardMessages):
    """What :class:`ndpipe.Connection` is elsewhere; its methods are documented there."""

    def __init__(
        self,
        handle: int,
        readable: bool = True,
        writable: bool = True,
        *,
        threshold: int = _wire.THRESHOLD,
    ) -> None:
        super().__init__(handle, readable, writable)
        self._threshold = threshold
        self._why_closed = "handle is closed"
        self._sending = self._receiving = False  # in the middle of a message
        self._done = self._expected = 0  # bytes of the message being received
        self._unread: bytes | None = None  # a message that was put back
        self._send_turn, self._recv_turn = threading.RLock(), threading.RLock()

    def send(self, obj: Any) -> None:
        """Send an object to the peer."""
        self._check_closed()
        self._check_writable()
        start, arrays = _wire.encode(obj, self._threshold)
        pieces = [a[at : at + _PIECE] for a in arrays for at in range(0, len(a), _PIECE)]
        self._write(start, *pieces)

    def send_bytes(self, buf: Any, offset: int = 0, size: int | None = None) -> None:
        """Send the bytes of a buffer as one message."""
        super().send_bytes(_wire.flat(buf), offset, size)

    def _send_bytes(self, buf: bytes | memoryview) -> None:
        self._write(buf)

    def _write(self, *messages: bytes | memoryview) -> None:
        with self._send_turn:
            self._check_finished(self._sending)
            self._sending = True
            done = 0
            try:
                for message in messages:
                    super()._send_bytes(memoryview(message))
                    done += len(message)
            except BaseException as error:
                if done == 0 and isinstance(error, BrokenPipeError | ConnectionResetError):
                    self._sending = False  # there is no peer, and what it sent can still be read
                else:
                    total = sum(len(message) for message in messages)
                    self._abort(f"a send stopped after {done} of {total} bytes")
                raise
            self._sending = False

    def recv(self) -> Any:
        """Receive an object from the peer, waiting for one if there is none."""
        self._check_closed()
        self._check_readable()
        message = self._receive(self._read_object)
        return (
            message.rebuild() if isinstance(message, _wire.Index) else ForkingPickler.loads(message)
        )

    def recv_into(self, out: NDArray[Any]) -> NDArray[Any]:
        """Receive an array into one that is already there."""
        _wire.check_destination(out)
        self._check_closed()
        self._check_readable()
        self._receive(self._read_into, out)
        return out

    def recv_bytes_into(self, buf: Any, offset: int = 0) -> int:
        """Receive the bytes of one message into a buffer."""
        return super().recv_bytes_into(_wire.flat_writeable(buf), offset)

    def _recv_bytes(self, maxsize: int | None = None) -> io.BytesIO | None:
        return self._receive(self._read_bytes, maxsize)

    def _poll(self, timeout: float | None) -> bool:
        return self._unread is not None or super()._poll(timeout)

    def _receive(self, read: Callable[..., _T], *args: Any) -> _T:
        with self._recv_turn:
            self._check_finished(self._receiving)
            self._receiving = True
            self._done = self._expected = 0
            try:
                message = read(*args)
            except BaseException as error:
                if self._unread is not None or (isinstance(error, EOFError) and not self._done):
                    self._receiving = False
                else:
                    self._abort(f"a receive stopped after {self._done} of {self._expected} bytes")
                raise
            self._receiving = False
            return message

    def _read_message(self, maxsize: int | None = None) -> io.BytesIO | None:
        if self._unread is None:
            message: io.BytesIO | None = super()._recv_bytes(maxsize)
        else:
            message, self._unread = io.BytesIO(self._unread), None
            message.seek(0, io.SEEK_END)
        if message is not None:
            self._done += message.tell()
        return message

    def _read_whole(self) -> bytes:
        message = self._read_message()
        assert message is not None  # noqa: S101 - no limit was given
        return message.getvalue()

    def _read_index(self, message: bytes) -> _wire.Index | None:
        """Return the index of an out-of-band message, or None for a standard one."""
        if not message.startswith(_wire.MAGIC):
            return None
        if len(message) != _wire.HEAD_SIZE + _wire.index_length(message[: _wire.HEAD_SIZE]):
            raise OSError("corrupt message: its index has another length")
        index = _wire.Index(message)
        self._expected = len(message) + index.nbytes
        return index

    def _read_object(self) -> bytes | _wire.Index:
        message = self._read_whole()
        index = self._read_index(message)
        if index is None:
            return message
        for array in index.allocate():
            self._fill(_wire.raw(array))
        return index

    def _read_bytes(self, maxsize: int | None) -> io.BytesIO | None:
        message = self._read_message(maxsize)
        if message is not None and message.getbuffer()[: len(_wire.MAGIC)] == _wire.MAGIC:
            self._unread = message.getvalue()
            raise TypeError(_wire.HAS_ARRAYS)
        return message

    def _read_into(self, out: NDArray[Any]) -> None:
        message = self._read_whole()
        index = self._read_index(message)
        try:
            if index is None:
                array = _wire.decode_array(message)
                _wire.Layout.of(array).check_into(out)
            else:
                index.check_into(out)
        except Exception:
            self._unread = message
            raise
        if index is None:
            _wire.raw(out)[:] = _wire.raw(array)
        else:
            self._fill(_wire.raw(out))

    def _fill(self, rest: memoryview) -> None:
        while rest:
            try:
                message = super()._recv_bytes()
            except (EOFError, ConnectionResetError):
                counts = f"{self._done} of {self._expected} bytes"
                raise OSError(f"end of file after {counts} of a message") from None
            piece = message.getbuffer() if message else b""
            n = len(piece)
            if not 0 < n <= len(rest):
                raise OSError(f"corrupt message: a piece of {n} bytes where {len(rest)} are left")
            rest[:n] = piece
            rest = rest[n:]
            self._done += n

    def _check_finished(self, unfinished: bool) -> None:
        if unfinished:
            self._abort("a message was interrupted before its end")
        self._check_closed()

    def _check_closed(self) -> None:
        if self.closed:
            raise OSError(self._why_closed)

    def _abort(self, why: str) -> None:
        if not self.closed:
            self._why_closed = f"connection was closed: {why}"
            self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (reduce_messages(self), self._threshold, self._unread)


def _rebuild(reduced: Any, threshold: int, unread: bytes | None) -> MessageConnection:
    rebuild, args = reduced
    connection = wrap(rebuild(*args), threshold)
    connection._unread = unread
    return connection


def wrap(connection: standard.Connection, threshold: int) -> MessageConnection:
    """Take over a standard connection, as :func:`ndpipe.wrap` does."""
    handle = take_handle(connection)
    return MessageConnection(handle, connection.readable, connection.writable, threshold=threshold)
