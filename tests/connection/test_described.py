"""Without pickle: what arrives equals what was sent, or it was refused at the sender."""

import datetime
import enum
import math
import struct
import sys
from collections import OrderedDict, namedtuple
from collections.abc import Iterator
from multiprocessing import resource_sharer
from multiprocessing.connection import wait
from typing import Any

import array_zoo
import connection_peers
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from injection import Injection
from pipes_under_test import MAKES
from test_property import arrays

import ndpipe
from ndpipe._pipe import describing, dtypes

# NumPy deprecates times without a unit, which must come through as long as they exist.
pytestmark = pytest.mark.filterwarnings("ignore:The 'generic' unit:DeprecationWarning")

PLAIN = {"allow_pickle": False}
Point = namedtuple("Point", "x y")


@pytest.fixture
def ends(make_pipe: Any) -> tuple[Any, Any]:
    """Two ends without pickle, of either make."""
    return make_pipe(**PLAIN)


def assert_same(received: Any, sent: Any) -> None:
    """Assert that nothing tells the two apart: types, bits of numbers, order of dicts."""
    assert type(received) is type(sent)
    if isinstance(sent, np.ndarray):
        array_zoo.assert_same(received, sent)
    elif isinstance(sent, np.generic):
        assert received.dtype.str == sent.dtype.str
        assert received.tobytes() == sent.tobytes()
    elif isinstance(sent, float):
        assert struct.pack("d", received) == struct.pack("d", sent)
    elif isinstance(sent, complex):
        assert_same([received.real, received.imag], [sent.real, sent.imag])
    elif isinstance(sent, list | tuple):
        assert len(received) == len(sent)
        for one, other in zip(received, sent, strict=True):
            assert_same(one, other)
    elif isinstance(sent, dict):
        assert_same(list(received.items()), list(sent.items()))
    else:
        assert received == sent


NAN = struct.unpack("d", struct.pack("Q", 0xFFF8_0000_0000_BEEF))[0]
OBJECTS = [
    *(None, True, False, 0, -1, 2**63, -(2**64), 2**64, 10**19, -(10**9000)),
    *(0.0, -0.0, 5e-324, 1.7976931348623157e308, 0.1, math.inf, -math.inf, math.nan, NAN),
    *(1j, complex(-0.0, math.nan), complex(math.inf, 0.1)),
    *("", "text", "\0\x1f\x7f", '"\\/', "\u00e9\u2028\U0001f600", "\ud83d\ude00", "a\udc80"),
    *("x" * 17_000, "\u20ac" * 5000),
    *(b"", bytes(range(256)), b"x" * 17_000),
    *([], (), {}, [()], ([],), ((1,), [2], {3: (4,)})),
    *({"b": 1, "a": 2}, {"$array": 0}, {"$": None}, {"$tuple": [1]}, {"$a": 1, "$b": 2}),
    *({1: "int", 1.5: "float", None: 0, b"k": 0, (1, ("x",)): 0}, {True: 1}, {math.nan: 1}),
    {"\ud800": 1},
    [0, False, 0.0, 0j, None, "", b""],
]  # fmt: skip


@pytest.mark.parametrize("obj", OBJECTS, ids=lambda obj: f"{type(obj).__name__}")
def test_objects(ends: Any, obj: Any) -> None:
    """Objects of all types that may be sent, bare and inside of others."""
    a, b = ends
    for sent in (obj, [obj], {"key": (obj, obj)}):
        a.send(sent)
        assert_same(b.recv(), sent)


SCALARS = [
    cls(1) for cls in (np.bool_, np.int8, np.uint16, np.int64, np.float16, np.float32, np.float64)
]
SCALARS += [np.longdouble(1) / 3, np.complex64(1j), np.complex128(math.nan)]
SCALARS += [np.datetime64("2020-01-01"), np.datetime64("NaT", "s"), np.timedelta64(5, "25s")]


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda scalar: scalar.dtype.name)
def test_scalars(ends: Any, scalar: Any) -> None:
    """NumPy's own numbers keep their type and bits."""
    a, b = ends
    a.send({scalar: [scalar]})
    assert_same(b.recv(), {scalar: [scalar]})


EXACT = [dtype for dtype in array_zoo.DTYPES if dtype.names is None and not dtype.metadata]
EXACT += array_zoo.STRUCTURED[:1] + array_zoo.STRUCTURED[2:4]
EXACT += [
    np.dtype([(("title", "r"), "i4"), ("s", ">f8")]),
    np.dtype({"names": ["early", "late"], "formats": ["i4", "i2"], "offsets": [2, 9]}),
    np.dtype([("a", [("b", [("c", "<M8[25s]", (2, 1))])])]),
]
INEXACT = [dtype for dtype in array_zoo.STRUCTURED if dtype not in EXACT]
INEXACT += [np.dtype("<f8", metadata={"unit": "metre"}), np.dtype([("a", "S0"), ("b", "i4")])]


@pytest.mark.parametrize("layout", array_zoo.LAYOUTS)
def test_every_dtype(ends: Any, layout: str) -> None:
    """Every dtype in every layout arrives as it does in a pickled message."""
    a, b = ends
    for dtype in EXACT:
        sent = array_zoo.LAYOUTS[layout](array_zoo.make(dtype))
        a.send(sent)
        a.send([sent, (sent,)])
        array_zoo.assert_same(b.recv(), sent)
        first, (second,) = b.recv()
        array_zoo.assert_same(first, sent)
        array_zoo.assert_same(second, sent)


def test_large_arrays(ends: Any, in_thread: Any) -> None:
    """Arrays too large to be believed at once arrive whole, in their order."""
    a, b = ends
    for shape, order in (((3, 7_000_001), "F"), ((17 << 20,), "C")):
        sent = np.empty(shape, np.uint8, order=order)
        sent.reshape(-1, order="A")[:] = np.resize(np.arange(251, dtype=np.uint8), sent.size)
        in_thread(a.send, [sent])
        array_zoo.assert_same(b.recv()[0], sent)


def objects() -> st.SearchStrategy[Any]:
    """Draw objects of everything that may be sent."""
    scalars = st.sampled_from(SCALARS)
    text = st.text(st.characters(exclude_categories=()))
    keys = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.complex_numbers(), text,
        st.binary(), scalars,
    )  # fmt: skip
    keys = keys | st.tuples(keys, keys)
    return st.recursive(
        keys | arrays().filter(lambda array: _is_described(array.dtype)),
        lambda inner: st.one_of(
            st.lists(inner),
            st.lists(inner).map(tuple),
            st.dictionaries(text, inner),
            st.dictionaries(keys, inner),
        ),
        max_leaves=20,
    )


def _is_described(dtype: np.dtype[Any]) -> bool:
    try:
        describing.describe(dtype)
    except ValueError:
        return False
    return True


@pytest.fixture(scope="module", params=MAKES)
def both(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Any]]:
    """Two ends without pickle, for all examples."""
    a, b = MAKES[request.param](**PLAIN)
    with a, b:
        yield a, b


def law(both: tuple[Any, Any], obj: Any) -> None:
    """Check that what arrives equals what was sent, also where pickles would be received."""
    a, b = both
    for allow_pickle in (False, True):
        b._limit(b._limits._replace(allow_pickle=allow_pickle))
        a.send(obj)
        assert b.poll()
        assert_same(b.recv(), obj)
        assert not b.poll()


@given(objects())
def test_what_arrives_is_what_was_sent(both: Any, obj: Any) -> None:
    """The law, on a few objects."""
    law(both, obj)


@pytest.mark.thorough
@pytest.mark.timeout(1800)
@settings(settings.get_profile("thorough"))
@given(objects())
def test_what_arrives_is_what_was_sent_thoroughly(both: Any, obj: Any) -> None:
    """The law, on ten thousand objects."""
    law(both, obj)


class Text(str):
    pass


class Array(np.ndarray):
    pass


class Disguised:
    __class__ = int

    def __reduce__(self) -> Any:
        raise AssertionError("code of the object was called")


CYCLE: list[Any] = []
CYCLE.append(CYCLE)
REFUSED = {
    "a datetime": (datetime.date(2020, 1, 1), r"^obj is a datetime\.date: with allow_pickle=False"),
    "inside": ({"a": [1, 2, {1}]}, r"^obj\['a'\]\[2\] is a set: "),
    "in a tuple": ((0, (1, object())), r"^obj\[1\]\[1\] is a object: "),
    "as a key": ([{1: 1, Text("k"): 2}], r"^list\(obj\[0\]\)\[1\] is a .*\bText: "),
    "in a key": ({(1, len): 2}, r"^list\(obj\)\[0\]\[1\] is a builtin_function_or_method: "),
    "str": (Text(), r"Text"),
    "dict": (OrderedDict(), r"collections\.OrderedDict"),
    "named tuple": (Point(1, 2), r"Point"),
    "int": (enum.IntEnum("E", "A")(1), r"E"),
    "array class": (np.zeros(3).view(Array), r"Array"),
    "masked": (np.ma.zeros(3), r"MaskedArray"),
    "bytearray": (bytearray(3), r"bytearray"),
    "objects": (np.array([None]), r"array whose dtype dtype\('O'\)"),
    "strings": (np.array(["a"], np.dtypes.StringDType()), r"StringDType"),
    "scalar of text": (np.str_("a"), r"numpy\.str_"),
    "scalar of a struct": (np.zeros(1, "i4,i4")[0], r"numpy\.void"),
    "a disguise": (Disguised(), r"Disguised"),
    "a cycle": (CYCLE, r"^obj(\[0\]){64} is nested more than 64 deep"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_at_the_sender(ends: Any, case: str) -> None:
    """What cannot be described is a TypeError that says what and where; nothing was sent."""
    a, b = ends
    obj, says = REFUSED[case]
    with pytest.raises(TypeError, match=says):
        a.send(obj)
    assert not b.poll()
    a.send("next")
    assert b.recv() == "next"


@pytest.mark.parametrize("dtype", INEXACT, ids=str)
def test_dtypes_that_are_refused(ends: Any, dtype: Any) -> None:
    """A dtype that would not come back exactly is refused at the sender, with its name."""
    a, b = ends
    with pytest.raises(TypeError, match=r"obj\['k'\] is an array whose dtype dtype\("):
        a.send({"k": np.zeros(3, dtype)})
    assert not b.poll()


def test_too_long(ends: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """More text than an index may have is a ValueError; nothing was sent."""
    a, b = ends
    monkeypatch.setattr(describing, "MAX_INDEX", 1000)
    with pytest.raises(ValueError, match="more than 1000"):
        a.send("x" * 1000)
    assert not b.poll()


def test_as_deep_as_is_sent(ends: Any) -> None:
    """The deepest objects that are sent are received, of every kind of nesting."""
    a, b = ends
    for wrap in (lambda x: [x], lambda x: (x,), lambda x: {"k": x}, lambda x: {1: x}):
        obj: Any = np.zeros(1, "i4,i4")
        for _ in range(64):
            obj = wrap(obj)
        a.send(obj)
        assert_same(b.recv(), obj)
        with pytest.raises(TypeError, match="nested"):
            a.send(wrap(obj))


def test_settings_of_the_process(ends: Any) -> None:
    """The limit of digits changes nothing."""
    a, b = ends
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        a.send(1 << 100_000)
        assert b.recv() == 1 << 100_000
    finally:
        sys.set_int_max_str_digits(before)


def test_poll_and_wait(ends: Any) -> None:
    """A described message is seen before it is received, and not after, refused or not."""
    a, b = ends
    assert not b.poll()
    a.send([1])
    for _ in range(2):
        assert b.poll()
        with pytest.raises(TypeError, match="not an array"):
            b.recv_into(np.zeros(3))
        with pytest.raises(TypeError, match="an object: receive it with recv"):
            b.recv_bytes()
    assert b.poll()
    b.recv()
    assert not b.poll()


def test_wait_sees_a_refused_message(closing: Any) -> None:
    """The wait of the standard library sees it, with no array in it, or with one of no bytes."""
    a, b = map(closing.enter_context, ndpipe.Pipe(**PLAIN))
    for sent in ([1], np.zeros(0), np.zeros(5), [np.zeros(5)]):
        a.send(sent)
        with pytest.raises((TypeError, ValueError)):
            b.recv_into(np.zeros(3))
        assert wait([b], 5) == [b]
        assert_same(b.recv(), sent)
        assert wait([b], 0) == []


def test_bytes(ends: Any) -> None:
    """send_bytes and recv_bytes are no pickle, and work as ever."""
    a, b = ends
    a.send_bytes(b"bytes")
    assert b.recv_bytes() == b"bytes"
    a.send_bytes(np.arange(3, dtype="u1"))
    assert b.recv_bytes_into(bytearray(9)) == 3


def test_recv_into(ends: Any) -> None:
    """An array is filled; what does not fit is refused before it is read, and stays."""
    a, b = ends
    sent = np.arange(12.0).reshape(3, 4)
    a.send(sent)
    a.send("next")
    for out in (np.zeros(12), np.zeros((3, 4), ">f8"), np.zeros((3, 4), order="F")):
        with pytest.raises(ValueError, match="the array in the message"):
            b.recv_into(out)
        assert not out.any()
        assert b.poll()
    out = np.zeros((3, 4))
    assert b.recv_into(out) is out
    np.testing.assert_array_equal(out, sent)
    assert b.recv() == "next"


@pytest.mark.parametrize("start_method", ["fork", "spawn", "forkserver"])
def test_passing_an_end(make_pipe: Any, start_child: Any, start_method: str) -> None:
    """An end that a child was given refuses there what it refuses here."""
    ours, theirs = make_pipe(allow_pickle=False, max_bytes=1 << 20)
    start_child(start_method, connection_peers.send_limits, theirs)
    theirs.close()
    assert ours.poll(30)
    assert ours.recv() == [False, 1 << 20, "obj is a set"]
    resource_sharer.stop(timeout=10)


def test_wrapping_again_refuses_no_less(make_pipe: Any) -> None:
    """Another wrap makes an end stricter and never less strict."""
    a, _ = make_pipe(allow_pickle=False, max_bytes=1000)
    assert ndpipe.wrap(a, threshold=7)._limits == (False, 1000)
    assert ndpipe.wrap(a, max_bytes=2000)._limits == (False, 1000)
    assert ndpipe.wrap(a, max_bytes=500)._limits == (False, 500)
    b, _ = make_pipe()
    assert ndpipe.wrap(b, allow_pickle=False)._limits == (False, None)


def test_no_negative_limit(make_pipe: Any) -> None:
    """A limit below zero is a mistake of the caller."""
    with pytest.raises(ValueError, match="negative max_bytes"):
        ndpipe.Pipe(max_bytes=-1)


def test_an_exception_of_a_handler_is_not_a_refusal() -> None:
    """It comes out wherever a dtype is described, though it has the type of what says no."""
    codes = {function.__code__ for function in (dtypes.describe, dtypes._exact)}
    points = 0
    while True:
        a, b = ndpipe.Pipe(allow_pickle=False)
        with a, b:
            injection = Injection({points: ValueError("own")}, lambda code: code in codes)
            said = "nothing"
            try:
                injection.run(a.send, np.zeros(3, "f4,i8"))
            except (TypeError, ValueError) as error:
                said = str(error)
            if not injection.fired:
                break
            assert said == "own"
            assert not a.closed
        points += 1
    assert points > 20
