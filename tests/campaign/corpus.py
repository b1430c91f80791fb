"""Real messages, to be corrupted: their bytes, and the objects that they carry."""

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from tests.campaign.variants import Variant
from tests.connection.deadlines import unread

__all__ = ["MARK", "Corpus", "Message"]

MARK = b"\xff\xff\xff\xff\xffndpipe"
"""How a message with an index begins. A byte that says what kind of index follows."""

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
        What is in it.
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

    @property
    def has_index(self) -> bool:
        """Whether it describes its arrays, whose bytes then come last."""
        return self.data.startswith(MARK)


class Corpus(list[Message]):
    """Messages of many kinds, as a variant sends them."""

    def __init__(self, variant: Variant) -> None:
        def add(obj: Any, threshold: int, arrays: list[Any], build: Callable[[Any], Any]) -> None:
            self.append(Message(_record(variant, obj, threshold), arrays, build))

        for build, arrays in [
            *((_only, [array]) for array in _ARRAYS),
            (lambda arrays: {"one": arrays[0], "more": [arrays[1], "text"]}, _ARRAYS[:2]),
            (lambda arrays: [1, *arrays, None], _ARRAYS[2:5]),
        ]:
            add(build(arrays), 1, arrays, build)
        for array in _ARRAYS[:4]:
            add(array, 1 << 20, [array], _only)
        for obj in ["text" * 10, b"x" * 20_000, [1, 2.5, None, {"key": [True]}], 0]:
            add(obj, 1 << 20, [], lambda _, obj=obj: obj)


def _only(arrays: list[Any]) -> Any:
    return arrays[0]


def _record(variant: Variant, obj: Any, threshold: int) -> bytes:
    """Return the bytes with which an object travels; they fit into what a socket holds."""
    a, b = variant._replace(options=variant.options | variant.recorded).pipe(threshold)
    with a, b:
        a.send(obj)
        data = b""
        while unread(b.fileno()):
            data += os.read(b.fileno(), 1 << 20)
        return data
