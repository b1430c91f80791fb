"""Two processes that both outlive all transfers."""

import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Any

from ndpipe._system.memory import PeakMemory
from ndpipe.compare._checksum import make_array
from ndpipe.compare._sample import Sample, Sent, receive_array, send_array, warm_up
from ndpipe.compare.drivers.base import Driver, First
from ndpipe.transports.base import Array, Channel, Direction


class ChannelDriver(Driver):
    """A child that serves all transfers, with an end of the transport in each process."""

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
        warm_up(transport.info.requires)
        array = make_array(nbytes) if self.sends else None
        with PeakMemory() as memory:
            sender, receiver = transport.open(context, nbytes // 8)
            own, theirs = (sender, receiver) if self.sends else (receiver, sender)
            self.control, control = context.Pipe()
            self.errors, errors = context.Pipe(duplex=False)
            # The child closes its copies of the parent's ends, to notice the parent's death.
            ends = control, errors, self.control, self.errors
            arguments = type(transport), not self.sends, theirs, nbytes, *ends
            self.child = context.Process(target=_serve, args=arguments, daemon=True)
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
            sample = self._transfer(array)
        child: PeakMemory = self.control.recv()
        self.first = First(sample, *((memory, child) if self.sends else (child, memory)))

    def transfer(self) -> Sample:
        self.control.send("again")
        return self._transfer(make_array(self.nbytes) if self.sends else None)

    def _transfer(self, array: Array | None) -> Sample:
        if array is not None:
            sent, received = send_array(self.transport, self.end, array, self.control)
        else:
            received = receive_array(self.transport, self.end, self.control)
            sent = self.control.recv()
        return Sample.of(sent, received, self.startup_seconds)

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
        """Wait for the end of the child, and report it if nobody asked for it."""
        # The main thread may wait in the transport, for a child that has ended.
        wait([self.child.sentinel, self.errors])
        if self.closing:
            return
        try:
            fail(self.errors.recv())
        except EOFError:
            self.child.join()
            fail(f"the child died: exit code {self.child.exitcode}")


def _serve(
    kind: type[Channel],
    sends: bool,
    end: Any,
    nbytes: int,
    control: Connection,
    errors: Connection,
    *others: Connection,
) -> None:
    """Transfer, in the child, as often as the parent asks."""
    for other in others:
        other.close()
    transport = kind()

    def transfer(array: Array | None) -> None:
        if array is None:
            receive_array(transport, end, control)
        else:
            sent: Sent = send_array(transport, end, array, control)[0]
            control.send(sent)

    try:
        control.send("ready")
        warm_up(kind.info.requires)
        array = make_array(nbytes) if sends else None
        with PeakMemory() as memory:
            end = transport.attach(end)
            transfer(array)
        control.send(memory)
        while control.recv() == "again":
            del array  # before the next is made
            array = make_array(nbytes) if sends else None
            transfer(array)
        transport.detach(end)
    except Exception as error:
        errors.send(f"{type(error).__name__}: {error}")
        raise
