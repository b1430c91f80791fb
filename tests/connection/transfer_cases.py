"""Transfers of every kind, for exceptions to be raised in, and whether two objects are the same."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

ARRAY = np.arange(3000, dtype=np.uint16).reshape(50, 60)
NESTED = {"name": "text", "arrays": [ARRAY, ARRAY[::2, ::3], np.zeros(0)]}
TEXT = b"bytes" * 5000  # more than the standard connection writes at once


class Interrupted(Exception):  # noqa: N818 - it is no error here
    """What a program's own handler raises."""


# The peer's going, and a pipe that is empty, have the types of what a handler may raise, too.
TYPES = (
    Interrupted,
    BrokenPipeError,
    KeyboardInterrupt,
    EOFError,
    ConnectionResetError,
    BlockingIOError,
)

OUTCOMES = (*TYPES, OSError, ValueError, TypeError)  # what a transfer may raise


class Case(NamedTuple):
    """A call to send, the one that receives what it sends, and another where that one refuses."""

    send: Callable[[Any], None]
    receive: Callable[[Any], Any]
    expected: Any
    threshold: int = 1
    instead: Callable[[Any], Any] | None = None
    allow_pickle: bool = True

    def pipe(self, make: Callable[..., tuple[Any, Any]]) -> tuple[Any, Any]:
        """Return a pipe for it."""
        return make(threshold=self.threshold, allow_pickle=self.allow_pickle)

    def again(self, end: Any) -> Any:
        """Receive the message if it is still there."""
        return (self.instead or self.receive)(end)


def into(shape: tuple[int, ...]) -> Callable[[Any], Any]:
    """Return a call that receives into a new array of that shape."""
    return lambda end: end.recv_into(np.zeros(shape, ARRAY.dtype))


def into_bytes(end: Any) -> bytes:
    """Receive into a buffer, and return what is in it."""
    buffer = bytearray(30_000)
    return bytes(buffer[: end.recv_bytes_into(buffer)])


CASES = {
    "object": Case(lambda e: e.send(["text", 1.5]), lambda e: e.recv(), ["text", 1.5]),
    "array in band": Case(lambda e: e.send(ARRAY), lambda e: e.recv(), ARRAY, 1 << 20),
    "array": Case(lambda e: e.send(ARRAY), lambda e: e.recv(), ARRAY),
    "nested": Case(lambda e: e.send(NESTED), lambda e: e.recv(), NESTED),
    "into": Case(lambda e: e.send(ARRAY), into((50, 60)), ARRAY),
    "into, in band": Case(lambda e: e.send(ARRAY), into((50, 60)), ARRAY, 1 << 20),
    "described": Case(
        lambda e: e.send({1: ("text", 1.5)}),
        lambda e: e.recv(),
        {1: ("text", 1.5)},
        allow_pickle=False,
    ),
    "described array": Case(lambda e: e.send(ARRAY), lambda e: e.recv(), ARRAY, allow_pickle=False),
    "described, nested": Case(
        lambda e: e.send(NESTED), lambda e: e.recv(), NESTED, allow_pickle=False
    ),
    "described, into": Case(lambda e: e.send(ARRAY), into((50, 60)), ARRAY, allow_pickle=False),
    "bytes": Case(lambda e: e.send_bytes(b"abc"), lambda e: e.recv_bytes(), b"abc"),
    "many bytes": Case(lambda e: e.send_bytes(TEXT), lambda e: e.recv_bytes(99_999), TEXT),
    "bytes into": Case(lambda e: e.send_bytes(TEXT), into_bytes, TEXT),
}
REFUSALS = {
    "array": Case(lambda e: e.send(ARRAY), into((7,)), ARRAY, 1, into((50, 60))),
    "array in band": Case(lambda e: e.send(ARRAY), into((7,)), ARRAY, 1 << 20, into((50, 60))),
    "object": Case(lambda e: e.send([1]), into((7,)), [1], 1, lambda e: e.recv()),
    "array as bytes": Case(
        lambda e: e.send(ARRAY), lambda e: e.recv_bytes(), ARRAY, 1, lambda e: e.recv()
    ),
    "described array": Case(
        lambda e: e.send(ARRAY), into((7,)), ARRAY, 1, into((50, 60)), allow_pickle=False
    ),
    "described": Case(
        lambda e: e.send([1]), into((7,)), [1], 1, lambda e: e.recv(), allow_pickle=False
    ),
    "described as bytes": Case(
        lambda e: e.send([1]), lambda e: e.recv_bytes(), [1], 1, lambda e: e.recv(), False
    ),
}


def same(received: Any, expected: Any) -> bool:
    """Whether two objects, or the arrays in them, are equal and of the same kind."""
    if isinstance(expected, np.ndarray):
        return (
            type(received) is type(expected)
            and received.dtype == expected.dtype
            and received.shape == expected.shape
            and received.tobytes() == expected.tobytes()
        )
    if isinstance(expected, dict):
        return expected.keys() == received.keys() and all(
            same(received[key], expected[key]) for key in expected
        )
    if isinstance(expected, list):
        return len(received) == len(expected) and all(map(same, received, expected))
    return type(received) is type(expected) and received == expected
