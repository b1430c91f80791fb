"""A new child for each array, which gets the array when it starts."""

import time
from multiprocessing.connection import Connection
from typing import Any

from ndpipe._system.memory import PeakMemory, peak_resident_memory
from ndpipe.compare._checksum import checksum, make_array
from ndpipe.compare._sample import NOTHING, Sample, Sent, read_array, warm_up
from ndpipe.compare.drivers.base import Driver, First
from ndpipe.transports.base import Array, AtStart


class AtStartDriver(Driver):
    """Measures the start of a child with the array, less the start of one without."""

    def __init__(self, transport: AtStart, nbytes: int, context: Any) -> None:
        self.transport, self.nbytes, self.context = transport, nbytes, context
        warm_up()
        array = make_array(nbytes)
        bare, bare_peak = self._start(NOTHING)
        with PeakMemory() as memory:
            full, full_peak = self._start(array)
        receiver = PeakMemory(bare_peak, max(bare_peak, full_peak))
        self.first = First(_difference(full, bare), memory, receiver)

    def transfer(self) -> Sample:
        array = make_array(self.nbytes)
        bare, full = self._start(NOTHING)[0], self._start(array)[0]
        return _difference(full, bare)

    def _start(self, array: Array) -> tuple[Sample, int]:
        """Start a child with this array; return a sample, and the peak memory of the child."""
        digest = checksum(array)
        reader, writer = self.context.Pipe(duplex=False)
        with reader:
            cpu, start = time.process_time(), time.perf_counter()
            child = self.transport.start(self.context, array, _read, writer)
            done = time.perf_counter()
            writer.close()
            try:
                received, peak = reader.recv()
            except EOFError:
                child.join()
                raise ChildProcessError(f"the child died: exit code {child.exitcode}") from None
            cpu = time.process_time() - cpu
            child.join()
            child.close()
        return Sample.of(Sent(start, done, cpu, digest), received), peak

    def close(self) -> None:
        self.transport.close()


def _difference(full: Sample, bare: Sample) -> Sample:
    """Return what the array adds to the start of a child."""
    return Sample(
        # Two starts also differ by chance; but the child did read the array.
        seconds=max(full.seconds - bare.seconds, full.read_seconds),
        read_seconds=full.read_seconds,
        send_seconds=full.send_seconds,
        receive_seconds=full.receive_seconds,
        sender_cpu_seconds=max(0.0, full.sender_cpu_seconds - bare.sender_cpu_seconds),
        receiver_cpu_seconds=max(0.0, full.receiver_cpu_seconds - bare.receiver_cpu_seconds),
        startup_seconds=bare.seconds,
        overhead_seconds=full.overhead_seconds,
    )


def _read(array: Array, report: Connection) -> None:
    """Read, in the child, the array that it was started with, and report."""
    with report:
        report.send((read_array(array, time.perf_counter(), 0.0), peak_resident_memory()))
