"""Describe an object for a receiver that takes no pickle, or say what in it cannot be described.

The words are those of :mod:`ndpipe._pipe.description`. Types are compared exactly, and no code of
an object is called.
"""

import base64
import json
import math
import reprlib
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ndpipe._pipe import wire
from ndpipe._pipe.buffers import contiguous, raw
from ndpipe._pipe.description import COMPLEX, FLOAT, MAX_INDEX, MAX_NESTING, NUMBERS
from ndpipe._pipe.dtypes import describe
from ndpipe._pipe.layouts import Layout
from ndpipe._pipe.raised import fails

__all__ = ["encode"]

_ENCODER = json.JSONEncoder(check_circular=False, allow_nan=False, separators=(",", ":"))
_NOT_SENT = (
    "with allow_pickle=False, send() takes arrays of plain dtypes, and lists, tuples, dicts, str, "
    "bytes, numbers, bool and None"
)


_SCALARS = {cls for cls in np.sctypeDict.values() if np.dtype(cls).kind in NUMBERS}


class _RefusedError(Exception):
    """An object that cannot be sent, and the way to it, from the inside out."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.way: list[tuple[str, str]] = []

    def __str__(self) -> str:
        where = "obj"
        for before, after in reversed(self.way):
            where = before + where + after
        return f"{where} is {self.what}: {_NOT_SENT}"


def encode(obj: Any) -> tuple[bytes, list[memoryview]]:
    """Turn an object into the start of a described message, and the bytes of its arrays.

    Raises
    ------
    TypeError
        If there is something else in the object than a description has words for.
    ValueError
        If the description is too long.
    """
    tree = _Tree()
    try:
        node = tree.node(obj)
    except _RefusedError as error:
        raise TypeError(str(error)) from None
    lines = _ENCODER.encode(tree.layouts) + "\n"
    if type(obj) is not np.ndarray:
        lines += _ENCODER.encode(node)
    if len(lines) > MAX_INDEX:
        raise ValueError(
            f"the object needs {len(lines)} bytes beside its arrays, more than {MAX_INDEX}: "
            "send arrays, or use send_bytes()"
        )
    start = wire.head(wire.DESCRIBED, lines.encode("ascii"))
    arrays = [raw(array) for array in tree.arrays]
    return start + wire.end_of(start, sum(map(len, arrays))), arrays


def _tag(name: str, value: Any) -> dict[str, Any]:
    return {f"${name}": value}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


class _Tree:
    """What the encoder of JSON can encode, made of an object."""

    def __init__(self) -> None:
        self.layouts: list[Any] = []
        self.arrays: list[NDArray[Any]] = []
        self._nesting = 0

    def node(self, obj: Any) -> Any:
        way = self._WAYS.get(type(obj))
        if way is not None:
            return way(self, obj)
        cls = type(obj)
        if cls in _SCALARS:
            descr = obj.dtype.str
            if np.dtype(descr).type is cls:  # and not another one of its size
                return _tag("scalar", [descr, _base64(obj.tobytes())])
        module = "" if cls.__module__ == "builtins" else f"{cls.__module__}."
        raise _RefusedError(f"a {module}{cls.__qualname__}")

    def _int(self, obj: int) -> Any:
        return obj if obj.bit_length() <= 64 else _tag("int", f"{obj:x}")

    def _float(self, obj: float) -> Any:
        return obj if math.isfinite(obj) else _tag("float", FLOAT.pack(obj).hex())

    def _complex(self, obj: complex) -> Any:
        return _tag("complex", COMPLEX.pack(obj.real, obj.imag).hex())

    def _str(self, obj: str) -> Any:
        if not obj.isascii():
            try:
                obj.encode()
            except UnicodeEncodeError:  # JSON makes one character of two surrogates
                return _tag("str", _base64(obj.encode("utf-8", "surrogatepass")))
        return obj

    def _array(self, obj: NDArray[Any]) -> Any:
        try:
            descr = describe(obj.dtype)
        except ValueError as error:
            if not fails(describe, obj.dtype):
                raise
            raise _RefusedError(f"an array whose dtype {error}") from None
        self.layouts.append([descr, *Layout.of(obj)[1:]])
        self.arrays.append(contiguous(obj))
        return _tag("array", len(self.arrays) - 1)

    def _nodes(self, items: Any, before: str = "", after: str = "[{}]") -> list[Any]:
        self._enter()
        nodes: list[Any] = []
        try:
            for item in items:
                nodes.append(self.node(item))
        except _RefusedError as error:
            error.way.append((before, after.format(len(nodes))))
            raise
        self._nesting -= 1
        return nodes

    def _enter(self) -> None:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise _RefusedError(f"nested more than {MAX_NESTING} deep")

    def _dict(self, obj: dict[Any, Any]) -> Any:
        keys = self._nodes(obj, "list(", ")[{}]")
        self._enter()
        values: list[Any] = []
        try:
            for value in obj.values():
                values.append(self.node(value))
        except _RefusedError as error:
            key = list(obj)[len(values)]
            error.way.append(("", f"[{reprlib.repr(key)}]"))
            raise
        self._nesting -= 1
        is_text = set(map(type, keys)) <= {str}
        if is_text and not (len(keys) == 1 and keys[0].startswith("$")):
            return dict(zip(keys, values, strict=True))
        return _tag("dict", list(zip(keys, values, strict=True)))

    _WAYS: ClassVar[dict[type, Callable[..., Any]]] = {
        type(None): lambda _, obj: obj,
        bool: lambda _, obj: obj,
        int: _int,
        float: _float,
        complex: _complex,
        str: _str,
        bytes: lambda _, obj: _tag("bytes", _base64(obj)),
        list: lambda self, obj: self._nodes(obj),
        tuple: lambda self, obj: _tag("tuple", self._nodes(obj)),
        dict: _dict,
        np.ndarray: _array,
    }
