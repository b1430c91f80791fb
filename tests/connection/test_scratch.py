"""Arrays that pickling itself makes, in memory that it uses again: each arrives as it was."""

import copyreg
from collections.abc import Callable
from multiprocessing.reduction import ForkingPickler
from typing import Any

import array_zoo
import numpy as np
import pytest

SCRATCH = np.zeros(50_000)


def decode(number: float) -> np.ndarray[Any, Any]:
    """Fill the one buffer of a decoder, and return a new view of it."""
    SCRATCH[:] = number
    return SCRATCH[:]


def frame(cls: Any, array: Any) -> Any:
    """Build a frame from its pixels."""
    result = cls.__new__(cls)
    result.pixels = np.asarray(array)
    return result


class Lazy:
    """A frame that is decoded when somebody wants its pixels."""

    def __init__(self, number: float) -> None:
        self.number = number


class ByReduce(Lazy):
    """Decoded by __reduce__."""

    def __reduce__(self) -> Any:
        return frame, (type(self), decode(self.number))


class ByReduceEx(Lazy):
    """Decoded by __reduce_ex__."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        return frame, (type(self), decode(self.number))


class ByState(Lazy):
    """Decoded by __getstate__."""

    def __getstate__(self) -> Any:
        return {"pixels": decode(self.number)}


class ByNewArguments(Lazy):
    """Decoded by __getnewargs__."""

    def __new__(cls, *pixels: Any) -> "ByNewArguments":
        self = super().__new__(cls)
        if isinstance(pixels[0], np.ndarray):
            self.pixels = pixels[0]
        return self

    def __getnewargs__(self) -> Any:
        return (decode(self.number),)

    def __getstate__(self) -> None:
        return None


class ByList(list[Any]):
    """Decoded one by one, by the iterator of its items."""

    def __reduce__(self) -> Any:
        return ByList, (), None, (decode(number) for number in self)


class Strided(Lazy):
    """Decoded into every other element, so that a copy has to be made."""

    def __reduce__(self) -> Any:
        return frame, (type(self), decode(self.number)[::2])


class Transposed(Lazy):
    """Decoded in Fortran order."""

    def __reduce__(self) -> Any:
        return frame, (type(self), decode(self.number).reshape(500, 100).T)


class OneObject(Lazy):
    """Decoded into what is one and the same array each time, as pickle sees it."""

    def __reduce__(self) -> Any:
        decode(self.number)
        return frame, (type(self), SCRATCH)


class ArrayByReduce(np.ndarray):
    """An array that is itself the number of a frame, and decoded when it is pickled."""

    def __new__(cls, number: float) -> "ArrayByReduce":
        return np.full(1, number).view(cls)

    def __reduce__(self) -> Any:
        return np.asarray, (decode(self.item()),)


class Registered(Lazy):
    """Decoded by a reducer that somebody registered for it."""


def reduce_registered(lazy: Lazy) -> Any:
    """Reduce a lazy frame."""
    return frame, (type(lazy), decode(lazy.number))


def pixels(frames: Any) -> list[tuple[float, float]]:
    """Return the least and the greatest pixel of each frame."""
    arrays = [getattr(frame, "pixels", frame) for frame in frames]
    return [(float(array.min()), float(array.max())) for array in arrays]


KINDS: list[Callable[..., Any]] = [
    ByReduce, ByReduceEx, ByState, ByNewArguments, Strided, Transposed, OneObject, ArrayByReduce,
]  # fmt: skip


@pytest.mark.parametrize("cls", KINDS, ids=lambda cls: cls.__name__)
def test_frames_of_one_buffer(make_pipe: Any, in_thread: Any, cls: Any) -> None:
    """Three frames arrive as the standard Pipe delivers them: each with its own pixels."""
    a, b = make_pipe()
    frames = [cls(1), cls(2), cls(3)]
    expected = pixels(array_zoo.as_the_standard_pipe(frames))
    assert expected in ([(1, 1), (2, 2), (3, 3)], [(1, 1)] * 3)
    in_thread(a.send, frames)
    assert pixels(b.recv()) == expected


def test_items_of_one_buffer(make_pipe: Any, in_thread: Any) -> None:
    """So do the items of a list that makes them while it is pickled, two ahead of the pickler."""
    a, b = make_pipe()
    sent = ByList([1, 2, 3])
    in_thread(a.send, sent)
    assert pixels(b.recv()) == pixels(array_zoo.as_the_standard_pipe(sent))


@pytest.mark.parametrize("way", ["copyreg", "ForkingPickler"])
def test_registered_frames(
    make_pipe: Any, in_thread: Any, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """So do those of a registered reducer, whichever table it stands in."""
    table = copyreg.dispatch_table if way == "copyreg" else ForkingPickler._extra_reducers
    monkeypatch.setitem(table, Registered, reduce_registered)
    a, b = make_pipe()
    in_thread(a.send, [Registered(1), Registered(2), Registered(3)])
    assert pixels(b.recv()) == [(1, 1), (2, 2), (3, 3)]


def test_a_frame_beside_the_callers_own_array(make_pipe: Any, in_thread: Any) -> None:
    """An array of the caller's, which pickling does not make, arrives beside the others."""
    a, b = make_pipe()
    own = np.full(50_000, 7.0)
    in_thread(a.send, [own, ByReduce(1), own, ByReduce(2), own])
    received = b.recv()
    assert pixels(received) == [(7, 7), (1, 1), (7, 7), (2, 2), (7, 7)]
    assert received[0] is received[2] is received[4]
