"""Reading the memory of another process, and what that costs the other."""

import contextlib
import ctypes
import errno
import mmap
import multiprocessing
import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from ndpipe.transports.base import Array

__all__ = ["grown_by_reading", "read_memory"]

_EXCLUSIVE = 56  # bit of an entry in /proc/self/pagemap: the page is mapped once


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
    >>> from ndpipe.experiments.process_memory import read_memory
    >>> here, there = np.arange(3.0), np.zeros(3)
    >>> try:
    ...     read_memory(os.getpid(), here.ctypes.data, there)
    ... except OSError:
    ...     there[:] = here
    >>> there
    array([0., 1., 2.])
    """
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
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
        If the system does not let the child read its parent's memory, or does not say which
        pages are shared.

    Notes
    -----
    Which pages are is said by ``/proc/self/pagemap``, as the kernel's *Examining Process Page
    Tables* describes.

    Examples
    --------
    >>> from ndpipe.experiments.process_memory import grown_by_reading
    >>> try:
    ...     grown = grown_by_reading(8_000_000)
    ... except OSError:
    ...     grown = 0
    >>> 0 <= grown < 8_100_000
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
    """Return how much of the memory of an array this process shares with no other."""
    # Of the pages of the array alone: around it is what the allocator gives to others.
    first = array.ctypes.data // mmap.PAGESIZE
    end = (array.ctypes.data + array.nbytes - 1) // mmap.PAGESIZE + 1
    with Path("/proc/self/pagemap").open("rb") as pagemap:
        pagemap.seek(8 * first)
        entries = np.frombuffer(pagemap.read(8 * (end - first)), np.uint64)
    return int((entries >> np.uint64(_EXCLUSIVE) & np.uint64(1)).sum()) * mmap.PAGESIZE


def _read_parent(end: Connection, other: Connection, address: int, size: int) -> None:
    other.close()
    error = None
    # New to the system: what the allocator has free would be shared with the parent, until now.
    out = np.frombuffer(mmap.mmap(-1, 8 * size))
    with contextlib.suppress(EOFError):  # the parent cannot count
        end.send("started")
        end.recv()
        try:
            read_memory(os.getppid(), address, out)
        except OSError as refusal:
            error = refusal
        end.send(error)
        end.recv()  # the pages are shared until the parent has counted
