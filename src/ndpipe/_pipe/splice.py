"""The spliced way: the arrays of a message through a pipe, which is given pages and no copies.

A socket copies what it carries twice, into the kernel and out of it. A pipe can be given the pages
of the sender's memory themselves (``vmsplice``); then the receiver's read is the only copy. Each
message has a pipe of its own, whose reading end travels with it (``SCM_RIGHTS``), so that no state
outlives the message.

A page that was spliced is still the sender's memory, which may change as soon as `send` returns.
A pipe has room for a number of pages and hands them out in order, so all but the last pipe's-full
of the bytes is spliced, and the last pipe's-full is written, which copies it. When that is
written, it takes up all the room there is, and every page that came before it has been read.

Neither side waits inside a read or a write. Each waits for the pipe and for the connection at the
same time: the peer may have closed the connection before it took the pipe, and another thread may
close it here, neither of which the pipe would show.

Where there can be no such pipe, the message is streamed as if there were none of this: no free
descriptor, a user's limit on the size of pipes, memory that no pipe can hold, or a program that
has set ``SIGPIPE`` to anything but *ignore*, since writing to a pipe can always raise it.
"""

import ctypes
import errno
import operator
import os
import select
import signal
import socket
import stat
import sys
from array import array
from functools import partial
from itertools import chain, compress, tee
from typing import Any

import numpy as np

from ndpipe._pipe import wire
from ndpipe._pipe.descriptors import READING, WRITING, Descriptors
from ndpipe._pipe.files import MAX_IO, Part
from ndpipe._pipe.layouts import CorruptMessageError
from ndpipe._pipe.stream import NO_SIGNAL, Incoming, Outgoing, Stream

__all__ = ["THRESHOLD", "SplicedOutgoing", "begin_arrays", "end_arrays", "take_pipe"]

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

# Bytes. Of a larger pipe more would have to be written, and no cache would hold it; for a smaller
# one the sides wait more often, which costs more than the shorter writing saves.
_PIPE_SIZE = 1 << 20
# Nobody else gets at a pipe during a read. While the receiver copies one half, the sender gives the
# next, which is sooner than to read all that is there.
_READ = _PIPE_SIZE // 2
_F_GETFL, _F_SETPIPE_SZ, _SPLICE_F_NONBLOCK = 3, 1031, 2
_Ends = ctypes.c_int * 2  # here, because a type is garbage with cycles in it
_LOOK_AGAIN = 500  # milliseconds until a wait looks whether the connection was closed meanwhile
_RIGHTS = socket.SOL_SOCKET, getattr(socket, "SCM_RIGHTS", 1)
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


class _Piece(ctypes.Structure):
    """A ``struct iovec``."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))

    @classmethod
    def of(cls, data: Part) -> "_Piece":
        address, _ = np.frombuffer(data, np.uint8).__array_interface__["data"]
        return cls(address, len(data))


if sys.platform == "linux":
    # Of the calls that cannot block, none lets another thread run, which might fork.
    _held, _free = ctypes.PyDLL(None), ctypes.CDLL(None, use_errno=True)
    _vmsplice, _pipe2, _fcntl = _free.vmsplice, _held.pipe2, _held.fcntl
    _vmsplice.restype = ctypes.c_ssize_t
    _vmsplice.argtypes = ctypes.c_int, ctypes.POINTER(_Piece), ctypes.c_ulong, ctypes.c_uint
    _ONE = socket.CMSG_LEN(ctypes.sizeof(ctypes.c_int))  # room for one descriptor


class _Watch:
    """A pipe and the connection that it belongs to, to be waited for together."""

    def __init__(self, file: Any, number: int, event: int) -> None:
        self._file, self._number = file, number
        self._poller = select.poll()
        self._poller.register(number, event)
        self._poller.register(self._connection(), 0)  # for its end

    def _connection(self) -> int:
        number: int = self._file.fileno()
        if number < 0:  # closed by another thread or in a forked child, as is the pipe
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return number

    def is_ready(self) -> bool:
        """Wait until the pipe is ready; return False if the connection has ended before."""
        while True:
            ready = dict(self._poller.poll(_LOOK_AGAIN))
            self._connection()
            if self._number in ready:
                return True
            if ready:  # it may have become ready before the connection ended
                return self._number in dict(self._poller.poll(0))


class SplicedOutgoing(Outgoing):
    """A message whose arrays are spliced, or streamed where that is impossible."""

    def __init__(self, stream: Stream, parts: tuple[Part, ...]) -> None:
        super().__init__(stream, parts)
        self._pipe = Descriptors()

    def release(self) -> None:
        """Close what is open of the pipe."""
        self._pipe.close()

    def _write(self, file: Any) -> None:
        size = self._open_pipe()
        if not size:
            super()._write(file)
            return
        start, *arrays = self._parts
        largest = max(arrays, key=len)
        address = _Piece.of(largest).base if largest else 0
        start = memoryview(wire.spliced(bytes(start), address) + wire.END)
        self._parts = start, *arrays
        self._write_start(file, start)
        self._write_arrays(file, arrays, sum(map(len, arrays)) - size)
        self._pipe.close()

    def _open_pipe(self) -> int:
        """Make a pipe, and return how many bytes it holds; 0 if it cannot be had."""
        if signal.getsignal(signal.SIGPIPE) is not signal.SIG_IGN:
            return 0
        # What fails says so by its result: a handler may raise any exception.
        ends = _Ends()
        made = map(operator.not_, map(_pipe2, (ends,), (os.O_CLOEXEC | os.O_NONBLOCK,)))
        self._pipe.add((READING, WRITING), chain.from_iterable(compress((ends,), made)))
        (size,) = self._pipe.calls(_fcntl, WRITING, _F_SETPIPE_SZ, _PIPE_SIZE)
        if size < _PIPE_SIZE:
            self._pipe.close()
            return 0
        return int(size)

    def _write_start(self, file: Any, start: memoryview) -> None:
        """Write what goes through the socket, the reading end of the pipe with it."""
        self._write_all(file, start[: wire.HEAD_SIZE])
        # With a byte of its own: whoever reads up to there does not lose it.
        (number,) = self._pipe.calls(int, READING)
        rights = [(*_RIGHTS, array("i", [number]))]
        first = start[wire.HEAD_SIZE :][:1]
        self._written.extend(map(file.unix_socket.sendmsg, ((first,),), (rights,), NO_SIGNAL))
        self._pipe.close(READING)  # so that the receiver's death is an error of writing
        self._write_all(file, start[wire.HEAD_SIZE + 1 :])

    def _write_all(self, file: Any, part: Part) -> None:
        while part:
            self._written.extend(file.write((part,), NO_SIGNAL))
            part = part[self._written[-1] :]

    def _write_arrays(self, file: Any, arrays: list[Any], to_splice: int) -> None:
        """Splice so many of the arrays' bytes, and write the others."""
        written, pipe = self._written, self._pipe
        (number,) = pipe.calls(int, WRITING)
        watch = _Watch(file, number, select.POLLOUT)
        for part in arrays:
            while part:
                if not watch.is_ready():
                    raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
                before = len(written)
                if to_splice > 0:
                    piece = _Piece.of(part[: min(to_splice, MAX_IO)])
                    spliced = pipe.calls(_vmsplice, WRITING, piece, 1, _SPLICE_F_NONBLOCK)
                    written.extend(filter((0).__lt__, spliced))
                else:
                    written.extend(pipe.calls(os.write, WRITING, part[:MAX_IO]))
                if len(written) > before:
                    to_splice -= written[-1]
                    part = part[written[-1] :]
                elif ctypes.get_errno() not in (errno.EAGAIN, errno.EINTR):
                    to_splice = 0  # what cannot be spliced can be written, or says why not


class _Source:
    """The reading end of a pipe, for a message to be read from."""

    def __init__(self, file: Any, pipe: Descriptors) -> None:
        self._pipe = pipe
        (number,) = pipe.calls(int, READING)
        self._watch = _Watch(file, number, select.POLLIN)

    def read_into(self, buffer: bytearray | memoryview) -> int:
        """Read what has come into a buffer, waiting for the first byte; return how many."""
        if not self._watch.is_ready():
            return 0
        (n,) = self._pipe.calls(os.readv, READING, (memoryview(buffer)[:_READ],))
        return int(n)


def take_pipe(message: Incoming) -> bytes:
    """Take the pipe of a spliced message.

    Parameters
    ----------
    message : Incoming
        A message whose head was read, and nothing more.

    Returns
    -------
    bytes
        The first byte of the index, which the pipe came with; none if the message was refused
        after that, and has been read so far already.
    """
    stream = message.stream
    message.pipe = pipe = Descriptors()
    stream.kept.move(READING, pipe)
    if READING in pipe:
        return b""
    end = stream.file.unix_socket
    if end is None:
        raise CorruptMessageError("its arrays are in a pipe, which cannot come this way")
    first = bytearray(1)
    # The result is wanted twice: for the descriptors, and for what else it says.
    results, again = tee(map(end.recvmsg_into, ((first,),), (_ONE,), (_CLOSE_ON_EXEC,)))
    items, kinds = tee(chain.from_iterable(map(operator.itemgetter(1), results)))
    are_rights = map(_RIGHTS.__eq__, map(operator.itemgetter(0, 1), kinds))
    rights = compress(map(operator.itemgetter(2), items), are_rights)
    pipe.add((READING,), chain.from_iterable(map(partial(array, "i"), rights)))
    ((count, _, flags, _),) = again
    if not count:
        raise message.end_of_file()
    message.done += count
    _check(pipe, bool(flags & socket.MSG_CTRUNC))
    return bytes(first)


def _check(pipe: Descriptors, is_truncated: bool) -> None:
    if READING not in pipe:
        if is_truncated:
            raise OSError(
                errno.EMFILE,
                "no file descriptor is free for the pipe that carries large arrays: raise the "
                f"limit (ulimit -n), or send with splice_threshold=None or {_VARIABLE}=off",
            )
        raise CorruptMessageError("it has no pipe")
    if is_truncated:
        raise CorruptMessageError("it has more than one descriptor")
    (status,) = pipe.calls(os.fstat, READING)
    (flags,) = pipe.calls(_fcntl, READING, _F_GETFL, 0)
    if not stat.S_ISFIFO(status.st_mode) or flags & os.O_ACCMODE != os.O_RDONLY:
        raise CorruptMessageError("its descriptor is no pipe to read from")
    list(pipe.calls(os.set_blocking, READING, False))  # the peer may have made it otherwise


def begin_arrays(message: Incoming) -> None:
    """Have the arrays of a message read from its pipe, if it has one."""
    if message.pipe is not None:
        message.source = _Source(message.stream.file, message.pipe)


def end_arrays(message: Incoming) -> None:
    """Have what follows the arrays read from the connection."""
    message.source = None
    if message.pipe is not None:
        message.pipe.close()
