"""Functions that a pool calls in a worker process."""

import time
from typing import Any

from ndpipe._system.memory import PeakMemory
from ndpipe.compare._checksum import checksum, make_array
from ndpipe.compare._sample import NOTHING, Received, Sample, Sent, read_array, warm_up
from ndpipe.compare.drivers.base import Driver, First
from ndpipe.transports.base import Array, Call, Direction


class CallDriver(Driver):
    """Calls one task for an array to the worker, and three for an array from it."""

    def __init__(self, transport: Call, direction: Direction, nbytes: int, context: Any) -> None:
        self.transport, self.nbytes = transport, nbytes
        self.sends = direction == "to-child"
        warm_up(transport.info.requires)
        array = make_array(nbytes) if self.sends else None
        with PeakMemory() as memory:
            start = time.perf_counter()
            transport.open(context)
            transport.call(_warm_up)
            self.startup_seconds = time.perf_counter() - start
            sample, worker = self._transfer(array, measured=True)
        self.first = First(sample, *((memory, worker) if self.sends else (worker, memory)))

    def transfer(self) -> Sample:
        return self._transfer(make_array(self.nbytes) if self.sends else None)[0]

    def _transfer(
        self, array: Array | None, *, measured: bool = False
    ) -> tuple[Sample, PeakMemory]:
        received: Received
        if array is not None:
            digest = checksum(array)
            cpu, start = time.process_time(), time.perf_counter()
            received, memory = self.transport.call(_read, array)
            done = time.perf_counter()
            sent = Sent(start, done, time.process_time() - cpu, digest)
        else:
            self.transport.call(_prepare, self.nbytes, measured)
            cpu, start = time.process_time(), time.perf_counter()
            received = read_array(self.transport.call(_give), start, cpu)
            sent, memory = self.transport.call(_account)
        return Sample.of(sent, received, self.startup_seconds), memory

    def close(self) -> None:
        self.transport.close()


class _Worker:
    """State of a worker between two tasks: the pool pickles in between."""

    ready = False
    array: Array = NOTHING
    start = 0.0
    cpu = 0.0
    memory = PeakMemory()
    measured = False


def _warm_up() -> None:
    warm_up()
    _stand_by(measured=True)


def _stand_by(*, measured: bool) -> None:
    _Worker.ready, _Worker.measured, _Worker.memory = True, measured, PeakMemory()
    if measured:
        _Worker.memory.start()
    _Worker.cpu = time.process_time()


def _memory() -> PeakMemory:
    return _Worker.memory.stop() if _Worker.measured else _Worker.memory


def _read(array: Array) -> tuple[Received, PeakMemory]:
    if not _Worker.ready:  # a second worker, of which joblib has two, took the task
        _stand_by(measured=True)
    result = read_array(array, time.perf_counter(), _Worker.cpu), _memory()
    del array
    _stand_by(measured=False)
    return result


def _prepare(nbytes: int, measured: bool) -> None:
    _Worker.array = make_array(nbytes)
    _stand_by(measured=measured)


def _give() -> Array:
    _Worker.start = time.perf_counter()
    return _Worker.array


def _account() -> tuple[Sent, PeakMemory]:
    now, cpu = time.perf_counter(), time.process_time() - _Worker.cpu
    memory = _memory()
    digest = checksum(_Worker.array)
    _Worker.array = NOTHING
    return Sent(_Worker.start, now, cpu, digest), memory
