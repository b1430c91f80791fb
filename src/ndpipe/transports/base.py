"""The interface of a transport: the calls that a driver makes, and the declared properties."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DIRECTIONS",
    "AtStart",
    "Call",
    "Channel",
    "Direction",
    "Local",
    "Transport",
    "TransportInfo",
]

Direction = Literal["to-child", "from-child"]
DIRECTIONS: tuple[Direction, ...] = ("to-child", "from-child")

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TransportInfo:
    """The properties of a transport, apart from its speed.

    Attributes
    ----------
    name : str
        Name on the command line and in results.
    title : str
        Name in tables and plots.
    family : str
        Kind of transport; transports of one family have one colour in every plot.
    moves : {"copies", "shares"}
        Whether the receiver gets bytes of its own or maps the sender's.
    topology : {"one-to-one", "one-to-many", "many-to-many"}
        How many processes can send and receive.
    writeable : str
        Whether the receiver may write to the array, and who sees what it writes.
    cleanup : str
        What frees the resources, and who must do it.
    memory : tuple of (float, float)
        Memory needed beyond the array that is sent, both sides together, in multiples of the
        array: at the peak of a transfer, and between two transfers.
    destination : {"new memory", "used memory", "shared memory"}
        Where the receiver finds the array. Memory that is new to a process is slow at its first
        touch, because the system provides it page by page; memory in use is not.
    directions : tuple of {"to-child", "from-child"}
        Supported directions.
    start_methods : tuple of str
        Supported start methods.
    platforms : tuple of {"Linux", "macOS", "Windows"}
        Supported systems.
    requires : tuple of str
        Third-party modules that must be installed.
    """

    name: str
    title: str
    family: str
    moves: Literal["copies", "shares"]
    topology: Literal["one-to-one", "one-to-many", "many-to-many"]
    writeable: str
    cleanup: str
    memory: tuple[float, float]
    destination: Literal["new memory", "used memory", "shared memory"] = "new memory"
    directions: tuple[Direction, ...] = DIRECTIONS
    start_methods: tuple[str, ...] = ("fork", "spawn", "forkserver")
    platforms: tuple[str, ...] = ("Linux", "macOS", "Windows")
    requires: tuple[str, ...] = ()

    @property
    def missing(self) -> list[str]:
        """The modules of `requires` that are not installed."""
        return [module for module in self.requires if find_spec(module) is None]


class Transport:
    """A way to move an array. Each process makes its own instance."""

    info: ClassVar[TransportInfo]

    def close(self) -> None:
        """Free the parent's resources, after everything else."""


class Channel(Transport):
    """A transport between two processes that both outlive the transfer."""

    def open(self, context: BaseContext, n: int) -> tuple[Any, Any]:
        """Return the sender's and the receiver's end, in the parent, before the child starts.

        The child gets its end as an argument of its process. `n` is the number of float64 values
        in each array to come.
        """
        raise NotImplementedError

    def attach(self, end: Any) -> Any:
        """Prepare an end before the first transfer of a process; return the end to use."""
        return end

    def send(self, end: Any, array: Array) -> None:
        """Send `array`; the receiver is ready to receive it."""
        raise NotImplementedError

    def receive(self, end: Any) -> Array:
        """Wait for an array and return it."""
        raise NotImplementedError

    def received(self, end: Any) -> None:
        """Clean up at the receiver, which has read the array and dropped it."""

    def sent(self, end: Any) -> None:
        """Clean up at the sender, after the receiver."""

    def detach(self, end: Any) -> None:
        """Release an end, in each process, after its last transfer."""


class AtStart(Transport):
    """A transport that hands the array over when the child starts: a new child for each array."""

    def start(
        self, context: BaseContext, array: Array, read: Callable[..., None], *arguments: Any
    ) -> BaseProcess:
        """Start a child that calls ``read(array, *arguments)``."""
        raise NotImplementedError


class Call(Transport):
    """A transport that calls a function in the worker process of a pool."""

    def open(self, context: BaseContext) -> None:
        """Start the pool."""
        raise NotImplementedError

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call ``function(*arguments)`` in a worker and return the result."""
        raise NotImplementedError


class Local(Transport):
    """A yardstick: one process that moves the array to itself."""

    def move(self, array: Array) -> Array:
        """Return an array with the same bytes."""
        raise NotImplementedError
