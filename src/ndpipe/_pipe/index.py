"""What an out-of-band message of pickled kind holds, read from its index."""

import io
import pickle
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ndpipe._pipe import wire
from ndpipe._pipe.buffers import raw
from ndpipe._pipe.in_band import NOT_AN_ARRAY, load_only_array
from ndpipe._pipe.layouts import REMEMBERED, CorruptMessageError, Layout
from ndpipe._pipe.pickling import array_beside
from ndpipe._pipe.plain_dtypes import is_usual
from ndpipe._pipe.raised import fails, is_of_the_call

__all__ = ["Index"]


class Index:
    """What an out-of-band message holds: the layout of each array, and the object around them.

    Parameters
    ----------
    start : bytes
        The message up to and with its index.
    out : ndarray, optional
        The array that is to be filled: nothing but an array is unpickled then.

    Attributes
    ----------
    layouts : list of Layout
        Of each array, in the order of their bytes.
    nbytes : int
        The size of all arrays together in bytes.
    cost : int
        The size of the index in bytes.
    end : bytes
        What follows the bytes of the arrays.
    is_array : bool
        Whether the object is itself the one array.
    place : int or None
        Where the arrays begin in the sender's memory, in bytes past a multiple of 64.
    """

    def __init__(self, start: bytes, out: NDArray[Any] | None = None) -> None:
        index = bytes(wire.index_of(start))
        self.cost, self.place = len(index), wire.place_of(start)
        known = _layouts.get(index)
        if known is not None:
            self.layouts, end = [known], len(index)
        else:
            self.layouts, end = _read_layouts(index, out)
            if end == len(index) and len(self.layouts) == 1:
                _remember(index, self.layouts[0])
        self.nbytes = sum([layout.nbytes for layout in self.layouts])
        self.end = wire.end_of(start, self.nbytes)
        self._pickled = index[end:]
        self.is_array = not self._pickled
        if self.is_array and len(self.layouts) != 1:
            raise CorruptMessageError("it has no object")

    def rebuild(self, arrays: list[NDArray[Any]]) -> Any:
        """Return the object that was sent, around the arrays that were received."""
        return _ArraysBeside(io.BytesIO(self._pickled), arrays).load()


def _read_layouts(index: bytes, out: NDArray[Any] | None) -> tuple[list[Layout], int]:
    """Return the layouts of an index, checked, with the place where they end."""
    if out is None:
        entries, end = _load_layouts(index)
    else:
        entries, end = load_only_array(index, out)
        if end < len(index):
            raise TypeError(NOT_AN_ARRAY)
    try:
        layouts = [Layout(*entry) for entry in entries]
        if out is not None:
            layouts = [layout.known_by(out) for layout in layouts]
    except TypeError as error:
        if not is_of_the_call(error):
            raise
        raise CorruptMessageError(f"its index: {error}") from error
    for layout in layouts:
        layout.check()
    return layouts, end


# From the index of a message that is an array, where it is the one that this end would write: it
# need not be read again.
_layouts: dict[bytes, Layout] = {}


def _remember(index: bytes, layout: Layout) -> None:
    if is_usual(layout.dtype) and wire.index_for(layout) == index:
        if len(_layouts) >= REMEMBERED:
            _layouts.clear()
        _layouts[index] = layout


class _ArraysBeside(pickle.Unpickler):
    """An unpickler that has the arrays which came out of band."""

    def __init__(self, file: io.BytesIO, arrays: list[NDArray[Any]]) -> None:
        super().__init__(file)
        # Not a method: what an unpickler finds it remembers, and it would hold itself, and so the
        # arrays, until garbage is collected.
        self._array = partial(_array_of, arrays)

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == (array_beside.__module__, array_beside.__qualname__):
            return self._array
        return super().find_class(module, name)


def _array_of(arrays: list[NDArray[Any]], number: int, cls: type[NDArray[Any]]) -> NDArray[Any]:
    if type(number) is not int or not 0 <= number < len(arrays):
        raise CorruptMessageError(f"it has no array {number!r}")
    array = arrays[number]
    if cls is np.ndarray:
        return array
    # As unpickling does it: the class sees a new array, not a view of another.
    dtype, shape, order = Layout.of(array)
    return np.ndarray.__new__(cls, shape, dtype, raw(array), 0, None, order)


def _load_layouts(index: bytes) -> tuple[Any, int]:
    """Unpickle the layouts of an index; return them with the place where they end."""

    def load() -> tuple[Any, int]:
        file = io.BytesIO(index)
        return pickle.load(file), file.tell()

    try:
        return load()
    except Exception as error:
        if fails(load):
            raise CorruptMessageError(f"its index: {error}") from error
        raise
