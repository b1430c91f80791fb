"""How fast a Pipe can be, one change at a time, with the standard library and a few lines each.

Each rung is a transport that :func:`ndpipe.compare.compare` can measure; the page that climbs the
ladder shows its source. The rungs trust the peer to stay alive and to send one-dimensional arrays
of float64. :func:`ndpipe.Pipe` applies the same changes and is safe.
"""

import io
import os
import pickle
import socket
import struct
import textwrap
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from typing import Any

import numpy as np

from ndpipe.compare import Comparison
from ndpipe.transports.base import Array, TransportInfo
from ndpipe.transports.pipes import NdPipe, NdPipeInto, PipeSimplex, StandardPipe

__all__ = [
    "NAMES",
    "RUNGS",
    "BoundedReads",
    "IntoItsMemory",
    "IntoWarmMemory",
    "LargerBuffer",
    "OutOfBand",
    "OverOsPipe",
    "ProtocolFive",
    "report",
    "rung_info",
]


def rung_info(name: str, title: str, copies: float, kept: float = 0) -> TransportInfo:
    """Return the properties of a rung.

    Parameters
    ----------
    name, title : str
    copies, kept : float
        Memory needed, in multiples of the array: at the peak of a transfer, and between two.

    Returns
    -------
    TransportInfo

    Examples
    --------
    >>> from ndpipe.experiments.ladder import rung_info
    >>> rung_info("mine", "my way", 1).destination
    'new memory'
    """
    return TransportInfo(
        name=name,
        title=title,
        family="ladder",
        moves="copies",
        topology="one-to-one",
        writeable="yes, its own copy",
        cleanup="closing both ends",
        memory=(copies, kept),
        destination="used memory" if kept else "new memory",
        directions=("to-child",),
        platforms=("Linux", "macOS"),
    )


class ProtocolFive(StandardPipe):
    """Pickle with protocol 5, which saves a copy; the bytes still travel inside the pickle."""

    info = rung_info("protocol-5", "pickle protocol 5", 4)

    def send(self, end: Connection, array: Array) -> None:
        """Pickle and send."""
        end.send_bytes(pickle.dumps(array, protocol=5))


class BoundedReads(ProtocolFive):
    """The same, received in reads of at most 64 KiB: each read allocates what it asks for."""

    info = rung_info("bounded-reads", "reads of 64 KiB", 4)

    def receive(self, end: Connection) -> Array:
        """Read the length, then the pickle piece by piece."""
        left: int = struct.unpack("!i", os.read(end.fileno(), 4))[0]
        body = io.BytesIO()
        while left > 0:
            left -= body.write(os.read(end.fileno(), min(left, 1 << 16)))
        array: Array = pickle.loads(body.getbuffer())
        return array


class OutOfBand(StandardPipe):
    """Send the pickle and, beside it, the array's own memory: nothing is copied to send it."""

    info = rung_info("out-of-band", "out-of-band buffer", 3)

    def send(self, end: Connection, array: Array) -> None:
        """Send two messages: the pickle without the bytes, and the bytes."""
        buffers: list[pickle.PickleBuffer] = []
        body = pickle.dumps(array, protocol=5, buffer_callback=buffers.append)
        end.send_bytes(body)
        end.send_bytes(buffers[0].raw())

    def receive(self, end: Connection) -> Array:
        """Receive both; the array is a view of the received bytes, which makes it read-only."""
        header, body = end.recv_bytes(), end.recv_bytes()
        array: Array = pickle.loads(header, buffers=[body])
        return array


class IntoItsMemory(StandardPipe):
    """Read from the kernel straight into the memory of the array that is returned."""

    info = rung_info("into-its-memory", "read into the array", 1)

    def send(self, end: Connection, array: Array) -> None:
        """Send the length, then write the array's memory."""
        end.send(array.size)
        rest = array.data.cast("B")
        while rest:
            rest = rest[os.write(end.fileno(), rest) :]

    def receive(self, end: Any) -> Array:
        """Make the array, then fill it."""
        array = np.empty(end.recv())
        rest = array.data.cast("B")
        while rest:
            rest = rest[os.readv(end.fileno(), [rest]) :]
        return array


class LargerBuffer(IntoItsMemory):
    """The same, with a larger buffer in the socket: both sides wait less for each other."""

    info = rung_info("larger-buffer", "larger socket buffer", 1)

    def open(
        self,
        context: BaseContext,
        n: int,
    ) -> tuple[Connection, Connection]:
        """Enlarge the buffer of the sender's end."""
        sender, receiver = super().open(context, n)
        with socket.socket(fileno=os.dup(sender.fileno())) as end:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        return sender, receiver


class IntoWarmMemory(LargerBuffer):
    """The same, into an array in use: the system provides no new pages."""

    info = rung_info("into-warm-memory", "into memory in use", 1, 1)

    out: Array = np.empty(0)

    def receive(self, end: Any) -> Array:
        """Fill the array of the last time."""
        n = end.recv()
        if self.out.size != n:
            self.out = np.empty(n)
        rest = self.out.data.cast("B")
        while rest:
            rest = rest[os.readv(end.fileno(), [rest]) :]
        return self.out


class OverOsPipe(IntoItsMemory):
    """An ``os.pipe`` instead of a socket pair, as in ``Pipe(duplex=False)``."""

    info = rung_info("over-os-pipe", "the same over os.pipe", 1)

    def open(self, context: BaseContext, n: int) -> tuple[Connection, Connection]:  # noqa: ARG002 - the call of the interface
        """Open a simplex pipe."""
        receiver, sender = context.Pipe(duplex=False)
        return sender, receiver


#: The rungs in their order, and the transports that they lead to.
RUNGS = (
    StandardPipe,
    PipeSimplex,
    ProtocolFive,
    BoundedReads,
    OutOfBand,
    IntoItsMemory,
    OverOsPipe,
    LargerBuffer,
    NdPipe,
    IntoWarmMemory,
    NdPipeInto,
)

#: The names of the rungs, with the yardstick below them.
NAMES = (*(rung.info.name for rung in RUNGS), "memcpy")


def report(comparison: Comparison, rung: str, before: str | None = None) -> str:
    """Return the cost of a rung as a line, and its gain over another rung below it.

    Parameters
    ----------
    comparison : Comparison
        The rungs with one size, from parent to child.
    rung : str
        The name of a rung.
    before : str, optional
        The rung to compare it with; without one there is only the first line.

    Returns
    -------
    str
        The reason, where the rung could not be measured.
    """
    nbytes = comparison.measurements[0].nbytes
    for m in comparison.select(rung).measurements:
        if m.error is not None:
            return f"{rung}: not measured here: {m.error}"
    m = comparison.find(rung, nbytes)
    cpu = f"CPU {m.cpu_seconds_per_gigabyte:.2g} s/GB"
    line = f"{rung}: {m.speed} GB/s, {cpu}"
    growth = m.sender_growth_bytes, m.receiver_growth_bytes
    if None not in growth:
        line += ", memory" + "".join(f" +{(n or 0) / nbytes:.1f}" for n in growth)
    if before is None:
        return line
    return "\n".join([line, *textwrap.wrap(comparison.describe_ratio(rung, before, nbytes), 80)])
