"""One transfer, as either process goes through it: what is timed, and what is not.

The clock starts when the sender, which has the array, calls the transport's ``send``. It stops
when the receiver has read every byte of what arrived. Not timed, for every transport alike: making
the array, and cleaning up after it was read.
"""

import importlib
import multiprocessing
import time
from collections.abc import Iterable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ndpipe.transports.base import Array, Channel

__all__ = [
    "Received",
    "Timing",
    "checksum",
    "make_array",
    "overhead",
    "read_through",
    "receive_once",
    "send_once",
    "settle",
    "timing",
]

Digest = tuple[int, str, tuple[int, ...]]
Words = NDArray[np.uint64]

# A prime, so that swapped pages, and rows of most lengths, change the sum of some lane.
_LANES = 1021
_WEIGHTS = np.random.default_rng(0).integers(1, 2**63, _LANES, np.uint64) | np.uint64(1)


def settle(modules: Iterable[str] = ()) -> None:
    """Bring this process's memory into a state from which growth can be counted.

    The modules and the code of a first transfer are made resident.
    """
    for module in modules:
        importlib.import_module(module)
    reader, writer = multiprocessing.Pipe()
    with reader, writer:
        writer.send(np.zeros(1000))
        checksum(reader.recv())


def make_array(nbytes: int) -> Array:
    """Return the random float64 array of this size, always the same one."""
    return np.random.default_rng(nbytes).random(nbytes // 8)


def checksum(array: Array) -> Digest:
    """Read every byte of an array and return what tells it from another one.

    The array is read as 64-bit integers, which are added up in 1021 lanes; a weighted sum of the
    lanes is the checksum. So it depends on every bit, and on its place, but for moves by a
    multiple of 1021 values. It takes little more time than reading the memory does.

    Parameters
    ----------
    array : ndarray of shape (n,), dtype float64

    Returns
    -------
    tuple of (int, str, tuple of int)
        The checksum, and with it dtype and shape.

    Examples
    --------
    >>> import numpy as np
    >>> from ndpipe.compare import checksum
    >>> array = np.arange(10_000.0)
    >>> checksum(array) == checksum(array.copy())
    True
    >>> checksum(array) == checksum(array[::-1].copy())
    False
    """
    return _digest(array, _read(array))


_NOTHING = np.empty(0)


def _read(array: Array) -> tuple[Words, Words]:
    """Read every byte: return the sums of the lanes, and the values after the last full row."""
    words: Words = array.view(np.uint64)
    whole = words.size - words.size % _LANES
    return np.add.reduce(words[:whole].reshape(-1, _LANES), axis=0), words[whole:].copy()


def _digest(array: Array, read: tuple[Words, Words]) -> Digest:
    lanes, rest = read
    lanes[: rest.size] += rest
    return int((lanes * _WEIGHTS).sum()), array.dtype.str, array.shape


@dataclass(frozen=True)
class Received:
    """What the receiver tells the sender: stamps in seconds of the system-wide clock."""

    arrived: float
    read: float
    cpu_seconds: float
    digest: Digest


@dataclass(frozen=True)
class Timing:
    """What one transfer took, in seconds."""

    seconds: float
    read_seconds: float
    sender_cpu_seconds: float
    receiver_cpu_seconds: float
    startup_seconds: float | None = None
    overhead_seconds: float | None = None


class WrongBytesError(Exception):
    """Something else arrived than what was sent."""


# time.perf_counter is one clock for all processes of a machine, so that a stamp of the receiver
# can be compared with one of the sender: neither has to wait for word from the other.


def timing(start: float, cpu_seconds: float, sent: Digest, received: Received) -> Timing:
    """Put together what the two sides noted, if the receiver got what was sent."""
    if received.digest != sent:
        raise WrongBytesError("what arrived is not what was sent: the checksums differ")
    return Timing(
        seconds=received.read - start,
        read_seconds=received.read - received.arrived,
        sender_cpu_seconds=cpu_seconds,
        receiver_cpu_seconds=received.cpu_seconds,
    )


def send_once(transport: Channel, end: Any, array: Array, control: Connection) -> Timing:
    """Send an array once the receiver is ready, and return what it took when it was read."""
    digest = checksum(array)
    control.recv()
    cpu = time.process_time()
    start = time.perf_counter()
    transport.send(end, array)
    received: Received = control.recv()
    # Only now, for a thread of this process may send while the caller goes on.
    cpu = time.process_time() - cpu
    transport.sent(end)
    return timing(start, cpu, digest, received)


def receive_once(transport: Channel, end: Any, control: Connection) -> None:
    """Receive an array, read it and tell the sender."""
    _read(_NOTHING)  # what the harness adds to the time is little, once its code was run
    control.send(None)
    cpu = time.process_time()
    array = transport.receive(end)
    received = read_through(array, cpu)
    del array  # it may lie in memory that is about to be unmapped
    transport.received(end)
    control.send(received)


def read_through(array: Array, cpu_before: float) -> Received:
    """Read an array that has just arrived."""
    arrived = time.perf_counter()
    sums = _read(array)
    read = time.perf_counter()
    cpu = time.process_time() - cpu_before
    return Received(arrived, read, cpu, _digest(array, sums))


def overhead() -> float:
    """Return what the harness itself takes of a transfer's time, in seconds.

    It goes through the same calls and clock readings, and no array is moved or read.
    """
    _read(_NOTHING)
    cpu = time.process_time()
    start = time.perf_counter()
    _identity(_NOTHING)
    return read_through(_NOTHING, cpu).read - start


def _identity(array: Array) -> Array:
    return array
