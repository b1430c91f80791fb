"""Connections where there are no file descriptors: over the standard connection's own messages.

A Windows pipe carries messages, not bytes. There, an out-of-band message is several standard ones:
its start, up to and with the index, then the bytes of each array in pieces. A standard message
whose bytes begin like an out-of-band one is preceded by another, which is nothing but the magic.

What :mod:`ndpipe.connection` promises holds, with these differences: each piece is copied once on
its way into its array; `wait` does not see a message that was refused (`poll` does), unless more
of it is still to come; and the limit of `recv_bytes` is applied when the message has come.
"""

import select
import sys
from multiprocessing import connection as standard
from typing import Any

from ndpipe._pipe import wire
from ndpipe._pipe.end import Connection
from ndpipe._pipe.files import Part
from ndpipe._pipe.incoming import Incoming
from ndpipe._pipe.layouts import CorruptMessageError
from ndpipe._pipe.limits import Limits
from ndpipe._pipe.outgoing import Outgoing
from ndpipe._pipe.standard import take_handle
from ndpipe._pipe.stream import Stream

__all__ = ["MessageConnection", "wrap"]

_PIECE = 1 << 20  # bytes of an array in one message
_ALL = Limits()


class _MessageFile:
    """The bytes of a stream, carried by the messages of a standard connection."""

    unix_socket = None
    most: int | None = None  # bytes of one message of the connection

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.pending = b""  # what has come and was not read
        self.at_start = True  # of a message, and not among the pieces of its arrays
        self.is_uncertain = False

    def read(self, n: int) -> bytes:
        if not self.pending:
            self._receive()
        data, self.pending = self.pending[:n], self.pending[n:]
        return data

    def read_into(self, buffer: bytearray | memoryview) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def peek(self, n: int) -> bytes:
        if not self.pending:
            self.at_start = True
            self._receive()
        return self.pending[:n]

    def _receive(self) -> None:
        """Receive a standard message as the bytes that a stream would carry; none at the end."""
        self.connection.poll(None)  # nothing is taken while this waits
        self.is_uncertain = True
        received: list[bytes] = []
        try:
            # In one call, so that an error of a handler after it is known by what was received.
            next(map(received.append, map(self.connection.recv_bytes, (self.most,))))
        except (EOFError, ConnectionResetError) as error:
            if received or (isinstance(error, OSError) and not self.peer_has_gone()):
                raise
            self.is_uncertain = False
            return
        (message,) = received
        is_plain = self.at_start and not message.startswith(wire.MARK)
        if self.at_start and message == wire.MAGIC:
            message, is_plain = self.connection.recv_bytes(), True
        self.pending = wire.prefix(len(message)) + message if is_plain else message
        self.at_start = False

    def peer_has_gone(self) -> bool:
        if sys.platform == "win32":
            return True  # a message is sent whole there, or not at all
        poll = select.poll()
        poll.register(self.fileno(), 0)
        return bool(poll.poll(0))

    def is_at_end(self) -> bool:
        return False

    def fileno(self) -> int:
        handle: int = -1 if self.connection.closed else self.connection.fileno()
        return handle

    def enlarge_buffer(self) -> None:
        pass

    def shutdown(self) -> None:
        pass

    def close(self) -> None:
        self.connection.close()


def _standard_messages(parts: tuple[Part, ...]) -> list[Part]:
    """Return what a message of a stream is on a connection that marks its messages itself."""
    start, *rest = parts
    if start[: len(wire.MARK)] == wire.MARK:
        pieces = [part[at : at + _PIECE] for part in rest for at in range(0, len(part), _PIECE)]
        return [start, *pieces]
    body = rest[0] if rest else start[wire.INT32.size :]
    is_alike = body[: len(wire.MARK)] == wire.MARK
    return [wire.MAGIC, body] if is_alike else [body]


class _Outgoing(Outgoing):
    def _write(self, file: Any) -> None:
        # A standard call that is interrupted does not say what it wrote. All but the last byte
        # counts as written before it begins.
        self._written.append(self.total - 1)
        for number, message in enumerate(_standard_messages(self._parts)):
            try:
                file.connection.send_bytes(message)
            except (BrokenPipeError, ConnectionResetError):
                if number == 0 and file.peer_has_gone():
                    self._written.clear()  # what it sent can still be read
                raise
        self._written.append(1)


class _Incoming(Incoming):
    _stream: "_MessageStream"

    def first(self) -> bytearray:
        file = self._stream.file
        file.at_start = not (self._replay or file.pending)
        return super().first()

    def end(self) -> None:
        super().end()
        if self._settled or self.done == self.total:
            self._stream.file.is_uncertain = False
        if self._stream.file.pending and self.done == self.total and not self._settled:
            raise CorruptMessageError("a piece of an array is too long")


class _MessageStream(Stream):
    file: Any
    _outgoing, _incoming = _Outgoing, _Incoming


class MessageConnection(Connection):
    """An end whose standard connection has messages and no bytes.

    Parameters
    ----------
    connection : multiprocessing.connection.PipeConnection
        Which belongs to this one from now on.
    threshold : int, default 65536
        Arrays of at least so many bytes travel out of band.
    """

    def __init__(self, connection: Any, *, threshold: int = wire.THRESHOLD) -> None:
        file: Any = _MessageFile(connection)
        self._stream = _MessageStream(file)
        self._readable, self._writable = connection.readable, connection.writable
        self._threshold = max(threshold, 1)
        self._splice_threshold = None  # no descriptor goes this way
        self._limit(_ALL)

    def _limit(self, limits: Limits) -> None:
        super()._limit(limits)
        if limits.max_bytes is not None:
            file: Any = self._stream.file
            file.most = max(limits.max_bytes + wire.HEAD_SIZE, _PIECE)

    def _poll(self, timeout: float | None) -> bool:
        file: Any = self._stream.file
        return bool(self._stream.refused or file.pending) or file.connection.poll(timeout)

    @property
    def _got_empty_message(self) -> bool:
        """Whether `wait`, which looks here, has received a message of no bytes."""
        file: Any = self._stream.file
        return bool(file.connection._got_empty_message)

    @_got_empty_message.setter
    def _got_empty_message(self, value: bool) -> None:
        file: Any = self._stream.file
        file.connection._got_empty_message = value

    def __reduce__(self) -> tuple[Any, ...]:
        self._check_closed()
        self._stream.check_idle()
        file: Any = self._stream.file
        state = self.readable, self.writable, self._threshold, self._limits
        return _rebuild, (file.connection, *state, self._stream.refused + file.pending)


def _rebuild(
    connection: Any,
    readable: bool,
    writable: bool,
    threshold: int,
    limits: Limits,
    refused: bytes,
) -> MessageConnection:
    rebuilt = MessageConnection(connection, threshold=threshold)
    rebuilt._limit(limits)
    rebuilt._readable, rebuilt._writable = readable, writable
    rebuilt._stream.refused = refused
    return rebuilt


def wrap(
    connection: standard.Connection, threshold: int, limits: Limits = _ALL
) -> MessageConnection:
    """Take over a standard connection, as :func:`ndpipe.wrap` does."""
    readable, writable = connection.readable, connection.writable
    taken = type(connection)(take_handle(connection), readable, writable)
    wrapped = MessageConnection(taken, threshold=threshold)
    wrapped._limit(limits)
    return wrapped
