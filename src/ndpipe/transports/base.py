"""What a transport is: the few calls that the harness makes, and the facts that it declares."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["DIRECTIONS", "Birth", "Call", "Channel", "Direction", "Facts", "Local", "Transport"]

Direction = Literal["to-child", "from-child"]
DIRECTIONS: tuple[Direction, ...] = ("to-child", "from-child")

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Facts:
    """What a transport is, apart from how fast it is.

    Attributes
    ----------
    name : str
        What the command line and the records call it.
    title : str
        What a table or a plot calls it.
    family : str
        Its kind, which gives it its colour in every plot.
    moves : {"copies", "shares"}
        Whether the receiver gets bytes of its own or looks at the sender's.
    peers : {"one-to-one", "one-to-many", "many-to-many"}
        How many processes can be at either side.
    writeable : str
        Whether the receiver may write to what it got, and who sees it.
    cleanup : str
        What frees what it uses, and who must see to that.
    memory : tuple of (float, float)
        For the guard: multiples of the array that it needs at its peak beyond the array that is
        sent, both sides together, and that it keeps from one transfer to the next.
    directions : tuple of {"to-child", "from-child"}
    start_methods : tuple of str
    platforms : tuple of {"Linux", "macOS", "Windows"}
    requires : tuple of str
        Modules that must be installed; the extra ``peers`` brings them.
    """

    name: str
    title: str
    family: str
    moves: Literal["copies", "shares"]
    peers: Literal["one-to-one", "one-to-many", "many-to-many"]
    writeable: str
    cleanup: str
    memory: tuple[float, float]
    directions: tuple[Direction, ...] = DIRECTIONS
    start_methods: tuple[str, ...] = ("fork", "spawn", "forkserver")
    platforms: tuple[str, ...] = ("Linux", "macOS", "Windows")
    requires: tuple[str, ...] = ()

    @property
    def missing(self) -> list[str]:
        """The modules of `requires` that are not installed."""
        return [module for module in self.requires if find_spec(module) is None]


class Transport:
    """A way to move an array. Either process makes an instance of its own."""

    facts: ClassVar[Facts]

    def close(self) -> None:
        """Free, in the parent and last of all, what the transport made there."""


class Channel(Transport):
    """A transport between two processes that both go on living."""

    def open(self, context: BaseContext, n: int) -> tuple[Any, Any]:
        """Return, in the parent and before the child starts, the sender's and the receiver's end.

        The child gets its end as an argument of its process. `n` is the number of float64 values
        in each array to come.
        """
        raise NotImplementedError

    def attach(self, end: Any) -> Any:
        """Do what either process does once before its first transfer; return the end to use."""
        return end

    def send(self, end: Any, array: Array) -> None:
        """Send `array`; the receiver is about to receive it."""
        raise NotImplementedError

    def receive(self, end: Any) -> Array:
        """Wait for an array and return it."""
        raise NotImplementedError

    def received(self, end: Any) -> None:
        """Clean up at the receiver, which has read the array and let go of it."""

    def sent(self, end: Any) -> None:
        """Clean up at the sender, once the receiver has done so."""

    def detach(self, end: Any) -> None:
        """Let go of the end, in either process, after its last transfer."""


class Birth(Transport):
    """A transport that gives the array to a child as it starts: a new child for each array."""

    def start(
        self, context: BaseContext, array: Array, read: Callable[..., None], *arguments: Any
    ) -> BaseProcess:
        """Start a child that calls ``read(array, *arguments)``."""
        raise NotImplementedError


class Call(Transport):
    """A transport that is a call of a function in another process, which some pool started."""

    def open(self, context: BaseContext) -> None:
        """Start the pool."""
        raise NotImplementedError

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what ``function(*arguments)`` returns, called in a worker of the pool."""
        raise NotImplementedError


class Local(Transport):
    """No transport, but a measure for them: one process moves the array to itself."""

    def move(self, array: Array) -> Array:
        """Return an array with the same bytes."""
        raise NotImplementedError
