"""send_bytes and recv_bytes_into take any contiguous buffer for its bytes."""

import array
import multiprocessing
from typing import Any

import numpy as np
import pytest

BUFFERS = [
    np.arange(60_000, dtype=np.uint8).reshape(20_000, 3),
    np.zeros((3, 4), bool),
    np.arange(6.0).reshape(2, 3),
    np.zeros((5, 0)),
    np.array(7, "i2"),
    array.array("i", [1, 2, 3]),
    b"bytes",
    bytearray(20_000),
    memoryview(b"view"),
]


@pytest.mark.parametrize("buffer", BUFFERS, ids=lambda b: type(b).__name__)
def test_any_buffer(make_pipe: Any, buffer: Any) -> None:
    """All bytes of a buffer go, and come into any other buffer of that size."""
    a, b = make_pipe()
    expected = memoryview(buffer).tobytes()
    a.send_bytes(buffer)
    a.send_bytes(buffer)
    a.send(None)
    assert b.recv_bytes() == expected
    into = np.zeros((len(expected) // 2 or 1, 2), np.uint8)
    if len(expected) <= into.nbytes:
        assert b.recv_bytes_into(into) == len(expected)
        assert into.tobytes()[: len(expected)] == expected
    else:
        assert b.recv_bytes() == expected
    assert b.recv() is None


def test_offsets_are_in_bytes(make_pipe: Any) -> None:
    """Offsets and sizes count bytes, whatever the shape and the element."""
    a, b = make_pipe()
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    a.send_bytes(image, 2, 7)
    assert b.recv_bytes() == image.tobytes()[2:9]
    a.send_bytes(b"12345")
    wide = np.zeros(4, np.uint32)
    assert b.recv_bytes_into(wide, 3) == 5
    assert wide.tobytes() == b"\0\0\x0012345" + bytes(8)


def test_refusals_come_before_the_message(make_pipe: Any) -> None:
    """A buffer that cannot be filled is refused while the message is still there."""
    a, b = make_pipe()
    a.send_bytes(b"message")
    for buffer in (b"read-only", np.zeros((4, 4))[:, ::2], np.asfortranarray(np.eye(3)), None):
        with pytest.raises(TypeError):
            b.recv_bytes_into(buffer)
    with pytest.raises(multiprocessing.BufferTooShort) as caught:
        b.recv_bytes_into(bytearray(3))
    assert caught.value.args == (b"message",)  # as in the standard library
    with pytest.raises(TypeError):
        a.send_bytes(np.zeros((4, 4))[:, ::2])
    a.send("next")
    assert b.recv() == "next"


def test_maxlength(make_pipe: Any) -> None:
    """A message longer than the limit ends receiving, as in the standard library."""
    a, b = make_pipe()
    a.send_bytes(b"12345")
    with pytest.raises(OSError, match="bad message length"):
        b.recv_bytes(4)
    assert not b.readable
