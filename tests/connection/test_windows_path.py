"""The path that Windows takes, forced here: what holds of a Connection holds of its ends."""

import multiprocessing
from multiprocessing import resource_sharer
from typing import Any

import array_zoo
import numpy as np
import pytest
from pipes_under_test import fallback_pipe
from recorded import record

import ndpipe

ARRAY = np.arange(12.0).reshape(3, 4)
MAGIC = record(ARRAY)[:12]


@pytest.fixture
def ends(closing: Any) -> tuple[Any, Any]:
    """Two ends over standard messages; every array travels out of band."""
    a, b = fallback_pipe()
    return closing.enter_context(a), closing.enter_context(b)


def test_they_are_connections(ends: Any) -> None:
    """Code that asks for an ndpipe.Connection, or a standard one, gets one."""
    for end in ends:
        assert isinstance(end, ndpipe.Connection)
        assert isinstance(end, multiprocessing.connection.Connection)


@pytest.mark.parametrize("limit", [None, 0, 1, 50, 1 << 20])
def test_bytes_of_an_array(ends: Any, limit: int | None) -> None:
    """A message with arrays is refused by recv_bytes, with any limit, and stays."""
    a, b = ends
    a.send(ARRAY)
    for _ in range(2):
        with pytest.raises(TypeError, match="arrays"):
            b.recv_bytes(limit)
        assert b.readable
        assert b.writable
    array_zoo.assert_same(b.recv(), ARRAY)


def test_the_limit_holds_for_a_refused_message(make_pipe: Any) -> None:
    """A message that recv_into refused is not returned by a recv_bytes whose limit it exceeds."""
    a, b = make_pipe()
    a.send_bytes(b"12345")
    with pytest.raises(TypeError, match="not an array"):
        b.recv_into(np.zeros(3))
    with pytest.raises(OSError, match="bad message length"):
        b.recv_bytes(4)
    assert not b.readable


def test_a_limit_that_is_kept(make_pipe: Any) -> None:
    """A message of just the limit is received, refused before or not."""
    a, b = make_pipe()
    for refuse in (False, True):
        a.send_bytes(b"12345")
        if refuse:
            with pytest.raises(TypeError, match="not an array"):
                b.recv_into(np.zeros(3))
        assert b.recv_bytes(5) == b"12345"


BODIES = [
    MAGIC,
    MAGIC + b"and more",
    MAGIC + bytes(16),
    MAGIC + bytes(100_000),
    MAGIC[:5],
    MAGIC * 2,
    record(ARRAY),
    record(ARRAY)[:40],
    record([ARRAY, 1]),
    b"",
]


@pytest.mark.parametrize("body", BODIES, ids=len)
def test_bytes_that_look_like_an_array(make_pipe: Any, body: bytes) -> None:
    """Bytes are bytes, also those with which an out-of-band message begins."""
    a, b = make_pipe()
    for _ in range(2):
        a.send_bytes(body)
        with pytest.raises(TypeError, match="not an array"):
            b.recv_into(np.zeros(3))
        assert b.recv_bytes() == body
        a.send_bytes(body)
        buffer = bytearray(200_000)
        assert b.recv_bytes_into(buffer) == len(body)
        assert buffer[: len(body)] == body
    a.send(ARRAY)
    array_zoo.assert_same(b.recv(), ARRAY)
    a.send(body)
    assert b.recv() == body


@pytest.mark.parametrize("threshold", [1, 1 << 20])
def test_wrapping_twice(make_pipe: Any, threshold: int) -> None:
    """What was put back is still there after another wrap, whose threshold holds."""
    a, b = make_pipe()
    a.send(ARRAY)
    with pytest.raises(ValueError, match="shape"):
        b.recv_into(np.zeros(3))
    again = ndpipe.wrap(b, threshold=threshold)
    assert again is b
    array_zoo.assert_same(again.recv(), ARRAY)


def test_passing_what_was_put_back(make_pipe: Any) -> None:
    """A refused message goes along with its end, bytes and arrays."""
    for message in (ARRAY, b"text"):
        a, b = make_pipe()
        c, d = make_pipe()
        a.send(message)
        with pytest.raises((TypeError, ValueError)):
            b.recv_into(np.zeros(3))
        c.send(b)
        with d.recv() as copy:
            assert np.array_equal(copy.recv(), message)
    resource_sharer.stop(timeout=10)
