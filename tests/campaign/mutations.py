"""Corruptions of a stream of messages, and messages that are sound and strange."""

import random
import struct
from typing import Any

import numpy as np
from tests.campaign.corpus import Corpus
from tests.connection.crafted_messages import STRANGE, put_together, take_apart

__all__ = ["crafted", "mutated", "resealed"]

_LENGTHS = [0, 1, 3, 4, 12, 27, 28, 255, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - 2]
_LONG = [0, 1, 28, 2**16, 2**31, 2**32, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1]


def mutated(rng: random.Random, corpus: Corpus) -> bytes:
    """Return some messages one after the other, corrupted at one to three places."""
    messages = [rng.choice(corpus).data for _ in range(rng.randint(1, 3))]
    if rng.random() < 0.1:
        return _splice(rng, messages[0], rng.choice(corpus).data)
    data = bytearray(b"".join(messages))
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        if data:
            rng.choice(_WAYS)(rng, data, len(messages[0]))
    return bytes(data)


def _at(rng: random.Random, data: bytearray, first: int) -> int:
    """Return a place: where a message begins, more often than anywhere else."""
    near = [rng.randrange(64), first + rng.randrange(64), rng.randrange(len(data))]
    return min(rng.choice(near), len(data) - 1)


def _flip(rng: random.Random, data: bytearray, first: int) -> None:
    data[_at(rng, data, first)] ^= 1 << rng.randrange(8)


def _overwrite(rng: random.Random, data: bytearray, first: int) -> None:
    at = _at(rng, data, first)
    n = len(data[at : at + rng.randint(1, 40)])
    data[at : at + n] = rng.choice([rng.randbytes(n), bytes(n), b"\xff" * n])


def _insert(rng: random.Random, data: bytearray, first: int) -> None:
    at = _at(rng, data, first)
    data[at:at] = rng.randbytes(rng.randint(1, 40))


def _delete(rng: random.Random, data: bytearray, first: int) -> None:
    at = _at(rng, data, first)
    del data[at : at + rng.choice([1, 4, rng.randint(1, 100)])]


def _duplicate(rng: random.Random, data: bytearray, first: int) -> None:
    at = _at(rng, data, first)
    data[at:at] = data[at : at + rng.choice([1, 4, 28, rng.randint(1, 100)])]


def _swap(rng: random.Random, data: bytearray, first: int) -> None:
    at, other = _at(rng, data, first), _at(rng, data, first)
    data[at], data[other] = data[other], data[at]


def _cut(rng: random.Random, data: bytearray, first: int) -> None:
    del data[_at(rng, data, first) :]


def _length(rng: random.Random, data: bytearray, first: int) -> None:
    """Declare another length, short or long."""
    at = rng.choice([0, min(first, len(data) - 1)])
    if rng.random() < 0.5:
        data[at : at + 4] = struct.pack("!I", rng.choice(_LENGTHS))
    else:
        data[at : at + 12] = struct.pack("!iQ", -1, rng.choice(_LONG))


_WAYS = [_flip, _overwrite, _insert, _delete, _duplicate, _swap, _cut, _length]


def _splice(rng: random.Random, one: bytes, other: bytes) -> bytes:
    """Return the beginning of one message with the end of another."""
    return one[: rng.randrange(len(one))] + other[rng.randrange(len(other)) :]


def resealed(rng: random.Random, corpus: Corpus) -> bytes:
    """Return a message whose index, or kind, was corrupted, and whose checks are right again."""
    data = rng.choice([message.data for message in corpus if message.has_index])
    kind, (length,) = data[:12], struct.unpack_from("!Q", data, 12)
    index, arrays = bytearray(data[28 : 28 + length]), data[28 + length :]
    if rng.random() < 0.2:
        kind = kind[:-1] + bytes([rng.choice([0, 1, 2, 3, 4, 255])])
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        rng.choice(_WAYS[:7])(rng, index, 0)
        index = index or bytearray(1)
    return put_together(kind, bytes(index), b"", arrays)


def crafted(rng: random.Random, corpus: Corpus) -> bytes:
    """Return a message that is right, but for what its index says: a pickle of strange things."""
    data = rng.choice([message.data for message in corpus if message.has_index])
    magic, entries, obj, arrays = take_apart(data)
    way = rng.randrange(4)
    if way == 0:
        entries = rng.choice(list(STRANGE.values()))
    elif way == 1:
        entries = [_entry(rng) for _ in range(rng.choice([0, 1, 1, 2, 50]))]
    elif way == 2:
        at = rng.randrange(3)
        entries = [(*entry[:at], _entry(rng)[at], *entry[at + 1 :]) for entry in entries]
    else:
        rng.shuffle(entries)
        entries = entries[: rng.randint(0, len(entries))] * rng.randint(1, 3)
    obj = b"" if rng.random() < 0.5 else obj
    return put_together(magic, entries, obj, arrays[: rng.randint(0, len(arrays))])


def _entry(rng: random.Random) -> Any:
    dtype = rng.choice(["u1", "f8", ">i4", "M8[s]", "V0", "S0", "U9", "O", "T", "i4,O", "V3"])
    dimension = [-1, 0, 1, 2, 7, 500, 1 << 20, 1 << 31, 1 << 62, 1 << 63, 1 << 70, True, 1.0, "1"]
    shape = tuple(rng.choice(dimension) for _ in range(rng.choice([0, 1, 1, 2, 3, 32, 65])))
    return np.dtype(dtype), shape, rng.choice(["C", "C", "F", "K", "", None, b"C"])
