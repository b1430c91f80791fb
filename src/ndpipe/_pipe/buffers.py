"""The memory of arrays and other buffers, reached by functions that no subclass can own."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["contiguous", "copy", "flat", "flat_writeable", "plain_view", "raw"]


def plain_view(array: NDArray[Any]) -> NDArray[Any]:
    """Return the same memory as an `ndarray` of no subclass, whose methods are NumPy's."""
    return array if type(array) is np.ndarray else np.ndarray.view(array, np.ndarray)


def raw(array: NDArray[Any]) -> memoryview:
    """Return the bytes of a contiguous array as a flat buffer, without copying them.

    Not ``memoryview(array).cast("B")``: that fails for Fortran order, datetime64 and size zero.
    """
    buffer: Any = plain_view(array).reshape(-1, order="A").view(np.uint8)
    return memoryview(buffer)


def copy(array: NDArray[Any]) -> NDArray[Any]:
    """Return a copy in Fortran order if the array is in that order only, else in C order."""
    return plain_view(array).copy(order="A")


def contiguous(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array itself if it is in C or Fortran order, else a copy in C order."""
    array = plain_view(array)
    return array if array.flags.forc else copy(array)


def flat(buffer: Any) -> memoryview:
    """Return a C-contiguous buffer as one of bytes in one dimension."""
    view = memoryview(buffer)
    if view.nbytes == 0:  # which cast() refuses
        return memoryview(b"" if view.readonly else bytearray())
    return view.cast("B")


def flat_writeable(buffer: Any) -> memoryview:
    """Return a C-contiguous buffer as one of bytes that can be written, or raise."""
    view = flat(buffer)
    if view.readonly:
        raise TypeError("the buffer is read-only")
    return view
