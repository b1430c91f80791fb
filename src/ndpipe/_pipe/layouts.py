"""What must be known of an array before its bytes can be received, and whether it fits."""

import math
import sys
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ndpipe._pipe.buffers import plain_view
from ndpipe._pipe.lending import SMALLEST, lend
from ndpipe._pipe.pickling import pickles_as_array
from ndpipe._pipe.plain_dtypes import is_bytes
from ndpipe._pipe.raised import is_of_the_call
from ndpipe._pipe.unpickling import DescribedDtype

__all__ = ["REMEMBERED", "CorruptMessageError", "Layout", "check_destination"]

REMEMBERED = 64  # layouts for which what was made once is kept
_ARRAY = "the array in the message"


class CorruptMessageError(OSError):
    """What came is not a message."""

    def __init__(self, what: str) -> None:
        super().__init__(f"corrupt message: {what}")


class Layout(NamedTuple):
    """What must be known of an array before its bytes can be received."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    order: Literal["C", "F"]

    @classmethod
    def of(cls, array: NDArray[Any]) -> "Layout":
        """Return the layout in which `array` travels: Fortran order only where it is not C."""
        array = plain_view(array)
        fortran = array.flags.f_contiguous and not array.flags.c_contiguous
        return cls(array.dtype, array.shape, "F" if fortran else "C")

    def check(self) -> None:
        """Raise unless an array can have this layout: it may come from anywhere."""
        is_dtype = isinstance(self.dtype, np.dtype) and self.dtype.subdtype is None
        if not is_dtype or not is_bytes(self.dtype):
            raise CorruptMessageError(f"an array of dtype {self.dtype!r}")
        is_tuple = type(self.shape) is tuple
        is_shape = is_tuple and False not in [type(n) is int and n >= 0 for n in self.shape]
        if not is_shape or self.nbytes > sys.maxsize:
            raise CorruptMessageError(f"an array of shape {self.shape!r}")
        if self.order not in ("C", "F"):
            raise CorruptMessageError(f"an array in order {self.order!r}")

    def known_by(self, out: NDArray[Any]) -> "Layout":
        """Return this layout, which a restricted pickle describes, with the dtype of `out`."""
        dtype: Any = self.dtype
        if type(dtype) is not DescribedDtype:
            raise CorruptMessageError("an array of no dtype")
        known = plain_view(out).dtype
        if not dtype.is_like(known):
            raise ValueError(f"{_ARRAY} has dtype {dtype}, out has {known}")
        return self._replace(dtype=known)

    def allocate(self, place: int | None = None) -> NDArray[Any]:
        """Return an array of this layout with undefined contents.

        A large one begins `place` bytes past a multiple of 64, if that is given.
        """
        memory = lend(self.nbytes, place) if self.nbytes >= SMALLEST else None
        try:
            # Not np.empty(), which makes a datetime64 without a unit one of this byte order.
            return np.ndarray(self.shape, self.dtype, memory, order=self.order)
        except ValueError as error:  # more dimensions than NumPy has, for example
            if not is_of_the_call(error):
                raise
            raise CorruptMessageError(str(error)) from error

    @property
    def nbytes(self) -> int:
        """The size of an array of this layout in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize

    def check_into(self, out: NDArray[Any]) -> None:
        """Raise if an array of this layout cannot be received into `out`."""
        message, out = _ARRAY, plain_view(out)
        if out.dtype != self.dtype:
            raise ValueError(f"{message} has dtype {self.dtype}, out has {out.dtype}")
        if out.shape != self.shape:
            raise ValueError(f"{message} has shape {self.shape}, out has {out.shape}")
        if not (out.flags.f_contiguous if self.order == "F" else out.flags.c_contiguous):
            raise ValueError(f"{message} is in {self.order} order, out is not")


def check_destination(out: NDArray[Any]) -> None:
    """Raise unless some array could be received into `out`."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be an ndarray, not {type(out).__name__}")
    view = plain_view(out)
    if not is_bytes(view.dtype) or not pickles_as_array(type(out)):
        raise TypeError(f"out is {type(out).__name__} of {view.dtype}: more than its bytes")
    if not view.flags.writeable:
        raise ValueError("out is read-only")
    if not view.flags.forc:
        raise ValueError("out must be contiguous, in C or Fortran order")
