"""The bytes on the wire: the standard ones for small messages, others from the threshold on."""

import multiprocessing
import os
import pickle
import socket
import struct
from multiprocessing import resource_sharer
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any

import array_zoo
import numpy as np
import pytest

import ndpipe
from ndpipe._pipe import index as index_module
from ndpipe._pipe import wire
from ndpipe._pipe.index import Index

SMALL = [
    None,
    3,
    "text",
    b"bytes" * 5000,
    [1.5, {"k": (2,)}],
    np.arange(5),
    np.asfortranarray(np.eye(4)),
    np.arange(10)[::-2],
    np.array(["2020", "NaT"], "M8[D]"),
    np.eye(1).view(np.matrix),
    np.ma.masked_array([1, 2], [0, 1]),
    np.array([None, 1], dtype=object),
    {"a": np.zeros(3), "b": [np.float64(1), np.dtype("i4"), np.ndarray]},
    pickle.dumps,
    array_zoo.BASIC,
]


def wire_bytes(end: Connection) -> bytes:
    """Return all that was written to the other end, which is closed."""
    data = b""
    while chunk := os.read(end.fileno(), 1 << 16):
        data += chunk
    return data


@pytest.mark.parametrize("obj", SMALL, ids=lambda obj: type(obj).__name__)
def test_small_messages_are_the_standard_ones(obj: Any, closing: Any) -> None:
    """Byte for byte what the standard connection writes."""
    written = []
    for make in (multiprocessing.Pipe, ndpipe.Pipe):
        a, b = map(closing.enter_context, make())
        a.send(obj)
        a.send_bytes(b"some bytes")
        a.close()
        written.append(wire_bytes(b))
    assert written[0] == written[1]


def test_registered_reducers_go_first(pipe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ForkingPickler.register says about a class holds here, for ndarray too."""
    monkeypatch.setitem(ForkingPickler._extra_reducers, np.ndarray, lambda _: (len, ([1, 2],)))
    a, b = pipe
    a.send(np.zeros(100))
    a.send([np.zeros(100)])
    assert b.recv() == 2
    assert b.recv() == [2]


@pytest.mark.parametrize("ahead", [[], [np.zeros(3)]], ids=["bare", "beside an array"])
def test_what_an_array_of_objects_holds_is_pickled_as_alone(pipe: Any, ahead: list[Any]) -> None:
    """A connection in one arrives with a descriptor of its own, not with the sender's number."""
    a, b = pipe
    passed, kept = multiprocessing.Pipe()
    with passed, kept:
        array = np.empty(1, object)
        array[0] = passed
        a.send([*ahead, array] if ahead else array)
        received = b.recv()
        received = received[-1] if ahead else received
        with received[0] as copy:
            assert copy.fileno() != passed.fileno()
            copy.send("through it")
        assert kept.recv() == "through it"
    resource_sharer.stop(timeout=10)


@pytest.mark.parametrize("size", [100, 100_000])
def test_an_array_that_came_is_sent_as_soon_as_any_other(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its dtype is equal to NumPy's own and another object; no pickler need look at it either."""
    sent = np.zeros(size)
    received = pickle.loads(pickle.dumps(sent))
    assert received.dtype is not sent.dtype
    start, arrays = wire.encode(sent, 1 << 17)
    monkeypatch.setattr(wire, "dumps", None)
    again, same = wire.encode(received, 1 << 17)
    assert (again, [bytes(data) for data in same]) == (start, [bytes(data) for data in arrays])


@pytest.mark.parametrize(
    "dtype",
    [
        *("<f8", ">i4", "S3", "<U2", "<M8[3s]", "?", "<c16", "V5", "q", "g"),
        (np.record, "V8"),
        (np.float64, [("low", "f4"), ("high", "f4")]),
        (np.int32, {"low": ("i2", 0), "high": ("i2", 2)}),
    ],
)
@pytest.mark.parametrize("shape", [(), (1,), (3, 4), (0, 2)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_bare_array_has_the_index_that_any_array_has(
    dtype: Any, shape: tuple[int, ...], order: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The short way to make the start of a message makes the same bytes as the long one."""
    array = np.zeros(shape, dtype, order)
    short = wire.encode(array, 1)
    monkeypatch.setattr(wire, "is_usual", lambda _: False)
    assert short == wire.encode(array, 1)


def test_no_more_than_some_layouts_are_remembered() -> None:
    """A peer that sends ever new shapes, or writes an index in its own way, takes no memory."""
    for n in range(1000):
        Index(wire.encode(np.zeros(n + 1, "u1"), 1)[0])
    assert len(index_module._layouts) <= index_module.REMEMBERED
    index = pickle.dumps([(np.dtype("u1"), (7, 7), "C")], 5)
    known = Index(wire.head(wire.MAGIC, index))
    assert known.layouts == [(np.dtype("u1"), (7, 7), "C")]
    assert index not in index_module._layouts


def test_a_layout_may_be_forgotten_at_any_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread forgets all layouts between two steps of the one that looks for one."""

    class Forgetful(dict[bytes, Any]):
        def __contains__(self, key: object) -> bool:
            known = super().__contains__(key)
            self.clear()
            return known

    monkeypatch.setattr(index_module, "_layouts", Forgetful())
    start, _ = wire.encode(np.zeros(3), 1)
    for _ in range(3):
        assert Index(start).layouts == [(np.dtype("f8"), (3,), "C")]


@pytest.mark.parametrize("direction", ["to a standard end", "from a standard end"])
def test_standard_peers(direction: str, closing: Any) -> None:
    """A standard end and one of these understand each other's small messages."""
    first, second = multiprocessing.Pipe()
    a, b = closing.enter_context(ndpipe.wrap(first)), closing.enter_context(second)
    if direction.startswith("from"):
        a, b = b, a
    for obj in SMALL:
        a.send(obj)
        assert repr(b.recv()) == repr(obj)
    a.send_bytes(b"abc")
    assert b.recv_bytes() == b"abc"


def test_foreign_byte_order_to_a_standard_peer(closing: Any) -> None:
    """An array of the other byte order keeps it, even through a standard peer."""
    first, second = multiprocessing.Pipe()
    a, b = closing.enter_context(ndpipe.wrap(first)), closing.enter_context(second)
    sent = np.arange(6, dtype=np.dtype("i4").newbyteorder()).reshape(2, 3)
    a.send(sent)
    array_zoo.assert_same(b.recv(), sent)


def test_a_standard_peer_refuses_large_arrays(closing: Any) -> None:
    """A standard end that is sent an out-of-band message fails, and does not deliver nonsense."""
    first, second = multiprocessing.Pipe()
    a, b = closing.enter_context(ndpipe.wrap(first, threshold=1)), closing.enter_context(second)
    a.send(np.arange(5))
    with pytest.raises(OverflowError):
        b.recv()


@pytest.mark.parametrize("threshold", [1, 100, 16_384, 65_536])
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_the_threshold(threshold: int, off: int, closing: Any) -> None:
    """Arrays of fewer bytes than the threshold go in band, others out of band, all the same."""
    a, b = map(closing.enter_context, ndpipe.Pipe(threshold=threshold))
    sent = np.arange(threshold + off).astype(np.uint8)
    a.send(sent)
    with socket.socket(fileno=os.dup(b.fileno())) as end:
        head = end.recv(12, socket.MSG_PEEK)
    assert (head in wire.MAGICS) == (off >= 0)
    array_zoo.assert_same(b.recv(), sent)


@pytest.mark.parametrize("size", [0, 1, 16_383, 16_384, 16_385, 99, 100, 101])
@pytest.mark.parametrize("peer", ["standard", "ndpipe"])
def test_sizes_of_standard_messages(
    size: int, peer: str, closing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bodies around each edge of the frame, that between int32 and uint64 lowered to 100 bytes."""
    monkeypatch.setattr(wire, "MAX_SHORT", 100)
    first, second = multiprocessing.Pipe()
    a = closing.enter_context(ndpipe.wrap(first))
    b = closing.enter_context(second if peer == "standard" else ndpipe.wrap(second))
    body = os.urandom(size)
    a.send_bytes(body)
    assert b.recv_bytes() == body
    assert a.send(body) is None
    assert b.recv() == body


@pytest.mark.parametrize("nbytes", [99, 100, 101, 250, 1000])
def test_arrays_past_one_system_call(
    nbytes: int, make_pipe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arrays around what one system call, or one message of the fallback, may carry."""
    monkeypatch.setattr("ndpipe._pipe.files.MAX_IO", 100)
    monkeypatch.setattr("ndpipe._pipe.windows._PIECE", 100)
    a, b = make_pipe()
    sent = np.arange(nbytes).astype(np.uint8)
    a.send([sent, sent[::2]])
    first, second = b.recv()
    array_zoo.assert_same(first, sent)
    array_zoo.assert_same(second, sent[::2])


def test_the_format_is_what_the_docstring_says(closing: Any) -> None:
    """Take an out-of-band message apart by hand."""
    a, b = map(closing.enter_context, ndpipe.Pipe(threshold=1, splice_threshold=None))
    x, y = np.arange(3, dtype="<u2"), np.asfortranarray(np.eye(2))
    a.send({"x": x, "y": y})
    a.close()
    data = wire_bytes(b)
    assert data[:12] == b"\xff\xff\xff\xff\xffndpipe\x01"
    length, *_ = struct.unpack_from("!QII", data, 12)
    index, arrays = data[28 : 28 + length], data[28 + length :]
    assert pickle.loads(index) == [(x.dtype, (3,), "C"), (y.dtype, (2, 2), "F")]
    assert arrays == x.tobytes() + y.tobytes(order="F")
    with pytest.raises(pickle.UnpicklingError, match="beside"):
        pickle.loads(index[len(pickle.dumps(pickle.loads(index))) :])
