"""A message that is being received: read piece by piece, or refused and left where it is."""

import errno
from typing import TYPE_CHECKING, Any

from ndpipe._pipe import files
from ndpipe._pipe.descriptors import READING, Descriptors
from ndpipe._pipe.raised import is_of_the_call
from ndpipe._pipe.transfers import Transfer

if TYPE_CHECKING:
    from ndpipe._pipe.stream import Stream

__all__ = ["Incoming"]

_CHUNK = 1 << 18  # bytes that are allocated for a body whose declared length may be a lie
# No message begins with this byte: 00 to 7f is a length, ff is -1.
_UNTOUCHED = 0x80
_BLANK = bytes([_UNTOUCHED, 0, 0, 0])


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
        self._leave()

    def _leave(self) -> None:
        if self._stream.incoming is self:
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
        if error and is_reset and is_of_the_call(error) and self._stream.file.is_at_end():
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
