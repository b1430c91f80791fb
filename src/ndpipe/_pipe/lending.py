"""Memory for large arrays that is lent again once nothing refers to it any more.

The system provides new memory page by page, at its first touch, which can take as long as the
copy that fills it. A program that receives one array after another frees as many as it receives;
their memory is kept here for the next ones, and the system may take it meanwhile (``MADV_FREE``):
it is new memory again then.

Memory is lent through an object that every array in it holds, and whatever is made of those. How it
comes back, when that object is freed, is one call of C with no Python code in it: an exception that
a signal handler raises in a callback would be printed and lost.
"""

import mmap
import sys
import weakref
from collections import deque
from functools import partial
from itertools import filterfalse
from operator import methodcaller
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ndpipe._pipe.growing import Memory, new_memory
from ndpipe._pipe.raised import is_of_the_call

__all__ = ["SMALLEST", "lend"]

SMALLEST = 1 << 24
"""Bytes of an array from which its memory is lent: smaller ones an allocator keeps by itself."""

_KEPT = 4  # memories that are kept, as many as a message of two arrays and the one before it have
_LINE = 64  # bytes of a cache line: a copy from memory that begins alike within one is faster
_USUAL = 16  # where in a line malloc() begins the memory of a large array
_CAN_FREE = sys.platform == "linux"  # elsewhere there is no such call, or it means another thing

_kept: deque[Memory] = deque(maxlen=_KEPT)


class _Root:
    """What lent memory is reached through: an array of it has this as its base.

    Not the memory itself, which an array could be made of that this knows nothing of.
    """

    __slots__ = ("__array_interface__", "__weakref__", "_memory")

    def __init__(self, memory: Memory, start: int, nbytes: int) -> None:
        self._memory = memory
        bytes_of_it = np.ndarray(nbytes, np.uint8, memory, start)
        self.__array_interface__ = bytes_of_it.__array_interface__


class _Loan(weakref.ref[_Root]):
    """A reference to the root of memory that is lent, with what takes the memory back."""

    back: Any = list  # nothing, until it has one


_come_back = methodcaller("back")
_loans: list[_Loan] = []


def lend(nbytes: int, place: int | None = None) -> NDArray[np.uint8] | None:
    """Return memory with undefined contents; None where it cannot be kept.

    Parameters
    ----------
    nbytes : int
        Its size.
    place : int, optional
        Where it is to begin, in bytes past a multiple of 64.
    """
    memory = _take(_LINE + nbytes)
    if memory is None:
        memory = _new(_LINE + nbytes)
    if memory is None:
        return None
    start = _USUAL if place is None else place
    root = _Root(memory, start, nbytes)
    # The system may take its pages, which returns None, and only then it is kept.
    free = methodcaller("madvise", mmap.MADV_FREE)
    loan = _Loan(root, _come_back)
    loan.back = partial(_kept.extend, filterfalse(free, [memory]))
    _loans[:] = [loan, *(other for other in _loans if other() is not None)]
    return np.asarray(root)


def _take(nbytes: int) -> Memory | None:
    """Return memory that was kept, of the size that is wanted or little more."""
    for _ in range(len(_kept)):
        try:
            memory = _kept.popleft()
        except IndexError as error:  # another thread took it
            if not is_of_the_call(error):
                raise
            return None
        if nbytes <= len(memory) <= nbytes + nbytes // 8:
            return memory
        _kept.append(memory)
    return None


def _new(nbytes: int) -> Memory | None:
    if not _CAN_FREE:
        return None
    try:
        memory = new_memory(nbytes)
    except MemoryError as error:  # which there may be when what is kept is given up
        if not is_of_the_call(error):
            raise
        _kept.clear()
        memory = new_memory(nbytes)
    try:
        memory.madvise(mmap.MADV_FREE)
    except OSError as error:  # its pages are locked in memory
        if not is_of_the_call(error):
            raise
        return None
    return memory
