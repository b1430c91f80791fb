"""Through a pipe, and through the queues that multiprocessing builds on one."""

from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.queues import Queue as _Queue
from multiprocessing.queues import SimpleQueue as _SimpleQueue
from typing import Any

import numpy as np

from ndpipe import connection
from ndpipe.transports.base import Array, Channel, TransportInfo

__all__ = ["NdPipe", "NdPipeInto", "PipeSimplex", "Queue", "SimpleQueue", "StandardPipe"]

_OWN = "yes, its own copy"
_ENDS = "closing both ends, or their garbage collection"


class StandardPipe(Channel):
    """A duplex ``multiprocessing.Pipe``: pickled, written to a socket pair, unpickled."""

    info = TransportInfo("pipe", "Pipe", "pipe", "copies", "one-to-one", _OWN, _ENDS, (4, 0))

    def open(self, context: BaseContext, n: int) -> tuple[Connection, Connection]:
        receiver, sender = context.Pipe()
        return sender, receiver

    def send(self, end: Connection, array: Array) -> None:
        end.send(array)

    def receive(self, end: Connection) -> Array:
        array: Array = end.recv()
        return array

    def detach(self, end: Connection) -> None:
        end.close()


class PipeSimplex(StandardPipe):
    """A ``multiprocessing.Pipe(duplex=False)``: the same messages through an ``os.pipe``."""

    info = TransportInfo(
        "pipe-simplex", "Pipe(duplex=False)", "pipe", "copies", "one-to-one", _OWN, _ENDS, (4, 0)
    )

    def open(self, context: BaseContext, n: int) -> tuple[Connection, Connection]:
        receiver, sender = context.Pipe(duplex=False)
        return sender, receiver


class Queue(Channel):
    """A ``multiprocessing.Queue``: a pipe with locks, and a thread that pickles and writes."""

    info = TransportInfo(
        "queue",
        "Queue",
        "queue",
        "copies",
        "many-to-many",
        _OWN,
        "close() and join_thread() in every process that put something",
        (4, 0),
    )

    def open(self, context: BaseContext, n: int) -> tuple[_Queue, _Queue]:
        queue = context.Queue()
        return queue, queue

    def send(self, end: _Queue, array: Array) -> None:
        end.put(array)  # returns at once: a thread sends

    def receive(self, end: _Queue) -> Array:
        array: Array = end.get()
        return array

    def detach(self, end: _Queue) -> None:
        end.close()
        end.join_thread()


class SimpleQueue(Channel):
    """A ``multiprocessing.SimpleQueue``: a pipe with locks, and no thread."""

    info = TransportInfo(
        "simple-queue",
        "SimpleQueue",
        "queue",
        "copies",
        "many-to-many",
        _OWN,
        "close() in every process",
        (4, 0),
    )

    def open(self, context: BaseContext, n: int) -> tuple[_SimpleQueue, _SimpleQueue]:
        queue = context.SimpleQueue()
        return queue, queue

    def send(self, end: _SimpleQueue, array: Array) -> None:
        end.put(array)

    def receive(self, end: _SimpleQueue) -> Array:
        array: Array = end.get()
        return array

    def detach(self, end: _SimpleQueue) -> None:
        end.close()


class NdPipe(StandardPipe):
    """An ``ndpipe.Pipe``: the bytes go from one array straight into the other."""

    info = TransportInfo(
        "ndpipe",
        "ndpipe.Pipe",
        "ndpipe",
        "copies",
        "one-to-one",
        _OWN,
        _ENDS,
        (1, 0),
        "used memory",  # from 16 MiB on; below, malloc() keeps what is freed
    )

    def open(self, context: BaseContext, n: int) -> tuple[Connection, Connection]:
        receiver, sender = connection.Pipe()
        return sender, receiver


class NdPipeInto(Channel):
    """An ``ndpipe.Pipe`` whose receiver fills one array again and again: ``recv_into``."""

    info = TransportInfo(
        "ndpipe-into",
        "ndpipe recv_into",
        "ndpipe",
        "copies",
        "one-to-one",
        _OWN,
        _ENDS,
        (1, 1),
        "used memory",
    )

    def open(self, context: BaseContext, n: int) -> tuple[Connection, tuple[Connection, int]]:
        receiver, sender = connection.Pipe()
        return sender, (receiver, n)

    def attach(self, end: Any) -> Any:
        if isinstance(end, tuple):
            receiver, n = end
            return receiver, np.empty(n)
        return end

    def send(self, end: Any, array: Array) -> None:
        end.send(array)

    def receive(self, end: Any) -> Array:
        receiver, out = end
        receiver.recv_into(out)
        filled: Array = out
        return filled
