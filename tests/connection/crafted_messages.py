"""Messages with sound checksums, put together of parts, and parts that say strange things."""

import pickle
import struct
import zlib
from typing import Any

import numpy as np

ARRAY = np.arange(6, dtype="<i4").reshape(2, 3)
HEAD = struct.Struct("!12sQI")


def take_apart(message: bytes) -> tuple[bytes, list[Any], bytes, bytes]:
    """Return the magic, the entries of the index, the pickle of the object, and the arrays."""
    magic, length, _ = HEAD.unpack_from(message)
    start = HEAD.size + 4
    index = message[start : start + length]
    entries = pickle.loads(index)
    return magic, entries, index[len(pickle.dumps(entries)) :], message[start + length :]


def put_together(magic: bytes, entries: Any, obj: bytes, arrays: bytes) -> bytes:
    """Return a message with sound checksums; the entries as they are or as a pickle of them."""
    index = (entries if isinstance(entries, bytes) else pickle.dumps(entries)) + obj
    head = HEAD.pack(magic, len(index), zlib.crc32(index))
    return b"".join([head, struct.pack("!I", zlib.crc32(head)), index, arrays])


def entry(dtype: Any = "default", shape: Any = (2, 3), order: Any = "C") -> list[Any]:
    """Return an index of one array."""
    return [(ARRAY.dtype if dtype == "default" else dtype, shape, order)]


STRANGE = {
    "order K": entry(order="K"),
    "order A": entry(order="A"),
    "order of two letters": entry(order="CF"),
    "order in lower case": entry(order="c"),
    "no order": entry(order=None),
    "a number for order": entry(order=0),
    "objects": entry(np.dtype(object), (3,)),
    "objects in a field": entry(np.dtype([("a", object)]), (3,)),
    "a string for dtype": entry("i4"),
    "a class for dtype": entry(np.int32),
    "no dtype": entry(None),
    "strings of any length": entry(np.dtypes.StringDType(), (1,)),
    "a dtype that is an array": entry(np.dtype(("i4", (3,))), (2,)),
    "200 dimensions": entry(shape=(1,) * 200),
    "a negative dimension": entry(shape=(-2, -3)),
    "one negative dimension": entry(shape=(-6,)),
    "too large": entry(shape=(1 << 62, 1 << 62)),
    "too large but for a zero": entry(shape=(1 << 62, 1 << 62, 0)),
    "a list for shape": entry(shape=[2, 3]),
    "a number for shape": entry(shape=6),
    "no shape": entry(shape=None),
    "floats in the shape": entry(shape=(2.0, 3)),
    "a string in the shape": entry(shape=("2", 3)),
    "an array for shape": entry(shape=np.array([2, 3])),
    "two parts": [(ARRAY.dtype, (2, 3))],
    "four parts": [(ARRAY.dtype, (2, 3), "C", 0)],
    "a part that is a number": [7],
    "not a list": {"array": 1},
    "none": None,
    "a number": 3,
    "a string": "C",
    "no arrays": [],
    "a pickle that ends early": pickle.dumps(entry())[:-3],
    "no pickle": b"\x00\x01\x02",
    "nothing": b"",
    "a name that is not there": b"\x80\x04cnumpy\nno_such_name\n.",
    "a module that is not there": b"\x80\x04cno_such_module\nname\n.",
    "a call that fails": b"\x80\x04cbuiltins\nint\n(V?\ntR.",
    "a stack that is empty": b"\x80\x040.",
}
