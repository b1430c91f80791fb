"""Ways to move an array between two processes with one copy of its bytes.

A socket copies twice. Beside what :func:`ndpipe.Pipe` does about that, these are the ways that it
does not take, a few lines each. Like the rungs of :mod:`ndpipe.experiments.ladder` they trust the
peer, and send one-dimensional arrays of float64.
"""

import mmap
import os
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.reduction import recv_handle, send_handle
from typing import Any

import numpy as np

from ndpipe import connection
from ndpipe.experiments.ladder import rung_info
from ndpipe.experiments.process_memory import read_memory
from ndpipe.transports.base import Array
from ndpipe.transports.pipes import NdPipe, NdPipeInto, StandardPipe

__all__ = [
    "WAYS",
    "LiesAlike",
    "LiesElsewhere",
    "MemoryFile",
    "PeersMemory",
    "PeersMemoryInto",
    "Streamed",
    "StreamedInto",
]


def _info(name: str, title: str, kept: float = 0, writeable: str = "yes, its own copy") -> Any:
    return replace(rung_info(name, title, 1, kept), platforms=("Linux",), writeable=writeable)


class Streamed(NdPipe):
    """An ``ndpipe.Pipe`` that sends everything through its socket."""

    info = replace(rung_info("streamed", "streamed, recv", 1), destination="used memory")

    def open(self, context: BaseContext, n: int) -> tuple[Connection, Connection]:  # noqa: ARG002 - the call of the interface
        """Switch splicing off."""
        receiver, sender = connection.Pipe(splice_threshold=None)
        return sender, receiver


class StreamedInto(NdPipeInto):
    """The same, received into one array again and again."""

    info = rung_info("streamed-into", "streamed, recv_into", 1, 1)

    def open(self, context: BaseContext, n: int) -> tuple[Connection, tuple[Connection, int]]:  # noqa: ARG002 - the call of the interface
        """Switch splicing off."""
        receiver, sender = connection.Pipe(splice_threshold=None)
        return sender, (receiver, n)


class LiesAlike(NdPipeInto):
    """Spliced into an array that begins where the sender's does, within 64 bytes."""

    info = rung_info("alike-into", "recv_into, begins alike", 1, 1)
    shift = 0

    def send(self, end: Any, array: Array) -> None:
        """Send the array, and first where it begins."""
        end.send(array.ctypes.data)
        end.send(array)

    def receive(self, end: Any) -> Array:
        """Receive it into memory that begins there, or a little further on."""
        receiver, memory = end
        start = (receiver.recv() + self.shift - memory.ctypes.data) % 64 // 8
        out: Array = memory[start : start + memory.size - 16]
        receiver.recv_into(out)
        return out

    def attach(self, end: Any) -> Any:
        """Make room for the array, wherever it may begin."""
        if isinstance(end, tuple):
            receiver, n = end
            return receiver, np.empty(n + 16)
        return end


class LiesElsewhere(LiesAlike):
    """The same, 16 bytes further on."""

    info = rung_info("elsewhere-into", "recv_into, begins elsewhere", 1, 1)
    shift = 16


class PeersMemory(StandardPipe):
    """The receiver reads the sender's memory; only its address goes through the Pipe."""

    info = _info("peers-memory", "the peer's memory")

    def send(self, end: Connection, array: Array) -> None:
        """Say where the array is, and wait until it has been read."""
        end.send((os.getpid(), array.ctypes.data, array.size))
        end.recv()

    def receive(self, end: Connection) -> Array:
        """Read it, and say so."""
        pid, address, size = end.recv()
        array = self.destination(size)
        read_memory(pid, address, array)
        end.send(None)
        return array

    def destination(self, size: int) -> Array:
        """Make the array that is to be filled."""
        return np.empty(size)


class PeersMemoryInto(PeersMemory):
    """The same, into one array again and again."""

    info = _info("peers-memory-into", "the peer's memory, into", 1)

    out: Array = np.empty(0)

    def destination(self, size: int) -> Array:
        """Return the array of the last time."""
        if self.out.size != size:
            self.out = np.empty(size)
        return self.out


class MemoryFile(StandardPipe):
    """A file without a name that is in memory only; the Pipe's socket carries its descriptor."""

    info = _info("memory-file", "a sealed memory file", writeable="no")

    def send(self, end: Connection, array: Array) -> None:
        """Copy the array into the file, and forbid any change to it."""
        from fcntl import F_ADD_SEALS, F_SEAL_SHRINK, F_SEAL_WRITE, fcntl

        file = os.memfd_create("array", os.MFD_ALLOW_SEALING)
        os.ftruncate(file, array.nbytes)
        with mmap.mmap(file, array.nbytes) as memory:
            memory.write(array.data.cast("B"))
        fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK)
        send_handle(end, file, None)
        os.close(file)

    def receive(self, end: Any) -> Array:
        """Map the file: an array that nobody can write to."""
        file = recv_handle(end)
        memory = mmap.mmap(file, 0, prot=mmap.PROT_READ)
        os.close(file)
        return np.frombuffer(memory)


#: What the page measures, in its order.
WAYS = (
    StandardPipe,
    Streamed,
    NdPipe,
    StreamedInto,
    NdPipeInto,
    LiesAlike,
    LiesElsewhere,
    PeersMemory,
    PeersMemoryInto,
    MemoryFile,
)
