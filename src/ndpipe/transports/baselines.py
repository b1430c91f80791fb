"""Yardsticks: the cost of memory itself, within one process."""

import numpy as np

from ndpipe.transports.base import Array, Local, TransportInfo

__all__ = ["FirstTouch", "MemCopy", "MemCopyNew"]

_OWN, _CLEANUP = "yes, its own copy", "garbage collection"


class MemCopy(Local):
    """A copy within one process, into an array that was used before."""

    info = TransportInfo(
        *("memcpy", "memcpy", "baseline", "copies", "one-to-one", _OWN, _CLEANUP, (1, 1)),
        destination="used memory",
    )

    out: Array = np.empty(0)

    def move(self, array: Array) -> Array:
        if self.out.shape != array.shape:
            self.out = np.empty_like(array)
        np.copyto(self.out, array)
        return self.out


class MemCopyNew(Local):
    """A copy within one process, into a new array."""

    info = TransportInfo(
        *("memcpy-new", "memcpy, new memory", "baseline", "copies", "one-to-one", _OWN, _CLEANUP),
        memory=(1, 0),
    )

    def move(self, array: Array) -> Array:
        return array.copy()


class FirstTouch(Local):
    """No copy: only the first touch of as much new memory as the array has, a value a page."""

    info = TransportInfo(
        *("first-touch", "first touch of new memory", "baseline", "copies", "one-to-one"),
        *("the array is the sender's", _CLEANUP, (1, 0)),
    )

    def move(self, array: Array) -> Array:
        np.empty_like(array)[:: 4096 // array.itemsize] = 0.0
        return array
