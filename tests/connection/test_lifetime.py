"""The memory of what was sent and received: it goes with the last reference to it."""

import gc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from array_classes import InfoArray

import ndpipe


@pytest.fixture(autouse=True)
def no_garbage_collection() -> Iterator[None]:
    """Nothing is freed but by its reference count."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


AROUND: list[Callable[[Any], Any]] = [
    lambda array: array,
    lambda array: [array],
    lambda array: {"one": array, "two": (array, array[::2])},
]


@pytest.mark.parametrize("around", AROUND, ids=["bare", "in a list", "more than one"])
@pytest.mark.parametrize("threshold", [1, 1 << 20], ids=["beside", "in the pickle"])
@pytest.mark.parametrize("cls", [np.ndarray, InfoArray])
def test_a_message_leaves_no_garbage(
    around: Callable[[Any], Any], threshold: int, cls: type[Any]
) -> None:
    """Without garbage collection, an array is freed at both ends when nobody refers to it."""
    first, second = ndpipe.Pipe(threshold=threshold)
    with first, second:
        array = np.ndarray.view(np.arange(10.0), cls)
        sent = weakref.ref(array)
        first.send(around(array))
        del array
        assert sent() is None
        received = second.recv()
        inner = received
        while not isinstance(inner, np.ndarray):
            inner = next(iter(inner.values())) if isinstance(inner, dict) else inner[0]
        arrived = weakref.ref(inner)
        del received, inner
        assert arrived() is None
        assert gc.collect() == 0


def test_filling_an_array_leaves_no_garbage() -> None:
    """Nor does recv_into, whatever it is given: it takes, or it refuses."""
    first, second = ndpipe.Pipe(threshold=50)
    out = np.zeros(10)
    with first, second:
        for sent in (np.arange(10.0), np.arange(3), np.arange(5.0), [np.arange(10.0)]):
            first.send(sent)
            try:
                second.recv_into(out)
            except (ValueError, TypeError):
                second.recv()
        assert gc.collect() == 0
