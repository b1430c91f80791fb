"""Messages with sound checksums that say strange things: OSError, and a closed connection."""

import ast
import pickle
import struct
from typing import Any

import array_zoo
import numpy as np
import pytest
from crafted_messages import ARRAY, STRANGE, entry, put_together, take_apart
from recorded import play, record

from ndpipe._pipe import unpickling

MAGIC, ENTRIES, OBJECT, BYTES = take_apart(record({"array": ARRAY}))


def crafted(entries: Any, *, bare: bool = True, arrays: bytes = BYTES) -> bytes:
    """Return a message with another index: a bare array, or an object around it."""
    return put_together(MAGIC, entries, b"" if bare else OBJECT, arrays)


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


TIME = (4, "<", None, None, None, -1, -1, 0, (None, (b"s", 1, 1, 1)))
RECORD = (3, "|", None, ("a",), {"a": (np.dtype("f8"), 0)}, 8, 1, 16)
STATES = {
    "too short": ("M8", (4, "<", None, -1, -1, 0)),  # which crashes NumPy 2.4
    "a time without a unit": ("M8", TIME[:8]),
    "a time with no metadata": ("M8", (*TIME[:8], None)),
    "a time of another version": ("M8", (3, *TIME[1:])),
    "a unit that is a number": ("M8", (*TIME[:8], (None, (1, 1, 1, 1)))),
    "a unit with events": ("M8", (*TIME[:8], (None, (b"s", 1, 1, 2)))),  # which NumPy warns of
    "a unit of nothing": ("M8", (*TIME[:8], (None, ()))),
    "a list": ("f8", [3, "<", None, None, None, -1, -1, 0]),
    "no order": ("f8", (3, None, None, None, None, -1, -1, 0)),
    "another order": ("f8", (3, "?", None, None, None, -1, -1, 0)),
    "fields of a number": ("f8", RECORD),
    "fields beyond the end": ("V8", (*RECORD[:4], {"a": (np.dtype("f8"), 1)}, *RECORD[5:])),
    "fields before the start": ("V8", (*RECORD[:4], {"a": (np.dtype("f8"), -1)}, *RECORD[5:])),
    "a field without a dtype": ("V8", (*RECORD[:4], {"a": ("f8", 0)}, *RECORD[5:])),
    "names of no field": ("V8", (*RECORD[:3], ("b",), *RECORD[4:])),
    "names, no fields": ("V8", (*RECORD[:4], None, *RECORD[5:])),
    "a subarray of nothing": ("V8", (3, "|", (None, (2,)), None, None, 8, 1, 0)),
    "a subarray without shape": ("V8", (3, "|", (np.dtype("f4"), 2), None, None, 8, 1, 0)),
    "a negative size": ("V8", (3, "|", None, None, None, -8, 1, 0)),
    "a size that is none": ("V8", (3, "|", None, None, None, "8", 1, 0)),
}

# It is no dtype at all, or another one than that of `out`.
REFUSED, REFUSED_WITH = (TypeError, ValueError), "not an array|has dtype"


class Said:
    """What pickles as a dtype of which anything is said."""

    def __init__(self, kind: str, state: Any) -> None:
        self.kind, self.state = kind, state

    def __reduce__(self) -> tuple[Any, ...]:
        return np.dtype, (self.kind, False, True), self.state


@pytest.mark.parametrize("case", STATES)
def test_what_is_said_of_a_dtype(case: str) -> None:
    """recv_into refuses what NumPy never says of a dtype, and does not give it to NumPy."""
    with play(crafted(entry(Said(*STATES[case])))) as end:
        with pytest.raises(REFUSED, match=REFUSED_WITH):
            end.recv_into(np.zeros_like(ARRAY))
        assert not end.closed


@pytest.mark.parametrize("name", ["numpy\ndtype", "numpy._core.multiarray\n_reconstruct"])
def test_what_builds_nothing(name: str) -> None:
    """recv_into sets no attribute of what all receives use."""
    functions = unpickling._described, unpickling._reconstruct, unpickling.DescribedDtype.__init__
    before = [function.__defaults__ for function in functions]
    # Of the function: its state is (None, {"__defaults__": (1,)}).
    index = b"\x80\x02c" + name.encode() + b"\nN}X\x0c\0\0\0__defaults__K\x01\x85s\x86b."
    with play(crafted(index)) as end, pytest.raises(TypeError, match="not an array"):
        end.recv_into(np.zeros_like(ARRAY))
    assert [function.__defaults__ for function in functions] == before


@pytest.mark.parametrize(
    "kind", [b"(1,)i4", b"2i4", b"i4,i4", b"1,", b"V99999999999999999999", b""]
)
def test_a_dtype_that_numpy_would_evaluate(kind: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """recv_into makes dtypes of what NumPy's own pickles say, and has no expression evaluated."""
    monkeypatch.setattr(ast, "literal_eval", lambda _: pytest.fail("evaluated"))
    entries = pickle.dumps(ENTRIES, 3)
    index = entries.replace(b"X\2\0\0\0i4", b"X" + struct.pack("<I", len(kind)) + kind)
    assert index != entries
    with play(crafted(index)) as end:
        with pytest.raises(REFUSED, match=REFUSED_WITH):
            end.recv_into(np.zeros_like(ARRAY))
        assert not end.closed


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
