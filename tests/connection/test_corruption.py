"""Bytes that are not a message: an error of one type, no wrong array, no hang, no large allocation.

A stream that is cut off here ends in end of file, so that a receive which waits for more ends too.
"""

import random
import resource
from typing import Any

import numpy as np
import pytest
from recorded import play, record

from ndpipe._pipe import wire

ARRAY = np.arange(500, dtype=np.int32)
MESSAGE = record({"array": ARRAY})
HEAD_AND_INDEX = len(MESSAGE) - ARRAY.nbytes


def outcome(data: bytes) -> Any:
    """Receive one message; return it or the error, and see that an error closed the connection."""
    with play(data) as end:
        try:
            return end.recv()
        except OSError as error:
            assert end.closed
            return error


def test_every_bit_of_head_and_index() -> None:
    """A single bit changed anywhere before the arrays is an OSError: thousands of mutations."""
    for position in range(HEAD_AND_INDEX):
        for bit in range(8):
            data = bytearray(MESSAGE)
            data[position] ^= 1 << bit
            assert isinstance(outcome(bytes(data)), OSError), (position, bit)


def test_random_heads() -> None:
    """Thousands of heads overwritten with random bytes: OSError."""
    rng = random.Random(0)
    for _ in range(3000):
        data = bytearray(MESSAGE)
        # From the fifth byte: a random length before that is a standard message of that length.
        at = rng.randrange(4, HEAD_AND_INDEX)
        n = rng.randrange(1, 40)
        data[at : at + n] = rng.randbytes(len(data[at : at + n]))
        received = outcome(bytes(data))
        if not isinstance(received, OSError):  # the random bytes may be the old ones
            assert bytes(data)[:HEAD_AND_INDEX] == MESSAGE[:HEAD_AND_INDEX]


def test_lengths_that_lie() -> None:
    """Standard messages of any declared length, however long, that end early: OSError."""
    for length in (1, 99, 2**20, 2**31 - 1):
        assert isinstance(outcome(length.to_bytes(4, "big") + bytes(50) * (length > 99)), OSError)
    for length in (100, 2**31, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1):
        data = b"\xff\xff\xff\xff" + length.to_bytes(8, "big") + bytes(50)
        assert isinstance(outcome(data), OSError), length
    for length in (-2, -5, -(2**31)):
        assert "corrupt" in str(outcome(length.to_bytes(4, "big", signed=True) + bytes(50)))


def test_a_declared_length_allocates_nothing() -> None:
    """A body of petabytes, of which nothing comes, costs no memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for length in (2**33, 2**40, 2**50):
        data = b"\xff\xff\xff\xff" + length.to_bytes(8, "big") + bytes(50)
        assert "end of file after 62 of" in str(outcome(data))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 16 << 10  # in KiB


def test_recv_into_does_not_touch_the_array_for_a_corrupt_head() -> None:
    """The destination is as it was when the head or the index is corrupt."""
    message = record(ARRAY)
    for position in range(len(message) - ARRAY.nbytes):
        data = bytearray(message)
        data[position] ^= 0x10
        out = np.full_like(ARRAY, 7)
        with play(bytes(data)) as end, pytest.raises((OSError, TypeError)):
            end.recv_into(out)
        assert (out == 7).all()


def test_the_index_is_not_unpickled_before_its_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pickle is loaded from an index that is not, byte for byte, what was sent."""
    monkeypatch.setattr(wire.pickle, "load", lambda _: pytest.fail("unpickled"))
    data = bytearray(MESSAGE)
    data[HEAD_AND_INDEX - 1] ^= 1
    assert "index fails its check" in str(outcome(bytes(data)))
