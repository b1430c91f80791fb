"""Bulk: gigabytes through one pipe, with memory, descriptors and threads of both sides flat."""

import functools
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import psutil
from tests.campaign import objects
from tests.campaign.children import Child
from tests.campaign.outcomes import Outcome
from tests.campaign.variants import Variant

__all__ = ["BYTES", "Bulk", "slopes", "unsteady"]

BYTES = 100_000_000
"""What one case moves, at least."""
_LARGEST = 64 << 20
_WARM_UP = 0.2  # of the samples
_GROWTH = 2 * _LARGEST  # bytes in all: what the C library keeps for reuse comes and goes


class Bulk:
    """The stage on which the cases are run: one connection and one child for all of them."""

    name = "bulk"

    def __init__(self, variant: Variant) -> None:
        self._end, theirs = variant.pipe(1 << 16)
        _base()  # which both sides have, then
        self._child = Child(lambda: _serve(theirs), self._end)
        theirs.close()
        self._into = _touched()

    def close(self) -> None:
        """End the child."""
        self._end.send(None)
        self._child.result()
        self._end.close()

    def run(self, rng: random.Random) -> Outcome:
        """Send arrays to the child and back; sample both processes."""
        try:
            return self._run(rng)
        except (EOFError, OSError):
            self._child.result()  # its own error, which is the cause
            raise

    def _run(self, rng: random.Random) -> Outcome:
        moved = count = 0
        while moved < BYTES:
            nbytes = int(2 ** rng.uniform(0, np.log2(_LARGEST)))
            start, how = rng.randrange(_LARGEST), rng.choice(["recv", "recv_into"])
            self._end.send((nbytes, start, how))
            self._end.send(_part(start, nbytes))
            objects.compare(_receive(self._end, self._into, nbytes, how), _part(start, nbytes))
            moved += 2 * nbytes
            count += 2
        self._end.send("sample")
        theirs = self._end.recv()
        sample = {f"{key}, one side": value for key, value in _sample().items()}
        sample |= {f"{key}, other side": value for key, value in theirs.items()}
        return Outcome("exact", figures={"GB": moved / 1e9, "messages": count}, sample=sample)


def _serve(end: Any) -> None:
    into = _touched()
    with end:
        while (order := end.recv()) is not None:
            if order == "sample":
                end.send(_sample())
                continue
            nbytes, start, how = order
            received = _receive(end, into, nbytes, how)
            objects.compare(received, _part(start, nbytes))
            end.send(received)


@functools.cache
def _base() -> np.ndarray[Any, Any]:
    """Return what all arrays are parts of. It is large: only those who use it make it."""
    return np.random.default_rng(1).integers(0, 256, 2 * _LARGEST, np.uint8)


def _touched() -> np.ndarray[Any, Any]:
    """Return an array to receive into, with all its pages, and those of the base, in place."""
    _base().max()
    return np.ones(_LARGEST, np.uint8)


def _part(start: int, nbytes: int) -> np.ndarray[Any, Any]:
    return _base()[start : start + nbytes]


def _receive(end: Any, into: np.ndarray[Any, Any], nbytes: int, how: str) -> Any:
    return end.recv() if how == "recv" else end.recv_into(into[:nbytes])


def _sample() -> dict[str, float]:
    process = psutil.Process()
    return {
        "resident": process.memory_info().rss,
        "descriptors": process.num_fds(),
        "threads": process.num_threads(),
    }


def slopes(samples: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return how much each figure grows a gigabyte, after the warm-up, by least squares."""
    steady = samples[int(len(samples) * _WARM_UP) :]
    if len(steady) < 2:
        return {}
    moved = np.arange(len(steady)) * BYTES / 1e9
    return {
        key: float(np.polyfit(moved, [sample[key] for sample in steady], 1)[0]) for key in steady[0]
    }


def unsteady(samples: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return those slopes that are too steep: what they say of the whole series is no noise."""
    moved = len(samples) * BYTES / 1e9
    room = {"resident": _GROWTH, "descriptors": 0.5, "threads": 0.5}
    return {
        key: slope
        for key, slope in slopes(samples).items()
        if slope * moved > room[key.partition(",")[0]]
    }
