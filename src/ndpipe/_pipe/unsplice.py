"""The receiver's side of the spliced way: a pipe is taken from the connection, and read.

What the sender does, and why, is in :mod:`ndpipe._pipe.splice`.
"""

import errno
import operator
import os
import select
import socket
import stat
import sys
from array import array
from functools import partial
from itertools import chain, compress, tee
from typing import Any

from ndpipe._pipe.descriptors import READING, Descriptors
from ndpipe._pipe.incoming import Incoming
from ndpipe._pipe.layouts import CorruptMessageError
from ndpipe._pipe.raised import is_of_the_call
from ndpipe._pipe.watch import Watch

if sys.platform == "linux":
    import fcntl

__all__ = ["begin_arrays", "end_arrays", "take_pipe"]

# Bytes of one read, half of what the pipe holds: nobody else gets at a pipe during a read. While
# the receiver copies one half the sender waits, and gives the next while the receiver copies the
# other, which is sooner than to read all that is there.
_READ = 1 << 19
_RIGHTS = socket.SOL_SOCKET, getattr(socket, "SCM_RIGHTS", 1)
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
_DESCRIPTOR = array("i", [0]).itemsize  # bytes
_CREDENTIALS = 3 * _DESCRIPTOR  # which come before it where they were asked for: unix(7)


class _Source:
    """The reading end of a pipe, for a message to be read from."""

    def __init__(self, file: Any, pipe: Descriptors) -> None:
        self._pipe = pipe
        (number,) = pipe.calls(int, READING)
        self._watch = Watch(file, number, select.POLLIN)

    def read_into(self, buffer: bytearray | memoryview) -> int:
        """Read what has come into a buffer, waiting for the first byte; return how many."""
        pieces = (memoryview(buffer)[:_READ],)
        n: list[int] = []
        while True:
            self._watch.connection()
            # Not only when something is known to be there: a read waits for a sender that is just
            # giving it pages, and that takes less time than to fall asleep and wake up.
            try:
                next(map(n.append, self._pipe.calls(os.readv, READING, pieces)))
                return n[0]
            except BlockingIOError as error:
                if n or not is_of_the_call(error):
                    raise
            if not self._watch.is_ready():
                return 0


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
    room = socket.CMSG_LEN(_DESCRIPTOR)
    if end.getsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED):  # somebody has set it
        room += socket.CMSG_SPACE(_CREDENTIALS)
    results, again = tee(map(end.recvmsg_into, ((first,),), (room,), (_CLOSE_ON_EXEC,)))
    items, kinds = tee(chain.from_iterable(map(operator.itemgetter(1), results)))
    are_rights = map(_RIGHTS.__eq__, map(operator.itemgetter(0, 1), kinds))
    rights = compress(map(operator.itemgetter(2), items), are_rights)
    pipe.add((READING,), chain.from_iterable(map(partial(array, "i"), rights)))
    count, _, flags, _ = next(again)
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
                "limit (ulimit -n), or send with splice_threshold=None or "
                "NDPIPE_SPLICE_THRESHOLD=off",
            )
        raise CorruptMessageError("it has no pipe")
    if is_truncated:
        raise CorruptMessageError("it has more than one descriptor")
    (status,) = pipe.calls(os.fstat, READING)
    (flags,) = pipe.calls(fcntl.fcntl, READING, fcntl.F_GETFL)
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
