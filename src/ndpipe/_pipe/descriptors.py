"""Numbers of open descriptors that no object of the standard library owns."""

import os
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

__all__ = ["READING", "WRITING", "Descriptors"]

READING, WRITING = "reading", "writing"
_CLOSED = (-1,)  # a number that no descriptor has


class Descriptors:
    """The ends of a pipe that belong to somebody, each of which is closed once.

    Each step is one call into C: no handler of a signal, and no other thread, comes between the
    system call that opens a descriptor and the record of it, or between the moment in which it is
    taken out of the record and the one in which it is closed. So a number is in one of these
    objects at a time, and no call goes to a number that somebody else has been given since.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._numbers

    def add(self, names: Iterable[str], numbers: Iterable[int]) -> None:
        """Record descriptors that an iterator opens while it is iterated over."""
        self._numbers.update(zip(names, numbers, strict=False))

    def calls(self, function: Callable[..., Any], name: str, *args: Any) -> "map[Any]":
        """Return an iterator whose one step calls the function with the number and `args`.

        The number is -1 if it has been closed by then.
        """
        number = map(self._numbers.get, (name,), _CLOSED)
        return map(function, number, *[(arg,) for arg in args])

    def move(self, name: str, to: "Descriptors") -> None:
        """Give a descriptor to another record, if it is here."""
        to._numbers.update(zip((name,), self._take(name), strict=False))

    def close(self, *names: str) -> None:
        """Close those of the descriptors that are open; without names, all of them."""
        for name in names or (READING, WRITING):
            deque(map(os.close, self._take(name)), 0)

    def _take(self, name: str) -> Iterable[int]:
        take: Any = partial(self._numbers.pop, name, None)
        return iter(take, None)
