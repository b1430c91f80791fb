"""A message that is being sent: its parts, and what of them has been written."""

import socket
from typing import TYPE_CHECKING, Any

from ndpipe._pipe import files
from ndpipe._pipe.files import Part
from ndpipe._pipe.transfers import Transfer

if TYPE_CHECKING:
    from ndpipe._pipe.stream import Stream

__all__ = ["NO_SIGNAL", "Outgoing"]

# A process that has set SIGPIPE back to its default is not to die of a peer that went away.
NO_SIGNAL = (getattr(socket, "MSG_NOSIGNAL", 0),)


class Outgoing(Transfer):
    """A message to be sent, given in parts."""

    __slots__ = ("_before", "_parts", "_stream", "_written")
    _verb = "send"
    _before: "Outgoing | None"

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
                self._before = stream.outgoing
                if self._before:
                    stream.interrupt(self._before)
                try:
                    stream.outgoing = self
                    self._write(stream.file)
                finally:
                    self._leave()
        except BaseException as error:
            if isinstance(error, OSError):  # before stop(), which may be what closes the stream
                stream.raise_if_closed(error)
            self.stop()
            raise

    def _leave(self) -> None:
        if self._stream.outgoing is self:
            self._stream.outgoing = self._before

    def _write(self, file: Any) -> None:
        record, write, written = self._written.append, file.write, self._written
        for part in self._parts:
            size = len(part)
            while size:
                data = part if size <= files.MAX_IO else memoryview(part)[: files.MAX_IO]
                next(map(record, write((data,), NO_SIGNAL)))
                size -= written[-1]
                if size:
                    part = memoryview(part)[written[-1] :]
