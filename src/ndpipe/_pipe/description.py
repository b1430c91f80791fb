"""Objects as a description that is parsed and never executed: what travels without a pickle.

The index of a described message is two lines of JSON (:rfc:`8259`) in ASCII::

    [[dtype, shape, "C" or "F"], ...]    an entry for each array, in the order of their bytes
    object                               left out where the object is itself the one array

A dtype is what a ``.npy`` file says of it (``numpy.lib.format.dtype_to_descr``). None, bool,
int, float, str, list and dict are what JSON has for them. What JSON has nothing for is an object
with one member, a tag::

    {"$array": n}               the next array, the first of which is 0
    {"$scalar": [dtype, s]}     a number of NumPy's; s is its bytes in base64
    {"$tuple": [...]}
    {"$dict": [[key, value]]}   a dict with other keys than str, or one that looks like a tag
    {"$bytes": s}               in base64
    {"$str": s}                 one with surrogates, as UTF-8 of them in base64
    {"$int": s}                 one of more than 64 bits, in hexadecimal digits
    {"$float": s}               inf or nan, as the hexadecimal digits of its 8 bytes
    {"$complex": s}             as the hexadecimal digits of its 16 bytes
"""

import base64
import json
import re
import struct
import time
from collections.abc import Callable
from functools import partial
from operator import call
from typing import Any, ClassVar, Never

import numpy as np
from numpy.typing import NDArray

from ndpipe._pipe import wire
from ndpipe._pipe.dtypes import MAX_DIMENSIONS, dtype_of
from ndpipe._pipe.layouts import CorruptMessageError, Layout
from ndpipe._pipe.limits import Limits
from ndpipe._pipe.raised import fails

__all__ = [
    "COMPLEX",
    "FLOAT",
    "MAX_INDEX",
    "MAX_NESTING",
    "NUMBERS",
    "Description",
    "check_length",
]

MAX_INDEX = 1 << 28
"""The longest index, in bytes, that is sent or received."""

MAX_NESTING = 64  # of objects; of JSON, three times that, and what a leaf has
_MAX_NESTING_OF_JSON = 3 * MAX_NESTING + 8
FLOAT, COMPLEX = struct.Struct(">d"), struct.Struct(">dd")
NUMBERS = "biufcmM"  # the kinds whose scalars are their bytes
# What is counted for a part of an index, in bytes: no less than all that is made of it. A test
# compares them with what is allocated.
_PER_MESSAGE, _PER_BYTE, _PER_CHARACTER = 4096, 4, 6
_PER_STRING, _PER_CONTAINER, _PER_MEMBER, _PER_ITEM = 72, 150, 100, 48
# Keys whose hashes collide make a dict take time that grows with the square of their number, and
# those of numbers and tuples are anybody's to choose. So much of the processor's time it may take
# for each byte of the index, dozens of times what others take.
_SECONDS_PER_BYTE, _SECONDS = 1e-6, 0.1
_KEYS = 256  # that are added at a time; so few cannot take long
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[{\]}]|[^"\[{\]}]++')
_LONG_NUMBER = re.compile(r"[0-9]{25}")  # which takes long to read, and Python limits


def check_length(length: int, limits: Limits) -> None:
    """Raise if an index of that length is too long, before any of it is read."""
    if length > MAX_INDEX:
        raise CorruptMessageError(f"it declares an index of {length} bytes")
    limits.check_size(_PER_MESSAGE + _PER_BYTE * length)


class Description:
    """What a described message holds, with the attributes and methods of `Index`.

    Parameters
    ----------
    start : bytes
        The message up to and with its index.
    limits : Limits
        Which are checked before anything is made of the index.

    Attributes
    ----------
    layouts : list of Layout
        Of each array, in the order of their bytes.
    nbytes : int
        The size of all arrays together in bytes.
    cost : int
        Bytes that suffice for the index, and for all that is made of it but the arrays' bytes.
    is_array : bool
        Whether the object is itself the one array.
    place : None
        Where the arrays begin in the sender's memory is never said.
    """

    place = None

    def __init__(self, start: bytes, limits: Limits) -> None:
        self._text, self.cost = _load(lambda: _weigh(str(wire.index_of(start), "ascii")))
        limits.check_size(self.cost)
        self.layouts, end = _load(self._load_layouts)
        self._at = end + 1
        self.nbytes = sum([layout.nbytes for layout in self.layouts])
        self.end = wire.end_of(start, self.nbytes)
        self.is_array = self._at == len(self._text)
        if self.is_array and len(self.layouts) != 1:
            raise CorruptMessageError("it has no object")

    def rebuild(self, arrays: list[NDArray[Any]]) -> Any:
        """Return the object that was sent, around the arrays that were received."""
        return _load(lambda: _Objects(arrays, self._text).load(self._at))

    def _load_layouts(self) -> tuple[list[Layout], int]:
        entries, end = json.JSONDecoder().raw_decode(self._text)
        if type(entries) is not list or self._text[end : end + 1] != "\n":
            raise CorruptMessageError("its index begins with no list of arrays")
        return [_layout(*entry) for entry in entries], end


def _load(load: Callable[[], Any]) -> Any:
    try:
        return load()
    except (CorruptMessageError, MemoryError):
        raise
    except Exception as error:
        if fails(load):
            raise CorruptMessageError(f"its index: {error}") from error
        raise


def _weigh(text: str) -> tuple[str, int]:
    """Return the text with its cost, or raise where even to parse it could do harm."""
    cost, nesting = _PER_MESSAGE + _PER_BYTE * len(text), 0
    for token in _TOKEN.finditer(text):
        start, end = token.span()
        first = text[start]
        if first == '"':
            cost += _PER_STRING + _PER_CHARACTER * (end - start)
        elif first in "[{":
            cost += _PER_CONTAINER
            nesting += 1
            if nesting > _MAX_NESTING_OF_JSON:
                raise CorruptMessageError("its index is nested too deep")
        elif first in "]}":
            nesting -= 1
        else:
            between = token[0]
            cost += _PER_ITEM * between.count(",") + _PER_MEMBER * between.count(":")
            if _LONG_NUMBER.search(between):
                raise CorruptMessageError("a number in its index is too long")
    return text, cost


def _layout(descr: Any, shape: Any, order: Any) -> Layout:
    if type(shape) is not list or len(shape) > MAX_DIMENSIONS:
        raise CorruptMessageError(f"an array of shape {shape!r:.100}")
    layout = Layout(dtype_of(descr), tuple(shape), order)
    layout.check()
    return layout


class _Objects:
    """The objects of a description, made from the inside out, around arrays."""

    def __init__(self, arrays: list[NDArray[Any]], text: str) -> None:
        self._arrays, self._text, self._taken = arrays, text, 0
        self._seconds = _SECONDS + _SECONDS_PER_BYTE * len(text)  # that are left for dicts

    def load(self, at: int) -> Any:
        decoder = json.JSONDecoder(object_pairs_hook=self._object, parse_constant=_not_sent)
        obj, end = decoder.raw_decode(self._text, at)
        if end != len(self._text) or self._taken != len(self._arrays):
            raise CorruptMessageError("more in it than an object and its arrays")
        return obj

    def _object(self, pairs: list[tuple[str, Any]]) -> Any:
        if len(pairs) == 1 and pairs[0][0].startswith("$"):
            name, value = pairs[0]
            kind, make = self._TAGS.get(name, (None, _not_sent))
            if type(value) is not kind:
                raise CorruptMessageError(f"a tag {name!r:.100} of {type(value).__name__}")
            return make(self, value)
        return self._dict(pairs)

    def _dict(self, pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
        made = dict(pairs[:_KEYS])
        for n in range(_KEYS, len(pairs), _KEYS):
            add = partial(made.update, pairs[n : n + _KEYS])
            # In one call of C: what a signal handler takes is not counted.
            steps: Any = (time.thread_time, add, time.thread_time)
            begin, _, end = map(call, steps)
            self._seconds -= end - begin
            if self._seconds < 0:
                raise CorruptMessageError("a dict whose keys collide")
        if len(made) != len(pairs):
            raise CorruptMessageError("a dict with one key twice")
        return made

    def _array(self, n: int) -> NDArray[Any]:
        if n != self._taken or n >= len(self._arrays):
            raise CorruptMessageError(f"array {n} in the place of array {self._taken}")
        self._taken += 1
        return self._arrays[n]

    _TAGS: ClassVar[dict[str, tuple[type, Callable[..., Any]]]] = {
        "$array": (int, _array),
        "$scalar": (list, lambda _, parts: _scalar(*parts)),
        "$tuple": (list, lambda _, items: tuple(items)),
        "$dict": (list, lambda self, pairs: self._dict([(key, value) for key, value in pairs])),
        "$bytes": (str, lambda _, text: base64.b64decode(text, validate=True)),
        "$str": (str, lambda _, text: base64.b64decode(text).decode("utf-8", "surrogatepass")),
        "$int": (str, lambda _, text: int(text, 16)),
        "$float": (str, lambda _, text: FLOAT.unpack(bytes.fromhex(text))[0]),
        "$complex": (str, lambda _, text: complex(*COMPLEX.unpack(bytes.fromhex(text)))),
    }


def _not_sent(*what: Any) -> Never:
    raise CorruptMessageError(f"{what[-1]!r:.100} in its index")


def _scalar(descr: Any, text: Any) -> Any:
    dtype = dtype_of(descr)
    if dtype.kind not in NUMBERS:
        raise CorruptMessageError(f"a scalar of {dtype}")
    (scalar,) = np.frombuffer(base64.b64decode(text, validate=True), dtype)
    return scalar
