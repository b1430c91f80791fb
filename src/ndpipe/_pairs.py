"""The parent and the child of a transport, one class for each kind: they transfer and measure."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from typing import Any

import numpy as np

from ndpipe._transfer import (
    Received,
    Timing,
    checksum,
    make_array,
    read_through,
    receive_once,
    send_once,
    settle,
    timing,
)
from ndpipe.memory import PeakMemory, peak_resident_memory
from ndpipe.transports.base import (
    Array,
    Birth,
    Call,
    Channel,
    Direction,
    Local,
    Transport,
)

__all__ = ["Pair", "pair_for"]


class Pair:
    """Both sides of a transport, seen from the parent; made, it has done one transfer already.

    Attributes
    ----------
    startup_seconds : float or None
        From the start of the child until its task runs; None where every transfer tells its own.
    growth : tuple of (int, int)
        How far the peak resident memory of the sender and of the receiver rose, from before the
        transport was set up to the end of that first transfer, in bytes.
    """

    startup_seconds: float | None = None
    growth: tuple[int, int] = (0, 0)

    def transfer(self) -> Timing:
        """Move one array and return what it took."""
        raise NotImplementedError

    def close(self) -> None:
        """End the child and free what the transport holds."""
        raise NotImplementedError


def pair_for(
    kind: type[Transport],
    direction: Direction,
    nbytes: int,
    context: Any,
    fail: Callable[[str], None],
) -> Pair:
    """Set a transport up and do a first transfer; `fail` is told of a child that ends too soon."""
    transport = kind()
    if isinstance(transport, Channel):
        return _ChannelPair(transport, direction, nbytes, context, fail)
    if isinstance(transport, Birth):
        return _BirthPair(transport, nbytes, context)
    if isinstance(transport, Call):
        return _CallPair(transport, direction, nbytes, context)
    if isinstance(transport, Local):
        return _LocalPair(transport, nbytes)
    raise TypeError(f"{kind.__name__} is no Channel, Birth, Call or Local")


class _ChannelPair(Pair):
    """A child that lives through all rounds, with an end of the transport in either process."""

    def __init__(
        self,
        transport: Channel,
        direction: Direction,
        nbytes: int,
        context: Any,
        fail: Callable[[str], None],
    ) -> None:
        self.transport, self.nbytes = transport, nbytes
        self.sends = direction == "to-child"
        settle(transport.facts.requires)
        array = make_array(nbytes) if self.sends else None
        with PeakMemory() as memory:
            sender, receiver = transport.open(context, nbytes // 8)
            own, theirs = (sender, receiver) if self.sends else (receiver, sender)
            self.control, control = context.Pipe()
            self.errors, errors = context.Pipe(duplex=False)
            arguments = type(transport), not self.sends, theirs, nbytes, control, errors
            self.child = context.Process(target=_live, args=arguments, daemon=True)
            start = time.perf_counter()
            self.child.start()
            control.close()
            errors.close()
            self.closing = False
            self.watcher = threading.Thread(target=self._watch, args=(fail,), daemon=True)
            self.watcher.start()
            self.control.recv()
            self.startup_seconds = time.perf_counter() - start
            self.end = transport.attach(own)
            self._transfer(array)
        child_growth = self.control.recv()
        self.growth = (memory.growth, child_growth) if self.sends else (child_growth, memory.growth)

    def transfer(self) -> Timing:
        self.control.send("again")
        return self._transfer(make_array(self.nbytes) if self.sends else None)

    def _transfer(self, array: Array | None) -> Timing:
        if array is not None:
            return send_once(self.transport, self.end, array, self.control)
        receive_once(self.transport, self.end, self.control)
        result: Timing = self.control.recv()
        return result

    def close(self) -> None:
        self.closing = True
        self.control.send("stop")
        self.transport.detach(self.end)
        self.child.join()
        self.watcher.join()
        self.transport.close()
        self.child.close()
        self.control.close()
        self.errors.close()

    def _watch(self, fail: Callable[[str], None]) -> None:
        """Wait for the end of the child, and tell why if nobody asked for it."""
        # This process may be waiting, in the transport, for a child that is gone.
        wait([self.child.sentinel, self.errors])
        if self.closing:
            return
        try:
            fail(self.errors.recv())
        except EOFError:
            self.child.join()
            fail(f"the child died: exit code {self.child.exitcode}")


def _live(
    kind: type[Channel],
    sends: bool,
    end: Any,
    nbytes: int,
    control: Connection,
    errors: Connection,
) -> None:
    """Transfer, in the child, as often as the parent says so."""
    transport = kind()

    def transfer(array: Array | None) -> None:
        if array is None:
            receive_once(transport, end, control)
        else:
            control.send(send_once(transport, end, array, control))

    try:
        control.send("ready")
        settle(kind.facts.requires)
        array = make_array(nbytes) if sends else None
        with PeakMemory() as memory:
            end = transport.attach(end)
            transfer(array)
        control.send(memory.growth)
        while control.recv() == "again":
            del array  # before there is another
            array = make_array(nbytes) if sends else None
            transfer(array)
        transport.detach(end)
    except Exception as error:
        errors.send(f"{type(error).__name__}: {error}")
        raise


_NOTHING = np.empty(0)


class _BirthPair(Pair):
    """A new child for each array; the start of one without an array is taken off."""

    def __init__(self, transport: Birth, nbytes: int, context: Any) -> None:
        self.transport, self.nbytes, self.context = transport, nbytes, context
        array = make_array(nbytes)
        bare, full = self._start_measured(_NOTHING), self._start_measured(array)
        self.growth = max(0, full[0] - bare[0]), max(0, full[1] - bare[1])

    def _start_measured(self, array: Array) -> tuple[int, int]:
        with PeakMemory() as memory:
            _, childs_peak = self._start(array)
        return memory.growth, childs_peak

    def transfer(self) -> Timing:
        array = make_array(self.nbytes)
        (bare, _), (full, _) = self._start(_NOTHING), self._start(array)
        return Timing(
            # Two starts differ by chance too; it cannot have taken less than the child's reading.
            seconds=max(full.seconds - bare.seconds, full.read_seconds),
            read_seconds=full.read_seconds,
            sender_cpu_seconds=max(0.0, full.sender_cpu_seconds - bare.sender_cpu_seconds),
            receiver_cpu_seconds=max(0.0, full.receiver_cpu_seconds - bare.receiver_cpu_seconds),
            startup_seconds=bare.seconds,
        )

    def _start(self, array: Array) -> tuple[Timing, int]:
        """Start a child with this array; return what that took, and the child's peak memory."""
        digest = checksum(array)
        reader, writer = self.context.Pipe(duplex=False)
        with reader:
            cpu = time.process_time()
            start = time.perf_counter()
            child = self.transport.start(self.context, array, _born, writer)
            writer.close()
            try:
                received, childs_peak = reader.recv()
            except EOFError:
                child.join()
                raise ChildProcessError(f"the child died: exit code {child.exitcode}") from None
            cpu = time.process_time() - cpu
            child.join()
            child.close()
        return timing(start, cpu, digest, received), childs_peak

    def close(self) -> None:
        self.transport.close()


def _born(array: Array, report: Connection) -> None:
    """Read the array that this child was born with, and report."""
    with report:
        report.send((read_through(array, 0.0), peak_resident_memory()))


class _CallPair(Pair):
    """The workers of a pool. What they do is one task, or three about one array."""

    def __init__(self, transport: Call, direction: Direction, nbytes: int, context: Any) -> None:
        self.transport, self.nbytes = transport, nbytes
        self.sends = direction == "to-child"
        settle(transport.facts.requires)
        array = make_array(nbytes) if self.sends else None
        with PeakMemory() as memory:
            start = time.perf_counter()
            transport.open(context)
            transport.call(_settle)
            self.startup_seconds = time.perf_counter() - start
            _, worker_growth = self._transfer(array, measured=True)
        self.growth = (
            (memory.growth, worker_growth) if self.sends else (worker_growth, memory.growth)
        )

    def transfer(self) -> Timing:
        return self._transfer(make_array(self.nbytes) if self.sends else None)[0]

    def _transfer(self, array: Array | None, *, measured: bool = False) -> tuple[Timing, int]:
        received: Received
        if array is not None:
            digest = checksum(array)
            cpu = time.process_time()
            start = time.perf_counter()
            received, growth = self.transport.call(_read, array)
            sender_cpu = time.process_time() - cpu
        else:
            self.transport.call(_prepare, self.nbytes, measured)
            cpu = time.process_time()
            received = read_through(self.transport.call(_give), cpu)
            start, digest, sender_cpu, growth = self.transport.call(_account)
        return timing(start, sender_cpu, digest, received), growth

    def close(self) -> None:
        self.transport.close()


class _Worker:
    """What a worker remembers from one task to the next: pickling falls between them."""

    ready = False
    array: Array = _NOTHING
    start = 0.0
    cpu = 0.0
    memory: PeakMemory | None = None


def _settle() -> None:
    settle()
    _stand_by(measured=True)


def _stand_by(*, measured: bool) -> None:
    _Worker.ready = True
    _Worker.memory = PeakMemory().__enter__() if measured else None
    _Worker.cpu = time.process_time()


def _growth() -> int:
    if _Worker.memory is None:
        return 0
    _Worker.memory.__exit__(None, None, None)
    return _Worker.memory.growth


def _read(array: Array) -> tuple[Received, int]:
    if not _Worker.ready:  # joblib has a second worker, and took it
        _stand_by(measured=True)
    result = read_through(array, _Worker.cpu), _growth()
    del array
    _stand_by(measured=False)
    return result


def _prepare(nbytes: int, measured: bool) -> None:
    _Worker.array = make_array(nbytes)
    _stand_by(measured=measured)


def _give() -> Array:
    _Worker.start = time.perf_counter()
    return _Worker.array


def _account() -> tuple[float, Any, float, int]:
    cpu = time.process_time() - _Worker.cpu
    growth = _growth()
    digest = checksum(_Worker.array)
    _Worker.array = _NOTHING
    return _Worker.start, digest, cpu, growth


class _LocalPair(Pair):
    """One process, its own sender and receiver."""

    def __init__(self, transport: Local, nbytes: int) -> None:
        self.transport, self.nbytes = transport, nbytes
        settle()
        array = make_array(nbytes)
        with PeakMemory() as memory:
            self._transfer(array)
        self.growth = memory.growth, 0

    def transfer(self) -> Timing:
        return self._transfer(make_array(self.nbytes))

    def _transfer(self, array: Array) -> Timing:
        digest = checksum(array)
        cpu = time.process_time()
        start = time.perf_counter()
        received = read_through(self.transport.move(array), cpu)
        return timing(start, received.cpu_seconds, digest, replace(received, cpu_seconds=0.0))

    def close(self) -> None:
        self.transport.close()
