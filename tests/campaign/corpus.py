"""Real messages, to be corrupted: their bytes, and the objects that they carry."""

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from tests.campaign.variants import Variant
from tests.connection.deadlines import unread

__all__ = ["Corpus", "Message"]

_RNG = np.random.default_rng(0)
_ARRAYS = [
    np.arange(500, dtype=np.int32),
    np.asfortranarray(_RNG.random((20, 30))),
    _RNG.integers(0, 256, (3, 4, 5), np.uint8),
    _RNG.random(7).astype(">f4"),
    np.array("2024-02-29", "M8[ns]"),
    np.zeros(9, [("a", "u1"), ("b", "<f8"), ("c", "S3", (2,))]),
    np.frombuffer(b"\x80\x04N." * 300, np.uint8),  # which would unpickle
    np.frombuffer(b"\0\0\0\x04\x80\x04N." * 100, np.uint8),  # which would be messages
]


class Message(NamedTuple):
    """One message.

    Attributes
    ----------
    data : bytes
        What travels.
    arrays : list of ndarray
        Whose bytes come last; none if the message is a pickle and nothing else.
    build : callable
        What makes the object of such arrays.
    """

    data: bytes
    arrays: list[np.ndarray[Any, Any]]
    build: Callable[[list[Any]], Any]

    @property
    def obj(self) -> Any:
        """The object that was sent."""
        return self.build(self.arrays)

    @property
    def array(self) -> np.ndarray[Any, Any] | None:
        """The array that was sent, if it was one."""
        return self.obj if isinstance(self.obj, np.ndarray) else None


class Corpus(list[Message]):
    """Messages of many kinds, as a variant sends them."""

    def __init__(self, variant: Variant) -> None:
        beside = [([array], lambda arrays: arrays[0]) for array in _ARRAYS]
        beside += [
            (_ARRAYS[:2], lambda arrays: {"one": arrays[0], "more": [arrays[1], "text"]}),
            (_ARRAYS[2:5], lambda arrays: [1, *arrays, None]),
        ]
        for arrays, build in beside:
            self.append(Message(_record(variant, build(arrays), 1), arrays, build))
        inside = [*_ARRAYS[:4], "text" * 10, b"x" * 20_000, [1, 2.5, None, {"key": [True]}], 0]
        for obj in inside:
            self.append(Message(_record(variant, obj, 1 << 20), [], lambda _, obj=obj: obj))


def _record(variant: Variant, obj: Any, threshold: int) -> bytes:
    """Return the bytes with which an object travels; they fit into what a socket holds."""
    a, b = variant.pipe(threshold)
    with a, b:
        a.send(obj)
        data = b""
        while unread(b.fileno()):
            data += os.read(b.fileno(), 1 << 20)
        return data
