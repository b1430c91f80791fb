"""The spliced way: the arrays of a message through a pipe, which is given pages and no copies.

A socket copies what it carries twice, into the kernel and out of it. A pipe can be given the pages
of the sender's memory themselves (``vmsplice``); then the receiver's read is the only copy. Each
message has a pipe of its own, whose reading end travels with it (``SCM_RIGHTS``), so that no state
outlives the message.

A page that was spliced is still the sender's memory, which may change as soon as `send` returns.
A pipe has places for a number of pieces and hands them out in order. So the last bytes of a
message, few of them, are copied, and spliced in as many small pieces as the pipe has places: when
all of these are in it, every piece that came before them has been read.

The receiver's side is in :mod:`ndpipe._pipe.unsplice`.

Where there can be no such pipe, the message is streamed as if there were none of this: no free
descriptor, a user's limit on the size of pipes, a system that forbids the call, no memory for the
last pieces, or a program that has set ``SIGPIPE`` to anything but *ignore*, since writing to a pipe
can always raise it. Memory that no pipe can hold is written to it.
"""

# signal.getsignal() takes some exceptions of a handler for its own.
import _signal  # type: ignore[import-not-found]  # private
import ctypes
import errno
import mmap
import operator
import os
import select
import signal
import socket
import sys
from array import array
from itertools import chain, compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ndpipe._pipe import wire
from ndpipe._pipe.descriptors import READING, WRITING, Descriptors
from ndpipe._pipe.files import MAX_IO, Part
from ndpipe._pipe.growing import new_memory
from ndpipe._pipe.outgoing import NO_SIGNAL, Outgoing
from ndpipe._pipe.raised import is_of_the_call
from ndpipe._pipe.stream import Stream
from ndpipe._pipe.watch import Watch

__all__ = ["THRESHOLD", "SplicedOutgoing"]

_VARIABLE = "NDPIPE_SPLICE_THRESHOLD"


def _default_threshold(setting: str | None) -> int | None:
    if setting is None:
        return 16 << 20
    if setting == "off":
        return None
    try:
        return int(setting)
    except ValueError:
        raise ValueError(f"{_VARIABLE} is {setting!r}: neither a number nor 'off'") from None


THRESHOLD = _default_threshold(os.environ.get(_VARIABLE))
"""Bytes of arrays from which a message is spliced: below, making a pipe costs more than a copy."""

# Bytes: the most that a user without privileges may have by default (pipe(7), pipe-max-size). With
# less the sides wait more often.
_PIPE_SIZE = 1 << 20
_LAST_PIECE = 16  # bytes of each of the last pieces
_F_SETPIPE_SZ, _SPLICE_F_NONBLOCK = 1031, 2
_Ends = ctypes.c_int * 2  # here, because a type is garbage with cycles in it


class _Piece(ctypes.Structure):
    """A ``struct iovec``."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))

    @classmethod
    def of(cls, data: Part) -> "_Piece":
        address, _ = np.frombuffer(data, np.uint8).__array_interface__["data"]
        return cls(address, len(data))


def _last_pieces(count: int) -> NDArray[np.uint8]:
    """Return memory for the last pieces, with as much between them, so that they stay pieces."""
    memory = np.frombuffer(new_memory(2 * count * _LAST_PIECE), np.uint8)
    return memory.reshape(count, -1)[:, :_LAST_PIECE]


def _vectors(rows: NDArray[np.uint8]) -> NDArray[np.uintp]:
    """Return an array of ``struct iovec``, one for each row."""
    addresses = rows.ctypes.data + np.arange(len(rows), dtype=np.uintp) * rows.strides[0]
    return np.stack([addresses, np.full_like(addresses, rows.shape[1])], axis=1)


if sys.platform == "linux":
    # Of the calls that cannot block, none lets another thread run, which might fork.
    _held, _free = ctypes.PyDLL(None), ctypes.CDLL(None, use_errno=True)
    _vmsplice, _pipe2, _fcntl = _free.vmsplice, _held.pipe2, _held.fcntl
    _vmsplice.restype = ctypes.c_ssize_t
    _vmsplice.argtypes = ctypes.c_int, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_uint


class SplicedOutgoing(Outgoing):
    """A message whose arrays are spliced, or streamed where that is impossible."""

    def __init__(self, stream: Stream, parts: tuple[Part, ...]) -> None:
        super().__init__(stream, parts)
        self._pipe = Descriptors()

    def release(self) -> None:
        """Close what is open of the pipe."""
        self._pipe.close()

    def _write(self, file: Any) -> None:
        last = self._open_pipe()
        if last is None:
            super()._write(file)
            return
        start, *arrays = self._parts
        largest = max(arrays, key=len)
        address = _Piece.of(largest).base if largest else 0
        start = memoryview(wire.spliced(bytes(start), address) + wire.END)
        self._parts = start, *arrays
        self._write_start(file, start)
        (number,) = self._pipe.calls(int, WRITING)
        self._watch = Watch(file, number, select.POLLOUT)
        if sum(map(len, arrays)) > len(last) * mmap.PAGESIZE:
            self._splice_arrays(arrays, last)
        else:  # there is room for all of it, which need not be read yet
            for part in arrays:
                self._copy(part)
        self._pipe.close()

    def _open_pipe(self) -> NDArray[np.uint8] | None:
        """Make a pipe, and memory for the last pieces, one for each place; None if either fails.

        The memory is not from malloc(), which would give it to others while it is in the pipe.
        """
        if _signal.getsignal(signal.SIGPIPE) is not _signal.SIG_IGN:
            return None
        # What fails says so by its result: a handler may raise any exception.
        ends = _Ends()
        made = map(operator.not_, map(_pipe2, (ends,), (os.O_CLOEXEC | os.O_NONBLOCK,)))
        self._pipe.add((READING, WRITING), chain.from_iterable(compress((ends,), made)))
        (size,) = self._pipe.calls(_fcntl, WRITING, _F_SETPIPE_SZ, _PIPE_SIZE)
        (nothing,) = self._pipe.calls(_vmsplice, WRITING, None, 0, 0)  # where that is permitted
        if size >= _PIPE_SIZE and nothing >= 0:
            try:
                return _last_pieces(size // mmap.PAGESIZE)
            except MemoryError as error:
                if not is_of_the_call(error):
                    raise
        self._pipe.close()
        return None

    def _write_start(self, file: Any, start: memoryview) -> None:
        """Write what goes through the socket, the reading end of the pipe with it."""
        self._write_all(file, start[: wire.HEAD_SIZE])
        # With a byte of its own: whoever reads up to there does not lose it.
        (number,) = self._pipe.calls(int, READING)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [number]))]
        first = start[wire.HEAD_SIZE :][:1]
        sending = map(file.unix_socket.sendmsg, ((first,),), (rights,), NO_SIGNAL)
        next(map(self._written.append, sending))
        self._pipe.close(READING)  # so that the receiver's death is an error of writing
        self._write_all(file, start[wire.HEAD_SIZE + 1 :])

    def _write_all(self, file: Any, part: Part) -> None:
        while part:
            next(map(self._written.append, file.write((part,), NO_SIGNAL)))
            part = part[self._written[-1] :]

    def _splice_arrays(self, arrays: list[Any], last: NDArray[np.uint8]) -> None:
        """Splice the arrays, the last bytes of them in so many pieces."""
        to_splice = sum(map(len, arrays)) - last.size
        copied: list[Part] = []
        for part in filter(None, arrays):
            if to_splice:
                self._splice(part[:to_splice])
            copied.append(part[to_splice:])
            to_splice = max(to_splice - len(part), 0)
        last[:] = np.frombuffer(b"".join(copied), np.uint8).reshape(last.shape)
        self._splice_last(last)

    def _splice(self, part: Part) -> None:
        """Splice a part; write what cannot be spliced."""
        piece = _Piece.of(part)
        while piece.length:
            n = self._give(ctypes.addressof(piece), 1)
            if n < 0:
                self._copy(part[-piece.length :])  # or it says why not
                break
            piece.base += n
            piece.length -= n

    def _splice_last(self, last: NDArray[np.uint8]) -> None:
        """Splice the last pieces."""
        pieces = _vectors(last)
        while len(pieces):
            n = self._give(pieces.ctypes.data, len(pieces))
            if n < 0:  # not written either: then there would be room in the pipe for other pieces
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            pieces = pieces[n // _LAST_PIECE :]

    def _give(self, pieces: int, count: int) -> int:
        """Splice pieces; return how many bytes the pipe has taken, or -1 if it takes none."""
        self._wait()
        before, written = len(self._written), self._written
        spliced = self._pipe.calls(_vmsplice, WRITING, pieces, count, _SPLICE_F_NONBLOCK)
        written.extend(filter((0).__lt__, spliced))
        if len(written) > before:
            return written[-1]
        return 0 if ctypes.get_errno() in (errno.EAGAIN, errno.EINTR) else -1

    def _copy(self, part: Part) -> None:
        """Write a part, which copies it."""
        while part:
            self._wait()
            next(map(self._written.append, self._pipe.calls(os.write, WRITING, part[:MAX_IO])))
            part = part[self._written[-1] :]

    def _wait(self) -> None:
        """Wait until the pipe has room."""
        if not self._watch.is_ready():
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
