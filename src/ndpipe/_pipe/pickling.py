"""Pickling that sets large arrays aside, and unpickling that does nothing but make an array."""

import codecs
import contextlib
import copyreg
import io
import pickle
import re
import struct
import sys
from collections.abc import Callable, Mapping, Set
from multiprocessing.reduction import ForkingPickler
from types import BuiltinFunctionType, FunctionType, SimpleNamespace
from typing import Any, ClassVar, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from ndpipe._pipe.buffers import contiguous, copy, plain_view, raw

__all__ = [
    "ArrayUnpickler",
    "Described",
    "DescribedDtype",
    "Pickler",
    "array_beside",
    "dumps",
    "fails",
    "has_metadata",
    "is_bytes",
    "pickles_as_array",
]

# The kinds of dtype whose elements are nothing but their bytes. Not "O" (references), not "T"
# (strings of variable width, kept elsewhere).
_PLAIN_KINDS = frozenset("biufcmMSUV")
# Packages whose own ways of pickling do not write to an array that they have already returned.
_KNOWN = sys.stdlib_module_names | {"numpy"}
# What was registered with ForkingPickler, which multiprocessing pickles with. It has a say before
# copyreg, but not over functions and classes, which are pickled by name.
_REDUCERS: dict[type, Any] = ForkingPickler._extra_reducers  # type: ignore[attr-defined] # private
_BY_NAME = frozenset({FunctionType, type})
# With protocol 5, the default from Python 3.14 on, what is read-only arrives read-only.
_ARRIVES_WRITEABLE = pickle.DEFAULT_PROTOCOL < 5


def is_bytes(dtype: np.dtype[Any]) -> bool:
    """Whether the elements of such a dtype are nothing but their bytes."""
    return dtype.kind in _PLAIN_KINDS and not dtype.hasobject


def has_metadata(dtype: np.dtype[Any]) -> bool:
    inner = [field[0] for field in (dtype.fields or {}).values()]
    inner += [dtype.base] if dtype.base is not dtype else []
    return dtype.metadata is not None or any(map(has_metadata, inner))


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

    Attributes
    ----------
    threshold : int
        Arrays of at least so many bytes are set aside.
    arrays : list of ndarray
        What was set aside: contiguous arrays whose bytes are to follow the pickle.
        Whoever makes a pickler sets these two: a constructor would cost as much as pickling a
        small object.
    met : set of type
        The classes of other objects, which nothing need be done about.
    first : ndarray or None
        The first of them, as it was met.
    copies : bool
        Whether some object's own code takes part, so that arrays are copied when they are met.
    """

    met: Set[type] = frozenset()
    first: NDArray[Any] | None = None
    copies = False

    threshold: int
    arrays: list[NDArray[Any]]

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
            self.copies = self.copies or any(map(_has_code_of_its_own, self.met))
            if not self.arrays:
                self.first = obj
            self.arrays.append(copy(array) if self.copies else contiguous(array))
            return array_beside, (len(self.arrays) - 1, cls)
        if dtype.byteorder in "=|":
            return np.ndarray.__reduce__(obj)  # as protocol 4 has it
        return _in_its_byte_order(cls, contiguous(array))


def dumps(array: NDArray[Any]) -> bytes | None:
    """Return the pickle of a small array sooner, where there is nothing in it to look at."""
    dtype = array.dtype
    parts = np.ndarray, type(dtype), BuiltinFunctionType
    is_usual = dtype.isbuiltin == 1 and array.flags.writeable and _REDUCERS.keys().isdisjoint(parts)
    return pickle.dumps(array) if is_usual else None


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
    return not all(map(_is_known, ways))


def _is_known(way: Any) -> bool:
    owner = getattr(way, "__objclass__", way)
    return way is None or _package(getattr(owner, "__module__", None) or "") in _KNOWN


def _package(module: str) -> str:
    return module.partition(".")[0]


def fails(load: Callable[..., Any], *args: Any) -> bool:
    """Whether what has just raised raises again: if not, a signal handler's exception fell in.

    Its type would not tell: a handler can raise anything. A second one may fall in here.
    """
    for _ in range(2):
        with contextlib.suppress(Exception):
            load(*args)
            return False
    return True


codecs.lookup("raw-unicode-escape")  # or a pickle of protocol 0 has it imported


class ArrayUnpickler(pickle._Unpickler):
    """An unpickler of arrays of bytes. It calls nothing but the functions below.

    It is Python's own in Python: the one in C takes memory for whatever number stands in a pickle.

    Parameters
    ----------
    file : io.BytesIO
    out : ndarray
        The array that is to be filled: its dtype's own types may be named too.
    """

    def __init__(self, file: io.BytesIO, out: NDArray[Any]) -> None:
        super().__init__(file)
        types = _scalar_types(plain_view(out).dtype)
        self._types = {(_package(cls.__module__), cls.__qualname__): _Named(cls) for cls in types}

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for each name that the pickle of an array has."""
        key = module.replace("numpy.core.", "numpy._core."), name  # NumPy 1 and 2
        return _NAMES.get(key) or self._types[_package(module), name]

    def _load_bytearray(self: Any) -> None:
        (size,) = struct.unpack("<Q", self.read(8))
        self.append(self.read(size))  # of no more than there is

    def _load_build(self: Any) -> None:
        built = self.stack[-2]
        if not isinstance(built, Described | DescribedDtype):
            # The functions below are those of all receives: a state would change what they do.
            raise pickle.UnpicklingError(f"nothing to be built: {type(built)}")
        pickle._Unpickler.dispatch[pickle.BUILD[0]](self)

    dispatch: ClassVar[Any] = {
        **pickle._Unpickler.dispatch,
        pickle.BUILD[0]: _load_build,
        pickle.BYTEARRAY8[0]: _load_bytearray,
    }
    for _code in (pickle.EXT1, pickle.EXT2, pickle.EXT4):
        del dispatch[_code[0]]  # which can reach what copyreg has, past find_class


def _scalar_types(dtype: np.dtype[Any]) -> set[type]:
    inner = [field[0] for field in (dtype.fields or {}).values()]
    inner += [dtype.base] if dtype.base is not dtype else []
    return {dtype.type}.union(*map(_scalar_types, inner))


class Described:
    """What a restricted pickle has for an array: what is said of it. No memory is made of that.

    Attributes
    ----------
    dtype : DescribedDtype
        Only to be compared with one that is known.
    shape : tuple of int
    order : {"C", "F"}
    data : bytes
    """

    dtype: Any
    shape: Any
    order: Any
    data: Any

    def __new__(cls, shape: Any = (), dtype: Any = None, data: Any = None, *more: Any) -> Any:
        """Do as ``numpy.ndarray`` does, given these five arguments."""
        self = super().__new__(cls)
        if more:
            self.shape, self.dtype, self.data, self.order = shape, dtype, data.data, more[-1]
        return self

    def __setstate__(self, state: Any) -> None:
        _, self.shape, self.dtype, is_fortran, self.data = state
        self.order = "F" if is_fortran else "C"


def _described(data: Any, dtype: Any, shape: Any, order: Any) -> Any:
    if not isinstance(data, bytes | bytearray):  # of a number, bytes() makes so many
        raise TypeError("no bytes")
    return Described(shape, dtype, SimpleNamespace(data=bytes(data)), order)


def _reconstruct(*_: Any) -> Any:
    return Described()


class _Named(NamedTuple):
    """What a restricted pickle has for a type that it names: nothing that can be called."""

    cls: type


class DescribedDtype:
    """What a restricted pickle has for a dtype: what is said of it.

    A pickle can say of a dtype what no dtype has. NumPy trusts it, and crashes where the two are
    only compared.

    Attributes
    ----------
    kind : str or _Named
    state : tuple
    """

    kind: Any = None  # a pickle can leave the constructor out
    state: Any = ()

    def __init__(self, kind: Any, *_: Any) -> None:
        self.kind = kind

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def is_like(self, dtype: np.dtype[Any]) -> bool:
        """Whether it says of a dtype what the pickle of `dtype` says, but for metadata."""
        reduced: Any = dtype.__reduce__()
        _, args, state = reduced
        try:
            return _same(self.kind, args[0]) and _same(_essence(self.state), _essence(state))
        except (TypeError, LookupError):
            return False

    def __str__(self) -> str:
        is_number = type(self.kind) is str and re.fullmatch("[biufc][0-9]{1,2}", self.kind)
        with contextlib.suppress(TypeError, ValueError, LookupError):
            if is_number and self.state[1] in ("<", ">", "|"):
                return str(np.dtype(self.kind).newbyteorder(self.state[1]))
        return "another one"


def _essence(state: Any) -> tuple[Any, ...]:
    more = state[8] if len(state) > 8 else None  # metadata, and beside it the unit of times
    return *state[1:8], more[1] if type(more) is tuple else None


def _same(said: Any, known: Any) -> bool:
    """Whether what a pickle says is a part of the state of a dtype that is known."""
    if isinstance(known, np.dtype):
        return type(said) is DescribedDtype and said.is_like(known)
    if isinstance(known, type):
        return type(said) is _Named and said.cls is known
    if type(said) is not (dict if isinstance(known, Mapping) else type(known)):
        return False
    if isinstance(known, tuple):
        return len(said) == len(known) and all(map(_same, said, known))
    if isinstance(known, Mapping):
        return said.keys() == known.keys() and all(_same(said[key], known[key]) for key in known)
    return bool(said == known)


_NAMES = {
    ("numpy", "ndarray"): Described,
    ("numpy", "dtype"): DescribedDtype,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.numeric", "_frombuffer"): _described,
}
