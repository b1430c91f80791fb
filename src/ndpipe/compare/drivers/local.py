"""One process that moves the array to itself."""

import time
from dataclasses import replace

from ndpipe._system.memory import PeakMemory
from ndpipe.compare._checksum import checksum, make_array
from ndpipe.compare._sample import Sample, Sent, read_array, warm_up
from ndpipe.compare.drivers.base import Driver, First
from ndpipe.transports.base import Array, Local


class LocalDriver(Driver):
    """One process, sender and receiver at once; all processor time is the sender's."""

    def __init__(self, transport: Local, nbytes: int) -> None:
        self.transport, self.nbytes = transport, nbytes
        warm_up()
        array = make_array(nbytes)
        with PeakMemory() as memory:
            sample = self._transfer(array)
        self.first = First(sample, memory, PeakMemory())

    def transfer(self) -> Sample:
        return self._transfer(make_array(self.nbytes))

    def _transfer(self, array: Array) -> Sample:
        digest = checksum(array)
        cpu, start = time.process_time(), time.perf_counter()
        received = read_array(self.transport.move(array), start, cpu)
        sent = Sent(start, received.arrived, received.cpu_seconds, digest)
        return Sample.of(sent, replace(received, cpu_seconds=0.0))

    def close(self) -> None:
        self.transport.close()
