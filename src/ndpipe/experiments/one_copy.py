"""Ways to move an array between two processes with one copy of its bytes.

A socket copies twice. Beside what :func:`ndpipe.Pipe` does about that, these are the ways that it
does not take, a few lines each. Like the rungs of :mod:`ndpipe.experiments.ladder` they trust the
peer, and send one-dimensional arrays of float64.
"""

import contextlib
import ctypes
import mmap
import multiprocessing
import os
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.reduction import recv_handle, send_handle
from typing import Any

import numpy as np

from ndpipe import connection
from ndpipe.transports.base import Array, TransportInfo
from ndpipe.transports.pipes import NdPipe, NdPipeInto, StandardPipe

__all__ = [
    "WAYS",
    "MemoryFile",
    "PeersMemory",
    "PeersMemoryInto",
    "Streamed",
    "StreamedInto",
    "grown_by_reading",
    "read_memory",
]


def _info(name: str, title: str, copies: float, kept: float = 0) -> TransportInfo:
    return TransportInfo(
        name=name,
        title=title,
        family="ladder",
        moves="copies",
        topology="one-to-one",
        writeable="yes, its own copy",
        cleanup="closing both ends",
        memory=(copies, kept),
        destination="used memory" if kept else "new memory",
        directions=("to-child",),
        platforms=("Linux",),
    )


class Streamed(NdPipe):
    """An ``ndpipe.Pipe`` that sends everything through its socket."""

    info = _info("streamed", "streamed, recv", 1)

    def open(self, context: BaseContext, n: int) -> tuple[Connection, Connection]:  # noqa: ARG002 - the call of the interface
        """Switch splicing off."""
        receiver, sender = connection.Pipe(splice_threshold=None)
        return sender, receiver


class StreamedInto(NdPipeInto):
    """The same, received into one array again and again."""

    info = _info("streamed-into", "streamed, recv_into", 1, 1)

    def open(self, context: BaseContext, n: int) -> tuple[Connection, tuple[Connection, int]]:  # noqa: ARG002 - the call of the interface
        """Switch splicing off."""
        receiver, sender = connection.Pipe(splice_threshold=None)
        return sender, (receiver, n)


def read_memory(pid: int, address: int, out: Array) -> None:
    """Fill an array from the memory of another process.

    Parameters
    ----------
    pid : int
        The process.
    address : int
        Where in its memory to begin.
    out : ndarray, contiguous

    Raises
    ------
    OSError
        If the system does not let this process read that one, or has no such call.

    Notes
    -----
    Who may is decided as for a debugger: see ``process_vm_readv(2)`` and ``ptrace(2)``.

    Examples
    --------
    >>> import os
    >>> import numpy as np
    >>> from ndpipe.experiments.one_copy import read_memory
    >>> here, there = np.arange(3.0), np.zeros(3)
    >>> read_memory(os.getpid(), here.ctypes.data, there)
    >>> there
    array([0., 1., 2.])
    """
    call = ctypes.CDLL(None, use_errno=True).process_vm_readv
    call.restype = ctypes.c_ssize_t
    done = 0
    while done < out.nbytes:
        rest = out.nbytes - done
        local, remote = ((ctypes.c_size_t * 2)(a + done, rest) for a in (out.ctypes.data, address))
        n = call(pid, local, ctypes.c_ulong(1), remote, ctypes.c_ulong(1), ctypes.c_ulong(0))
        if n <= 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        done += n


class PeersMemory(StandardPipe):
    """The receiver reads the sender's memory; only its address goes through the Pipe."""

    info = _info("peers-memory", "the peer's memory", 1)

    def send(self, end: Connection, array: Array) -> None:
        """Say where the array is, and wait until it has been read."""
        end.send((os.getpid(), array.ctypes.data, array.size))
        end.recv()

    def receive(self, end: Connection) -> Array:
        """Read it, and say so."""
        pid, address, size = end.recv()
        array = self.destination(size)
        read_memory(pid, address, array)
        end.send(None)
        return array

    def destination(self, size: int) -> Array:
        """Make the array that is to be filled."""
        return np.empty(size)


class PeersMemoryInto(PeersMemory):
    """The same, into one array again and again."""

    info = _info("peers-memory-into", "the peer's memory, into", 1, 1)

    out: Array = np.empty(0)

    def destination(self, size: int) -> Array:
        """Return the array of the last time."""
        if self.out.size != size:
            self.out = np.empty(size)
        return self.out


class MemoryFile(StandardPipe):
    """A file without a name that is in memory only; the Pipe's socket carries its descriptor."""

    info = _info("memory-file", "a sealed memory file", 1)

    def send(self, end: Connection, array: Array) -> None:
        """Copy the array into the file, and forbid any change to it."""
        from fcntl import F_ADD_SEALS, F_SEAL_SHRINK, F_SEAL_WRITE, fcntl

        file = os.memfd_create("array", os.MFD_ALLOW_SEALING)
        os.ftruncate(file, array.nbytes)
        with mmap.mmap(file, array.nbytes) as memory:
            memory.write(array.data.cast("B"))
        fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK)
        send_handle(end, file, None)
        os.close(file)

    def receive(self, end: Any) -> Array:
        """Map the file: an array that nobody can write to."""
        file = recv_handle(end)
        memory = mmap.mmap(file, 0, prot=mmap.PROT_READ)
        os.close(file)
        return np.frombuffer(memory)


#: What the page measures, in its order.
WAYS = (
    StandardPipe,
    Streamed,
    NdPipe,
    StreamedInto,
    NdPipeInto,
    PeersMemory,
    PeersMemoryInto,
    MemoryFile,
)


def grown_by_reading(nbytes: int) -> int:
    """Return how much memory a sender needs more, after its child has read an array in it.

    A forked child shares its parent's memory until one of them writes.

    Parameters
    ----------
    nbytes : int
        Size of the array in bytes.

    Returns
    -------
    int
        In bytes.

    Raises
    ------
    OSError
        If the system does not let the child read its parent's memory.

    Examples
    --------
    >>> from ndpipe.experiments.one_copy import grown_by_reading
    >>> try:
    ...     grown = grown_by_reading(8_000_000)
    ... except OSError:
    ...     grown = 0
    >>> 0 <= grown < 16_000_000
    True
    """
    array = np.ones(nbytes // 8)
    own, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("fork")
    child = context.Process(target=_read_parent, args=(theirs, own, array.ctypes.data, array.size))
    child.start()
    theirs.close()
    try:
        own.recv()
        before = _own_bytes(array)
        own.send("read")
        error = own.recv()
        after = _own_bytes(array)
    finally:
        own.close()
        child.join()
    if error:
        raise error
    return max(0, after - before)


def _own_bytes(array: Array) -> int:
    """Return how much of the memory around an array this process shares with no other."""
    import psutil

    own, begin = 0, array.ctypes.data
    for area in psutil.Process().memory_maps(grouped=False):  # an array may lie in several
        first, end = (int(address, 16) for address in area.addr.split("-"))
        if first < begin + array.nbytes and begin < end:
            own += area.private_clean + area.private_dirty
    return own


def _read_parent(end: Connection, other: Connection, address: int, size: int) -> None:
    other.close()
    error = None
    # New to the system: what the allocator has free would be shared with the parent, until now.
    out = np.frombuffer(mmap.mmap(-1, 8 * size))
    end.send("started")
    end.recv()
    try:
        read_memory(os.getppid(), address, out)
    except OSError as refusal:
        error = refusal
    end.send(error)
    with contextlib.suppress(EOFError):
        end.recv()  # the pages are shared until the parent has counted
