"""Unpickling that does nothing but describe an array: what `recv_into` reads a pickle with."""

import codecs
import contextlib
import io
import pickle
import re
import struct
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ndpipe._pipe.buffers import plain_view
from ndpipe._pipe.pickling import package_of
from ndpipe._pipe.raised import fails

__all__ = ["ArrayUnpickler", "Described", "DescribedDtype"]

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
        self._types = {(package_of(cls.__module__), cls.__qualname__): _Named(cls) for cls in types}

    def find_class(self, module: str, name: str) -> Any:
        """Return what stands for each name that the pickle of an array has."""
        key = module.replace("numpy.core.", "numpy._core."), name  # NumPy 1 and 2
        return _NAMES.get(key) or self._types[package_of(module), name]

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

        def compare() -> bool:
            return _same(self.kind, args[0]) and _same(_essence(self.state), _essence(state))

        try:
            return compare()
        except (TypeError, LookupError):
            if not fails(compare):
                raise
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
        if len(said) != len(known):
            return False
        return False not in [_same(*pair) for pair in zip(said, known, strict=True)]
    if isinstance(known, Mapping):
        if said.keys() != known.keys():
            return False
        return False not in [_same(said[key], known[key]) for key in known]
    return bool(said == known)


_NAMES = {
    ("numpy", "ndarray"): Described,
    ("numpy", "dtype"): DescribedDtype,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.numeric", "_frombuffer"): _described,
}
