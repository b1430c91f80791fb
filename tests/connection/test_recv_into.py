"""recv_into fills what fits, and leaves what does not fit for the next receive."""

import multiprocessing
import pickle
import threading
from multiprocessing import resource_sharer
from multiprocessing.connection import wait
from multiprocessing.reduction import ForkingPickler
from typing import Any

import array_zoo
import connection_peers
import numpy as np
import pipes_under_test
import pytest

import ndpipe

# NumPy deprecates times without a unit, which must come through as long as they exist.
pytestmark = pytest.mark.filterwarnings("ignore:The 'generic' unit:DeprecationWarning")

SENT = np.arange(12.0).reshape(3, 4)

REFUSED = {
    "shape": (SENT, lambda: np.zeros((4, 3)), ValueError),
    "dimensions": (SENT, lambda: np.zeros(12), ValueError),
    "dtype": (SENT, lambda: np.zeros((3, 4), "i8"), ValueError),
    "byte order": (SENT, lambda: np.zeros((3, 4), ">f8"), ValueError),
    "C for Fortran": (np.asfortranarray(SENT), lambda: np.zeros((3, 4)), ValueError),
    "Fortran for C": (SENT, lambda: np.zeros((3, 4), order="F"), ValueError),
    "read-only": (SENT, lambda: np.broadcast_to(0.0, (3, 4)), ValueError),
    "strided": (SENT, lambda: np.zeros((3, 8))[:, ::2], ValueError),
    "overlapping": (
        SENT,
        lambda: np.lib.stride_tricks.as_strided(np.zeros(9), (3, 4), (8, 8)),
        ValueError,
    ),
    "not an array": (SENT, lambda: bytearray(96), TypeError),
    "objects": (SENT, lambda: np.zeros((3, 4), object), TypeError),
    "masked": (SENT, lambda: np.ma.zeros((3, 4)), TypeError),
    "units": (np.array(["2020"], "M8[D]"), lambda: np.zeros(1, "M8[s]"), ValueError),
    "a list": ([SENT], lambda: np.zeros((3, 4)), TypeError),
    "no array": ({"k": "text"}, lambda: np.zeros((3, 4)), TypeError),
    "a subclass": (SENT.view(np.matrix), lambda: np.zeros((3, 4)), TypeError),
    "an object array": (np.array([None, 1]), lambda: np.zeros(2), ValueError),
    "a function": (np.sum, lambda: np.zeros(2), TypeError),
}


@pytest.fixture(params=[1, 1 << 20], ids=["out of band", "in band"])
def ends(request: pytest.FixtureRequest, make_pipe: Any) -> tuple[Any, Any]:
    """Two ends whose small arrays travel either way."""
    return make_pipe(threshold=request.param)


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_leave_the_message(ends: Any, case: str) -> None:
    """A refused message is still there, for poll and for the next receive of any kind."""
    a, b = ends
    sent, make_out, error = REFUSED[case]
    out = make_out()
    a.send(sent)
    a.send("next")
    for _ in range(2):
        with pytest.raises(error):
            b.recv_into(out)
        assert b.poll()
    assert not np.any(out)
    assert repr(b.recv()) == repr(sent)
    assert b.recv() == "next"
    assert not b.poll()


def test_a_message_refused_once_can_fit_another(ends: Any) -> None:
    """After a refusal, the same message goes into an array that fits."""
    a, b = ends
    a.send(SENT)
    with pytest.raises(ValueError, match="shape"):
        b.recv_into(np.zeros(5))
    out = np.zeros((3, 4))
    assert b.recv_into(out) is out
    np.testing.assert_array_equal(out, SENT)
    assert not b.poll()


def test_wait_sees_a_refused_message(pipe: Any) -> None:
    """The wait of the standard library, which only asks the system, sees it too."""
    a, b = pipe
    for a._threshold in (1, 1 << 20):
        a.send(SENT)
        with pytest.raises(ValueError, match="shape"):
            b.recv_into(np.zeros(5))
        assert wait([b], 5) == [b]
        b.recv()
        assert wait([b], 0) == []


def test_bytes_are_not_an_array(ends: Any) -> None:
    """A message of send_bytes is refused, and recv_bytes has it afterwards."""
    a, b = ends
    for body in (b"some bytes", b"", b"\x80\x04.", b"\xff" * 40):
        a.send_bytes(body)
        with pytest.raises(TypeError, match="not an array"):
            b.recv_into(np.zeros(5))
        assert b.poll()
        assert b.recv_bytes() == body


def test_nothing_is_unpickled_but_an_array(ends: Any) -> None:
    """An object that could do anything when it is unpickled is refused before it is."""
    a, b = ends
    a.send(connection_peers.Unpickled())
    with pytest.raises(TypeError, match="not an array"):
        b.recv_into(np.zeros(5))
    assert not connection_peers.unpickled
    b.recv()
    assert connection_peers.unpickled.pop() == 1


@pytest.mark.parametrize("case", ["read-only", "strided", "overlapping", "not an array", "objects"])
def test_what_fits_no_array_is_refused_at_once(ends: Any, case: str) -> None:
    """A destination for which no message could be right is refused before one is waited for."""
    _, b = ends
    _, make_out, error = REFUSED[case]
    with pytest.raises(error):
        b.recv_into(make_out())


def test_bytes_methods_leave_arrays(make_pipe: Any) -> None:
    """recv_bytes and recv_bytes_into refuse an out-of-band message, which recv has afterwards."""
    a, b = make_pipe()
    a.send(SENT)
    for receive in (b.recv_bytes, lambda: b.recv_bytes(5), lambda: b.recv_bytes_into(bytearray(9))):
        with pytest.raises(TypeError, match="arrays"):
            receive()
        assert b.poll()
    np.testing.assert_array_equal(b.recv(), SENT)


@pytest.mark.parametrize("layout", ["C", "Fortran", "steps", "0-d", "zero-size", "broadcast"])
def test_every_dtype(ends: Any, layout: str) -> None:
    """Every dtype is received into an array like the one that is sent."""
    a, b = ends
    for dtype in array_zoo.DTYPES:
        sent = array_zoo.LAYOUTS[layout](array_zoo.make(dtype))
        out = np.empty_like(sent, order="F" if layout == "Fortran" else "C")
        out.reshape(-1, order="A").view("u1")[:] = 170
        a.send(sent)
        array_zoo.assert_same(b.recv_into(out), sent)


@pytest.mark.parametrize("nbytes", [0, 1, 255, 256, 65_535, 65_536, 65_545, 131_071, 131_072])
@pytest.mark.parametrize("period", [1, 9, 251])
def test_every_size_into_an_array_that_begins_alike(ends: Any, nbytes: int, period: int) -> None:
    """A pickle has large bytes outside of its frames: no byte of `out` is taken for its frame."""
    a, b = ends
    sent = np.resize(np.arange(period, dtype="u1"), nbytes)
    out = sent.copy()
    sent[nbytes // 2 :] += 1
    sender = threading.Thread(target=a.send, args=(sent,))
    sender.start()
    np.testing.assert_array_equal(b.recv_into(out), sent)
    sender.join(10)


def test_a_part_of_an_array(ends: Any) -> None:
    """A contiguous part of an array is filled, and nothing beside it."""
    a, b = ends
    frames = np.zeros((3, 3, 4))
    a.send(SENT)
    b.recv_into(frames[1])
    np.testing.assert_array_equal(frames[1], SENT)
    assert not frames[0].any()
    assert not frames[2].any()


def test_the_callers_memory_is_filled(ends: Any) -> None:
    """Another view of the same memory sees what came: there is no copy in between to be seen."""
    a, b = ends
    memory = bytearray(96)
    out = np.frombuffer(memory).reshape(3, 4)
    a.send(SENT)
    b.recv_into(out)
    assert bytes(memory) == SENT.tobytes()


def test_recv_into_needs_a_readable_open_end(make_pipe: Any) -> None:
    """The errors of recv are the errors of recv_into."""
    receiver, sender = make_pipe(duplex=False)
    with pytest.raises(OSError, match="write-only"):
        sender.recv_into(np.zeros(3))
    sender.close()
    with pytest.raises(EOFError):
        receiver.recv_into(np.zeros(3))
    receiver.close()
    with pytest.raises(OSError, match="closed"):
        receiver.recv_into(np.zeros(3))


ALIKE = [
    *array_zoo.DTYPES,
    np.dtype((np.record, "<i4,>f8,S3")),
    np.dtype("<i4,>f8,S3", align=True),
    np.dtype([("a", "u1"), ("b", "<f8")]),
    np.dtype((np.record, [("a", "u1"), ("b", "<f8")]), align=True),
    np.dtype([(("title", "r"), "i4"), ("s", "f8")]),
    np.dtype({"names": ["early", "late"], "formats": ["i4", "i2"], "offsets": [2, 9]}),
    np.dtype("<f8", metadata={"unit": "second"}),
    np.dtype("<f8"),
    np.dtype("l"),
    np.dtype("q"),
]


@pytest.mark.parametrize("threshold", [1, 1 << 20])
def test_dtypes_that_are_nearly_the_same(pipe: Any, threshold: int) -> None:
    """For every pair of dtypes: the bytes that were sent, or a refusal that leaves everything."""
    a, b = pipe
    ndpipe.wrap(a, threshold=threshold)
    arrays = [np.ascontiguousarray(array_zoo.make(dtype)[:2, :2]) for dtype in ALIKE]
    filled = 0
    for sent in arrays:
        for like in arrays:
            out = like.copy()
            before = out.tobytes()
            a.send(sent)
            try:
                b.recv_into(out)
            except (ValueError, TypeError):
                assert out.tobytes() == before
                array_zoo.assert_same(b.recv(), sent)
            else:
                filled += 1
                assert out.dtype == like.dtype
                assert array_zoo._elements(out) == array_zoo._elements(sent)
                for name in sent.dtype.names or ():
                    assert out[name].tobytes() == sent[name].tobytes()
            assert not b.poll()
    assert len(arrays) <= filled < len(arrays) ** 2 / 4


@pytest.mark.parametrize("make", ["duplex", "os.pipe", "messages, passed on"])
def test_an_empty_message_is_still_there_however_often_it_is_refused(
    make: str, closing: Any
) -> None:
    """Where it cannot be looked at without reading it, too."""
    if make == "os.pipe":
        reader, writer = multiprocessing.Pipe(duplex=False)
        ends = [ndpipe.wrap(reader), ndpipe.wrap(writer)]
    elif make == "duplex":
        ends = list(ndpipe.Pipe())
    else:
        ends = list(pipes_under_test.MAKES["messages"]())
    b, a = map(closing.enter_context, ends)
    a.send_bytes(b"")
    for _ in range(3):
        assert b.poll()
        with pytest.raises(TypeError, match="not an array"):
            b.recv_into(np.zeros(3))
        if make == "messages, passed on":
            b = closing.enter_context(pickle.loads(ForkingPickler.dumps(b)))
    assert b.poll()
    assert b.recv_bytes() == b""
    resource_sharer.stop(timeout=10)
