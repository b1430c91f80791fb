"""Bytes between two processes, one whole message at a time in each direction.

A stream of bytes has no marks where messages begin. Whoever stops in the middle of a message can
only be safe by never using the stream again. This module keeps that rule. What the messages say
is the business of :mod:`ndpipe._pipe.messages`.

An exception can arrive between any two instructions. Two habits make the rule hold all the same:

- Whether a message has begun is read from what was moved, never from the type of an exception. A
  send records what each system call wrote in the same call into C, as in
  ``written.extend(map(write, ...))``: no handler runs in between. A receive looks at the memory
  that the first byte goes to.
- Every public method that transfers has a handler of its own that calls :meth:`Transfer.stop`, and
  so has the function it calls: a second exception inside one handler still meets the other.
"""

import contextlib
import errno
import os
import socket
import threading
import weakref
from typing import Any

from ndpipe._pipe import files
from ndpipe._pipe.descriptors import READING, Descriptors
from ndpipe._pipe.files import File, Part

__all__ = ["NO_SIGNAL", "Incoming", "Outgoing", "Stream", "Transfer"]

_CHUNK = 1 << 18  # bytes that are allocated for a body whose declared length may be a lie
# A process that has set SIGPIPE back to its default is not to die of a peer that went away.
NO_SIGNAL = (getattr(socket, "MSG_NOSIGNAL", 0),)
# No message begins with this byte: 00 to 7f is a length, ff is -1.
_UNTOUCHED = 0x80
_BLANK = bytes([_UNTOUCHED, 0, 0, 0])


class Transfer:
    """One message on its way in one direction: how much of it has moved, and whether it may stop.

    Attributes
    ----------
    done, total : int
        Bytes of the message that have moved, and that there are, as far as is known.
    is_inside : bool
        Whether stopping now would leave a part of a message, or lose one.
    """

    __slots__ = ()
    _verb: str
    _stream: "Stream"
    done: Any
    total: Any
    is_inside: Any

    def stop(self) -> None:
        """Close the stream if stopping here leaves a part of a message, or loses one.

        Only for the thread that makes the transfer: it lets go of what the transfer has open.
        """
        try:
            self.halt()
        finally:
            self.release()

    def halt(self) -> None:
        """Close the stream if stopping here would leave a part of a message, or lose one."""
        if self.is_inside:
            self._stream.abort(f"a {self._verb} stopped after {self.done} of {self.total} bytes")

    def release(self) -> None:
        """Close what is open for this message alone."""


class Outgoing(Transfer):
    """A message to be sent, given in parts."""

    __slots__ = ("_parts", "_stream", "_written")
    _verb = "send"

    def __init__(self, stream: "Stream", parts: tuple[Part, ...]) -> None:
        self._stream, self._parts = stream, parts
        self._written: list[int] = []  # by each system call

    @property
    def done(self) -> int:
        """Bytes that have been written."""
        return sum(self._written)

    @property
    def total(self) -> int:
        """Bytes of the message."""
        return sum(map(len, self._parts))

    @property
    def is_inside(self) -> bool:
        """Whether a part of the message has been written, and not all of it."""
        return 0 < self.done < self.total

    def send(self) -> None:
        """Write the message, or close the stream."""
        stream = self._stream
        try:
            with stream.send_turn:
                before = stream.outgoing
                if before:
                    stream.interrupt(before)
                stream.outgoing = self
                try:
                    self._write(stream.file)
                finally:
                    stream.outgoing = before
        except BaseException as error:
            if isinstance(error, OSError):  # before stop(), which may be what closes the stream
                stream.raise_if_closed(error)
            self.stop()
            raise

    def _write(self, file: Any) -> None:
        written, write = self._written, file.write
        for part in self._parts:
            size = len(part)
            while size:
                data = part if size <= files.MAX_IO else memoryview(part)[: files.MAX_IO]
                written.extend(write((data,), NO_SIGNAL))
                size -= written[-1]
                if size:
                    part = memoryview(part)[written[-1] :]


class Incoming(Transfer):
    """The next message, to be read piece by piece.

    A message may be refused: what was read of it is kept by the stream, and the next receive
    begins with that.

    Attributes
    ----------
    turn : threading.RLock
        To be held while the message is read.
    source : File or None
        What the next bytes are read from, where that is not the stream's file.
    pipe : Descriptors or None
        The pipe that the arrays come through, if they do.
    """

    _verb = "receive"
    done = 0
    total = 4
    pipe: Descriptors | None = None
    source: Any = None
    _settled = False
    _replay = b""

    def __init__(self, stream: "Stream") -> None:
        self._stream = stream
        self.turn = stream.receive_turn
        self._first = bytearray(_BLANK)

    @property
    def stream(self) -> "Stream":
        """What the message comes from."""
        return self._stream

    @property
    def has_begun(self) -> bool:
        """Whether a byte of it was read, if only into memory by a call that did not return."""
        return bool(self._first[0] != _UNTOUCHED or self.done or self._replay)

    @property
    def is_inside(self) -> bool:
        """Whether a byte has come, or may have, of a message that is neither whole nor refused."""
        return (self.has_begun or self._stream.file.is_uncertain) and not self._settled

    def begin(self) -> None:
        """Make this the message that is being received."""
        stream = self._stream
        self._before = stream.incoming
        if self._before:
            stream.interrupt(self._before)
        stream.incoming = self
        if stream.refused:
            self._replay = stream.refused
            stream.refused = b""

    def end(self) -> None:
        """Let another message be received."""
        self._stream.incoming = self._before

    def settle(self) -> None:
        """Note that from here on an exception harms no message."""
        self._settled = True

    def refuse(self, start: bytes | bytearray) -> None:
        """Leave the message for the next receive; `start` is all that was read of it now."""
        if start and self._before:  # whose system call goes on where this message was left
            self._stream.abort("a message was refused while a receive was waiting for it")
            raise OSError(self._stream.why_closed)
        if self.pipe is not None:
            self.pipe.move(READING, self._stream.kept)
        self._stream.refused = bytes(start) + self._replay
        self.settle()

    def first(self) -> bytearray:
        """Read the four bytes that every message begins with."""
        first, n = self._first, 0
        if not self._replay:
            n = self.done = self._stream.file.read_into(first)
        if n < len(first):
            if not n and not self._replay:
                raise EOFError
            self.fill(memoryview(first)[n:])
        return first

    def take(self, n: int) -> bytes:
        """Read `n` bytes, using little more memory than has come, since `n` may be a lie."""
        data = b""
        if n > 0 and not self._replay:
            data = self._stream.file.read(n if n < _CHUNK else _CHUNK)
            self.done += len(data)
        if len(data) >= n:
            return data
        taken = bytearray(min(n, _CHUNK))
        taken[: len(data)] = data
        self.fill(memoryview(taken)[len(data) :])
        while len(taken) < n:
            more = bytearray(min(n - len(taken), len(taken)))
            self.fill(more)
            taken += more
        return bytes(taken)  # not the bytearray, which unpickling may still hold when it has failed

    def fill(self, buffer: bytearray | memoryview) -> None:
        """Read into the whole of a buffer, from the kernel straight to where it belongs."""
        while buffer:
            n = self._read(buffer)
            if n == len(buffer):
                break
            buffer = memoryview(buffer)[n:]

    def _read(self, buffer: bytearray | memoryview) -> int:
        if self._replay:  # what was read of the message before it was refused
            n = min(len(buffer), len(self._replay))
            buffer[:n] = self._replay[:n]
            self._replay = self._replay[n:]
        else:
            if len(buffer) > files.MAX_IO:
                buffer = memoryview(buffer)[: files.MAX_IO]
            n = (self.source or self._stream.file).read_into(buffer)
            if not n:
                raise self.end_of_file()
        self.done += n
        return n

    def end_of_file(self) -> Exception:
        """Return what end of file means here."""
        if not self.done:
            return EOFError()
        return OSError(f"end of file after {self.done} of {self.total} bytes of a message")

    def stop(self, error: BaseException | None = None) -> None:
        """Close the stream if stopping here leaves a part of a message, or loses one.

        Then raise what `error` means, where that is something else. A peer that had not read all
        we sent is reported once, and then as end of file. Whether it is so is asked of the
        system: a signal handler may have raised an error of the same type, without its number.
        """
        meaning: Exception | None = None
        is_reset = isinstance(error, ConnectionResetError) and error.errno == errno.ECONNRESET
        if is_reset and self._stream.file.is_at_end():
            meaning = self.end_of_file()
        elif isinstance(error, OSError):  # before stop(), which may be what closes the stream
            self._stream.raise_if_closed(error)
        super().stop()
        if meaning:
            raise meaning from error

    def release(self) -> None:
        """Close the message's pipe, unless the message was refused."""
        if self.pipe is not None:
            self.pipe.close()

    def peek(self, n: int) -> bytes:
        """Return the next bytes, and leave them; nothing where the system cannot."""
        return self._replay[:n] or self._stream.file.peek(n)


class Stream:
    """A file that carries messages, and whose turn it is to use it.

    Parameters
    ----------
    file : File
        Where the bytes go, which the stream owns from now on.

    Attributes
    ----------
    refused : bytes
        The start of a message that a receive refused.
    kept : Descriptors
        The pipe that came with that.
    """

    _outgoing, _incoming = Outgoing, Incoming

    def __init__(self, file: File) -> None:
        self.file = file
        self.why_closed = "handle is closed"
        self.refused = b""
        self.kept = Descriptors()
        self._new_turns()
        _streams.add(self)

    def _new_turns(self) -> None:
        # Reentrant: a signal handler may use the connection on which the program waits.
        self.send_turn, self.receive_turn = threading.RLock(), threading.RLock()
        self.outgoing: Outgoing | None = None
        self.incoming: Incoming | None = None

    @property
    def handle(self) -> int | None:
        """The descriptor; None once it is closed."""
        handle = self.file.fileno()
        return None if handle < 0 else handle

    def send(self, *parts: Part, way: type[Outgoing] | None = None) -> None:
        """Send one message, given in parts, or close."""
        message = (way or self._outgoing)(self, parts)
        try:
            message.send()
        except BaseException:
            try:
                message.stop()
            finally:
                message.stop()  # where a second exception has interrupted the first
            raise

    def next_message(self) -> Incoming:
        """Return the next message, of which nothing has been read yet."""
        return self._incoming(self)

    def interrupt(self, transfer: Transfer) -> None:
        """Let a signal handler use the stream while `transfer` waits, unless that has begun."""
        if transfer.is_inside:
            self.abort("a message was interrupted before its end")
            raise OSError(self.why_closed)

    def raise_if_closed(self, error: OSError) -> None:
        """Raise with the reason if what `error` means is that the stream was closed meanwhile."""
        if error.errno == errno.EBADF and self.handle is None:
            raise OSError(self.why_closed) from error

    def check_idle(self) -> None:
        """Raise if any thread is inside a send or a receive: where it is, nobody else can know."""
        if self.outgoing or self.incoming:
            raise OSError("the connection cannot be passed on while a thread uses it")

    def close(self) -> None:
        """Close this process's descriptor."""
        for transfer in (self.outgoing, self.incoming):
            if transfer is not None:
                transfer.halt()
        self.file.close()
        self.kept.close()

    def abort(self, why: str) -> None:
        """Close in the middle of a message, for every process that holds this end."""
        self.kept.close()
        if self.handle is None:
            return
        self.why_closed = f"connection was closed: {why}"
        # Other processes may hold copies of this end: without a shutdown, the peer and any thread
        # in the other direction would wait on them for the rest of the message.
        try:
            self.file.shutdown()
        except OSError:
            # The peer has gone; or a handler raised first, and the shutdown is still to be done.
            with contextlib.suppress(OSError):
                self.file.shutdown()
        self.file.close()

    def after_fork(self) -> None:
        """Forget, in a forked child, the transfers of threads that only the parent has."""
        for transfer in (self.outgoing, self.incoming):
            if transfer is not None:
                transfer.release()
        receiving = self.incoming is not None and self.incoming.has_begun
        if self.outgoing is not None or receiving:
            self.why_closed = "connection was closed: it was forked in the middle of a message"
            self.file.close()
        self._new_turns()


_streams: weakref.WeakSet[Stream] = weakref.WeakSet()


def _after_fork() -> None:
    for stream in list(_streams):
        stream.after_fork()


# Not multiprocessing's own hook, which `os.fork` does not call.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
