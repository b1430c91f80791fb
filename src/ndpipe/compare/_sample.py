"""One transfer: the notes of both processes, and the sample that is made of them.

The clock starts when the sender, which has the array, calls the transport's ``send``. It stops
when the receiver has read every byte of what arrived. Making the array and cleaning up are not
timed. :func:`time.perf_counter` is one clock for all processes of a machine, so the stamps of the
receiver and of the sender can be compared.
"""

import importlib
import multiprocessing
import time
from collections.abc import Iterable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from ndpipe.compare._checksum import Digest, checksum, digest_of, read_lanes
from ndpipe.transports.base import Array, Channel

__all__ = [
    "NOTHING",
    "Received",
    "Sample",
    "Sent",
    "WrongBytesError",
    "free_large_array",
    "read_array",
    "receive_array",
    "send_array",
    "verify",
    "warm_up",
]

NOTHING = np.empty(0)


class WrongBytesError(Exception):
    """The receiver's checksum is not the sender's."""


@dataclass(frozen=True)
class Sent:
    """The sender's notes: when `send` was called and returned, processor time, checksum."""

    start: float
    done: float
    cpu_seconds: float
    digest: Digest


@dataclass(frozen=True)
class Received:
    """The receiver's notes: when it called `receive`, had the array, and had read all of it."""

    start: float
    arrived: float
    read: float
    cpu_seconds: float
    digest: Digest


@dataclass(frozen=True)
class Sample:
    """One transfer in numbers; times are in seconds.

    Attributes
    ----------
    seconds : float
        Time from the start of `send` until the receiver has read the last byte.
    read_seconds : float
        The part of it in which the receiver reads the array.
    send_seconds, receive_seconds : float
        Duration of the call of `send`, and of `receive` with its waiting.
    sender_cpu_seconds, receiver_cpu_seconds : float
        Processor time of each process.
    startup_seconds : float or None
        Time from the start of the child until its task ran.
    overhead_seconds : float
        Time that the harness itself adds to `seconds`.
    """

    seconds: float
    read_seconds: float
    send_seconds: float
    receive_seconds: float
    sender_cpu_seconds: float
    receiver_cpu_seconds: float
    startup_seconds: float | None
    overhead_seconds: float

    @classmethod
    def of(cls, sent: Sent, received: Received, startup_seconds: float | None = None) -> "Sample":
        """Combine the notes of both sides; verify that the receiver got what was sent."""
        verify(sent, received)
        return cls(
            seconds=received.read - sent.start,
            read_seconds=received.read - received.arrived,
            send_seconds=sent.done - sent.start,
            receive_seconds=received.arrived - received.start,
            sender_cpu_seconds=sent.cpu_seconds,
            receiver_cpu_seconds=received.cpu_seconds,
            startup_seconds=startup_seconds,
            overhead_seconds=overhead(),
        )


def verify(sent: Sent, received: Received) -> None:
    """Raise WrongBytesError unless the receiver's checksum is the sender's."""
    if received.digest != sent.digest:
        raise WrongBytesError("what arrived is not what was sent: the checksums differ")


def send_array(
    transport: Channel, end: Any, array: Array, control: Connection
) -> tuple[Sent, Received]:
    """Send an array once the receiver is ready; return the notes of both sides."""
    digest = checksum(array)
    control.recv()
    cpu = time.process_time()
    start = time.perf_counter()
    transport.send(end, array)
    done = time.perf_counter()
    received: Received = control.recv()
    # Only now: a thread of this process may still send after `send` has returned.
    cpu = time.process_time() - cpu
    transport.sent(end)
    return Sent(start, done, cpu, digest), received


def receive_array(transport: Channel, end: Any, control: Connection) -> Received:
    """Receive an array, read it, clean up, and give the notes to the sender too."""
    read_lanes(NOTHING)  # the first call of a function is slower than the next
    control.send(None)
    cpu, start = time.process_time(), time.perf_counter()
    array = transport.receive(end)
    received = read_array(array, start, cpu)
    del array  # its memory may be unmapped next
    transport.received(end)
    control.send(received)
    return received


def read_array(array: Array, start: float, cpu_before: float) -> Received:
    """Read an array that has just arrived."""
    arrived = time.perf_counter()
    lanes = read_lanes(array)
    read = time.perf_counter()
    cpu = time.process_time() - cpu_before
    return Received(start, arrived, read, cpu, digest_of(array, lanes))


def overhead() -> float:
    """Return the seconds that the same calls and clock readings take without an array."""
    read_lanes(NOTHING)
    cpu, start = time.process_time(), time.perf_counter()
    _identity(NOTHING)
    return read_array(NOTHING, start, cpu).read - start


def _identity(array: Array) -> Array:
    return array


def warm_up(modules: Iterable[str] = ()) -> None:
    """Bring a process into the state of one that has been computing for a while.

    Modules are imported and the code of a transfer has run, so that growth counts arrays only.
    """
    for module in modules:
        importlib.import_module(module)
    free_large_array()
    reader, writer = multiprocessing.Pipe()
    with reader, writer:
        writer.send(np.zeros(1000))
        checksum(reader.recv())


def free_large_array() -> None:
    """Have malloc() keep what is freed from now on.

    Before that, it depends on what was freed by chance, and the standard Pipe takes one time or
    several: `ndpipe.experiments.allocator`.
    """
    np.empty(31 << 20, np.uint8)
