"""Pickling that sets large arrays aside."""

import copyreg
import io
import pickle
import sys
from collections.abc import Set
from multiprocessing.reduction import ForkingPickler
from types import BuiltinFunctionType, FunctionType
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ndpipe._pipe.buffers import contiguous, copy, plain_view, raw
from ndpipe._pipe.plain_dtypes import OWN, has_metadata, is_bytes, is_usual
from ndpipe._pipe.raised import is_of_the_call

__all__ = [
    "Pickler",
    "array_beside",
    "dumps",
    "is_plain",
    "package_of",
    "pickles_as_array",
]

# Packages whose own ways of pickling do not write to an array that they have already returned.
_KNOWN = sys.stdlib_module_names | {"numpy"}
# What was registered with ForkingPickler, which multiprocessing pickles with. It has a say before
# copyreg, but not over functions and classes, which are pickled by name.
_REDUCERS: dict[type, Any] = ForkingPickler._extra_reducers  # type: ignore[attr-defined] # private
_BY_NAME = frozenset({FunctionType, type})
_OF_ARRAYS = OWN | {BuiltinFunctionType}  # what the pickle of every array holds
# Which no reducer is asked about, and which hold nothing.
_ATOMS = frozenset({bool, bytes, float, int, str, type(None)})
_NOTHING: Set[type] = frozenset()
_FEW = 8  # objects that are looked at before they are pickled
_SHORT = 16384  # bytes of a pickle
# With protocol 5, the default from Python 3.14 on, what is read-only arrives read-only.
_ARRIVES_WRITEABLE = pickle.DEFAULT_PROTOCOL < 5


def pickles_as_array(cls: Any) -> bool:
    """Whether arrays of a class pickle as NumPy's own do: as their bytes, layout and class."""
    return (
        cls.__reduce__ is np.ndarray.__reduce__
        and cls.__reduce_ex__ is np.ndarray.__reduce_ex__
        and cls.__setstate__ is np.ndarray.__setstate__
        and cls not in _REDUCERS
        and cls not in copyreg.dispatch_table
    )


def array_beside(*_: Any) -> NoReturn:
    """Stand in the pickle of an object for an array whose bytes follow it."""
    raise pickle.UnpicklingError("this pickle's arrays travelled beside it; only recv() has them")


# The format names this function: its name must not change with the module it stands in.
array_beside.__module__, array_beside.__name__ = "ndpipe", "_array"
array_beside.__qualname__ = "_array"


class Pickler(pickle.Pickler):
    """The pickler of multiprocessing, but that it sets large arrays aside.

    Not a subclass of `ForkingPickler`, which makes its table of reducers anew for every message.
    To make a pickler costs more than to pickle a small object, so one is used again: `dumps`.

    Attributes
    ----------
    file : io.BytesIO
        What is written to.
    threshold : int
        Arrays of at least so many bytes are set aside.
    arrays : list of ndarray
        What was set aside: contiguous arrays whose bytes are to follow the pickle.
    met : set of type
        The classes of other objects, which nothing need be done about.
    first : ndarray or None
        The first of them, as it was met.
    copies : bool
        Whether some object's own code takes part, so that arrays are copied when they are met.
    """

    __slots__ = ("arrays", "copies", "file", "first", "met", "threshold")

    threshold: int
    arrays: list[NDArray[Any]]
    met: Set[type]
    first: NDArray[Any] | None
    copies: bool

    def __init__(self) -> None:
        self.file = io.BytesIO()
        super().__init__(self.file)
        self.arrays, self.met, self.first, self.copies = [], _NOTHING, None, False

    def reducer_override(self, obj: Any) -> Any:
        """Set a large array aside; leave anything else to the standard library."""
        cls = type(obj)
        if cls is np.ndarray and cls not in _REDUCERS:
            # Soon: there may be many of these.
            if (
                obj.nbytes < self.threshold
                and obj.dtype.byteorder in "=|"
                and (_ARRIVES_WRITEABLE or obj.flags.writeable)
            ):
                return NotImplemented
            return self._reduce_array(cls, obj, obj)
        if cls in _BY_NAME or cls in self.met:
            return NotImplemented
        if cls in _REDUCERS:
            self._notice_code_of(cls)
            return _REDUCERS[cls](obj)
        if cls in _OF_ARRAYS and cls not in copyreg.dispatch_table:
            return NotImplemented
        if issubclass(cls, np.ndarray) and pickles_as_array(cls):
            return self._reduce_array(cls, plain_view(obj), obj)
        if self.arrays:
            self._notice_code_of(cls)
        self.met = {*self.met, cls}
        return NotImplemented

    def _notice_code_of(self, cls: type) -> None:
        if _has_code_of_its_own(cls):  # and it may change the arrays that were set aside
            self.copies = True
            self.arrays = [copy(array) for array in self.arrays]

    def _reduce_array(self, cls: type, array: NDArray[Any], obj: NDArray[Any]) -> Any:
        dtype, is_large = array.dtype, array.nbytes >= self.threshold
        if not pickles_as_array(cls) or not is_bytes(dtype):
            return NotImplemented
        # Metadata may hold any object, which travels with the message's own objects.
        if is_large and not has_metadata(dtype):
            # Code that pickles an object may fill the same memory for one array after the other.
            # The standard pickler reads each array when it meets it.
            self.copies = self.copies or True in [_has_code_of_its_own(cls) for cls in self.met]
            if not self.arrays:
                self.first = obj
            self.arrays.append(copy(array) if self.copies else contiguous(array))
            return array_beside, (len(self.arrays) - 1, cls)
        if dtype.byteorder in "=|":
            return np.ndarray.__reduce__(obj)  # as protocol 4 has it
        return _in_its_byte_order(cls, contiguous(array))


_idle: list[Pickler] = []


def dumps(obj: Any, threshold: int) -> tuple[bytes, list[NDArray[Any]], bool]:
    """Pickle an object, with its large arrays set aside.

    Returns
    -------
    pickled : bytes
    arrays : list of ndarray
        What was set aside.
    is_array : bool
        Whether the object is itself the one array.
    """
    try:
        pickler = _idle.pop()  # whoever else pickles meanwhile has another
    except IndexError as error:
        if not is_of_the_call(error):
            raise
        pickler = Pickler()
    pickler.threshold = threshold
    pickler.dump(obj)
    # Not getbuffer(): kept in a traceback, it crashes Python 3.12.1 (cpython#111049).
    file = pickler.file
    pickled = file.getvalue()
    if pickler.arrays:
        return pickled, pickler.arrays, type(obj) is np.ndarray and pickler.first is obj
    if len(pickled) <= _SHORT:  # after a long one, it would take memory for such every time
        pickler.clear_memo()
        file.seek(0)
        file.truncate()
        pickler.met, pickler.copies = _NOTHING, False
        _idle.append(pickler)
    return pickled, [], False


def is_plain(obj: Any, threshold: int) -> bool:
    """Whether an object is small, and its pickle is one in which there is nothing to look at."""
    cls = type(obj)
    if cls in _ATOMS:
        return True
    if cls is np.ndarray:
        return _is_plain_array(obj, threshold)
    if (cls is not tuple and cls is not list) or len(obj) > _FEW:
        return False
    for item in obj:
        if type(item) not in _ATOMS and (
            type(item) is not np.ndarray or not _is_plain_array(item, threshold)
        ):
            return False
    return True


def _is_plain_array(array: NDArray[Any], threshold: int) -> bool:
    dtype = array.dtype
    return (
        array.nbytes < threshold
        and dtype.byteorder in "=|"
        and array.flags.writeable
        and is_usual(dtype)
        and _REDUCERS.keys().isdisjoint((np.ndarray, type(dtype), BuiltinFunctionType))
    )


def _in_its_byte_order(cls: type, array: NDArray[Any]) -> tuple[Any, ...]:
    """Reduce an array of the other byte order, which NumPy would unpickle into this machine's.

    Its bytes as an array of their own, and how to make it of them, are what a standard end can
    unpickle. A subclass's own constructor may take anything: NumPy's is called past it.
    """
    order = "C" if array.flags.c_contiguous else "F"
    layout = array.shape, array.dtype, np.frombuffer(raw(array), np.uint8), 0, None, order
    if cls is np.ndarray:
        return copyreg.__newobj__, (cls, *layout)  # type: ignore[attr-defined] # no stub
    return np.ndarray.__new__, (cls, *layout)


def _has_code_of_its_own(cls: Any) -> bool:
    """Whether instances of a class are pickled by code that is not the standard library's."""
    ways = [cls.__reduce_ex__, cls.__reduce__, cls.__getstate__]
    ways += [_REDUCERS.get(cls), copyreg.dispatch_table.get(cls)]
    if not issubclass(cls, tuple):  # a named tuple makes a function of the first kind for itself
        ways += [getattr(cls, name, None) for name in ("__getnewargs_ex__", "__getnewargs__")]
    if issubclass(cls, list | dict):
        ways += [cls.__iter__, getattr(cls, "items", None)]
    return False in [_is_known(way) for way in ways]


def _is_known(way: Any) -> bool:
    owner = getattr(way, "__objclass__", way)
    return way is None or package_of(getattr(owner, "__module__", None) or "") in _KNOWN


def package_of(module: str) -> str:
    return module.partition(".")[0]
