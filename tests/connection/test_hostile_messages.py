"""Messages with sound checksums that say strange things: OSError, and a closed connection."""

import pickle
import struct
import zlib
from typing import Any

import array_zoo
import numpy as np
import pytest
from recorded import play, record

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


MAGIC, ENTRIES, OBJECT, BYTES = take_apart(record({"array": ARRAY}))


def crafted(entries: Any, *, bare: bool = True, arrays: bytes = BYTES) -> bytes:
    """Return a message with another index: a bare array, or an object around it."""
    return put_together(MAGIC, entries, b"" if bare else OBJECT, arrays)


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
    "a pickle that ends early": pickle.dumps(ENTRIES)[:-3],
    "no pickle": b"\x00\x01\x02",
    "nothing": b"",
    "a name that is not there": b"\x80\x04cnumpy\nno_such_name\n.",
    "a module that is not there": b"\x80\x04cno_such_module\nname\n.",
    "a call that fails": b"\x80\x04cbuiltins\nint\n(V?\ntR.",
    "a stack that is empty": b"\x80\x040.",
}


def test_the_format_that_these_tests_use() -> None:
    """What is put together again is received, bare and inside of an object."""
    with play(crafted(entry())) as end:
        array_zoo.assert_same(end.recv(), ARRAY)
    with play(crafted(entry(), bare=False)) as end:
        array_zoo.assert_same(end.recv()["array"], ARRAY)


BARE = pytest.mark.parametrize("bare", [True, False], ids=["bare", "nested"])


@BARE
@pytest.mark.parametrize("case", STRANGE)
def test_a_strange_index(case: str, bare: bool) -> None:
    """It is a corrupt message: OSError whatever is wrong with it, and the connection is closed."""
    with play(crafted(STRANGE[case], bare=bare)) as end:
        with pytest.raises(OSError, match=r"(?i)corrupt"):
            end.recv()
        assert end.closed
        with pytest.raises(OSError, match="closed: "):
            end.recv()


@BARE
@pytest.mark.parametrize("case", STRANGE)
def test_a_strange_index_for_an_array(case: str, bare: bool) -> None:
    """recv_into says so too, or refuses the message and leaves it; the array is untouched."""
    out = np.full_like(ARRAY, 7)
    with play(crafted(STRANGE[case], bare=bare)) as end:
        with pytest.raises((OSError, TypeError, ValueError)) as caught:
            end.recv_into(out)
        assert (out == 7).all()
        assert end.closed == isinstance(caught.value, OSError)
        if not end.closed:
            with pytest.raises(OSError, match=r"(?i)corrupt"):
                end.recv()
        assert end.closed


def test_a_place_that_no_array_has() -> None:
    """An object with two arrays, of which the message has one, is a corrupt message."""
    magic, entries, obj, arrays = take_apart(record([ARRAY, ARRAY.copy()]))
    message = put_together(magic, entries[:1], obj, arrays[: ARRAY.nbytes])
    with play(message) as end:
        with pytest.raises(OSError, match=r"(?i)corrupt"):
            end.recv()
        assert end.closed


@pytest.mark.parametrize("place", [b"J\xff\xff\xff\xff", b"K\x01", b"J\xff\xff\xff\x7f", b"N"])
def test_another_place(place: bytes) -> None:
    """A place below zero, past the end, or that is no number is a corrupt message."""
    at = OBJECT.index(b"K\x00")  # BININT1 0, which is where the one array is
    obj = OBJECT[:at] + place + OBJECT[at + 2 :]
    grown = len(place) - 2
    frame = OBJECT.find(b"\x95")
    if frame >= 0:
        (size,) = struct.unpack_from("<Q", obj, frame + 1)
        obj = obj[: frame + 1] + struct.pack("<Q", size + grown) + obj[frame + 9 :]
    with play(put_together(MAGIC, ENTRIES, obj, BYTES)) as end:
        with pytest.raises(OSError, match=r"(?i)corrupt"):
            end.recv()
        assert end.closed


def test_more_in_the_index_than_a_bare_array() -> None:
    """Two arrays without an object around them are a corrupt message."""
    with play(put_together(MAGIC, ENTRIES * 2, b"", BYTES * 2)) as end:
        with pytest.raises(OSError, match=r"(?i)corrupt"):
            end.recv()
        assert end.closed


def test_an_object_that_fails_to_unpickle() -> None:
    """The error of unpickling is raised as it is, and the next message can be received."""
    obj = b"\x80\x04cno_such_module\nname\n."
    message = put_together(MAGIC, ENTRIES, obj, BYTES) + record("next")
    with play(message) as end:
        with pytest.raises(ModuleNotFoundError):
            end.recv()
        assert end.recv() == "next"


def test_a_standard_body_that_fails_to_unpickle() -> None:
    """The same with a message that has no arrays."""
    body = b"\x80\x04cno_such_module\nname\n."
    with play(struct.pack("!i", len(body)) + body + record("next")) as end:
        with pytest.raises(ModuleNotFoundError):
            end.recv()
        assert end.recv() == "next"
