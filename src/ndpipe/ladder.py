"""How fast a Pipe can be, one change at a time, with the standard library and a few lines each.

Each rung is a transport that :func:`ndpipe.compare.compare` can measure; the page that climbs the
ladder shows its source. :func:`ndpipe.Pipe` is what the last ones lead to, made safe: these trust
that nobody dies, raises or sends anything else than one array of float64 in one dimension.
"""

import io
import os
import pickle
import socket
import struct
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from typing import Any

import numpy as np

from ndpipe.transports.base import Array, Facts
from ndpipe.transports.pipes import NdPipe, NdPipeInto, Pipe, PipeSimplex

__all__ = [
    "RUNGS",
    "BoundedReads",
    "IntoItsMemory",
    "IntoWarmMemory",
    "LargerBuffer",
    "OutOfBand",
    "OverOsPipe",
    "ProtocolFive",
]


def _facts(name: str, title: str, copies: float, kept: float = 0) -> Facts:
    return Facts(
        name=name,
        title=title,
        family="ladder",
        moves="copies",
        peers="one-to-one",
        writeable="yes, its own copy",
        cleanup="closing both ends",
        memory=(copies, kept),
        platforms=("Linux", "macOS"),
    )


class ProtocolFive(Pipe):
    """Pickle with protocol 5, which spares a copy; the bytes still travel inside the pickle."""

    facts = _facts("protocol-5", "pickle protocol 5", 4)

    def send(self, end: Connection, array: Array) -> None:
        """Pickle and send."""
        end.send_bytes(pickle.dumps(array, protocol=5))


class BoundedReads(ProtocolFive):
    """The same, received in reads of at most 64 KiB: each read allocates what it asks for."""

    facts = _facts("bounded-reads", "reads of 64 KiB", 4)

    def receive(self, end: Connection) -> Array:
        """Read the length, then the pickle piece by piece."""
        left: int = struct.unpack("!i", os.read(end.fileno(), 4))[0]
        body = io.BytesIO()
        while left > 0:
            left -= body.write(os.read(end.fileno(), min(left, 1 << 16)))
        array: Array = pickle.loads(body.getbuffer())
        return array


class OutOfBand(Pipe):
    """Send the pickle and, beside it, the array's own memory: nothing is copied to send it."""

    facts = _facts("out-of-band", "out-of-band buffer", 3)

    def send(self, end: Connection, array: Array) -> None:
        """Send two messages: the pickle without the bytes, and the bytes."""
        buffers: list[pickle.PickleBuffer] = []
        end.send_bytes(pickle.dumps(array, protocol=5, buffer_callback=buffers.append))
        end.send_bytes(buffers[0].raw())

    def receive(self, end: Connection) -> Array:
        """Receive both; the array looks at the received bytes, which makes it read-only."""
        header, body = end.recv_bytes(), end.recv_bytes()
        array: Array = pickle.loads(header, buffers=[body])
        return array


class IntoItsMemory(Pipe):
    """Read from the kernel straight into the memory of the array that is returned."""

    facts = _facts("into-its-memory", "read into the array", 1)

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

    facts = _facts("larger-buffer", "larger socket buffer", 1)

    def open(self, context: BaseContext, n: int) -> tuple[Connection, Connection]:
        """Enlarge the buffer of the sender's end."""
        sender, receiver = super().open(context, n)
        with socket.socket(fileno=os.dup(sender.fileno())) as end:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        return sender, receiver


class IntoWarmMemory(LargerBuffer):
    """The same, into an array that was there before: the system need not find new pages."""

    facts = _facts("into-warm-memory", "into memory in use", 1, 1)

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
    """Not a socket pair but an ``os.pipe``, which is what ``Pipe(duplex=False)`` is made of."""

    facts = _facts("over-os-pipe", "the same over os.pipe", 1)

    def open(self, context: BaseContext, n: int) -> tuple[Connection, Connection]:  # noqa: ARG002
        """Open a simplex pipe."""
        receiver, sender = context.Pipe(duplex=False)
        return sender, receiver


#: The rungs in the order in which they are climbed, and where they lead.
RUNGS = (
    Pipe,
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
