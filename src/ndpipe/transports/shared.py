"""Through memory that both processes map; a pipe only signals that it is ready."""

from dataclasses import replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.managers import SyncManager
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np

from ndpipe.transports.base import Array, Channel, TransportInfo

__all__ = ["Manager", "NewSharedMemory", "RawArray", "ReusedSharedMemory", "SharedArray"]

_SEEN = "yes, and every process sees it"
_UNNAMED = "garbage collection, once no process uses it"


class RawArray(Channel):
    """A ``multiprocessing.RawArray`` of ctypes doubles: no lock."""

    info = TransportInfo(
        *("raw-array", "RawArray", "shared memory", "shares", "many-to-many", _SEEN, _UNNAMED),
        memory=(1, 1),
        destination="shared memory",
    )

    def make(self, context: BaseContext, n: int) -> Any:
        """Return a shared array of `n` values."""
        return context.RawArray("d", n)

    def open(self, context: BaseContext, n: int) -> tuple[Any, Any]:
        receiver, sender = context.Pipe(duplex=False)
        shared = self.make(context, n)
        return (sender, shared), (receiver, shared)

    def send(self, end: Any, array: Array) -> None:
        ready, shared = end
        np.frombuffer(shared)[:] = array
        ready.send(None)

    def receive(self, end: Any) -> Array:
        ready, shared = end
        ready.recv()
        return np.frombuffer(shared)

    def detach(self, end: Any) -> None:
        ready, _ = end
        ready.close()


class SharedArray(RawArray):
    """A ``multiprocessing.Array`` of ctypes doubles, with its lock."""

    info = replace(RawArray.info, name="array", title="Array")

    def make(self, context: BaseContext, n: int) -> Any:
        return context.Array("d", n)

    def send(self, end: Any, array: Array) -> None:
        ready, shared = end
        with shared.get_lock():
            super().send((ready, shared.get_obj()), array)

    def receive(self, end: Any) -> Array:
        ready, shared = end
        return super().receive((ready, shared.get_obj()))


class NewSharedMemory(Channel):
    """A ``SharedMemory`` segment for each array: made by the sender, which unlinks it too."""

    info = TransportInfo(
        "shared-memory-new",
        "SharedMemory, new",
        "shared memory",
        "shares",
        "many-to-many",
        _SEEN,
        "close() in every process, and unlink() in one, after the last has read",
        (1, 0),
        "shared memory",
    )

    def open(self, context: BaseContext, n: int) -> tuple[Connection, Connection]:
        # Both processes must use one tracker. A tracker that the child started for itself would
        # unlink the parent's segments when the child ends.
        resource_tracker.ensure_running()
        receiver, sender = context.Pipe(duplex=False)
        return sender, receiver

    def send(self, end: Connection, array: Array) -> None:
        self.memory = SharedMemory(create=True, size=array.nbytes)
        np.ndarray(array.shape, array.dtype, self.memory.buf)[:] = array
        end.send((self.memory.name, array.shape, array.dtype))

    def receive(self, end: Connection) -> Array:
        name, shape, dtype = end.recv()
        self.memory = SharedMemory(name)
        return np.ndarray(shape, dtype, self.memory.buf)

    def received(self, end: Connection) -> None:
        self.memory.close()

    def sent(self, end: Connection) -> None:
        self.memory.close()
        self.memory.unlink()

    def detach(self, end: Connection) -> None:
        end.close()


class ReusedSharedMemory(Channel):
    """One ``SharedMemory`` segment for all arrays, made by the parent before the child starts."""

    info = TransportInfo(
        "shared-memory",
        "SharedMemory, reused",
        "shared memory",
        "shares",
        "many-to-many",
        _SEEN,
        "close() in every process, and unlink() in one, after the last has read",
        (1, 1),
        "shared memory",
    )

    def open(self, context: BaseContext, n: int) -> tuple[Any, Any]:
        receiver, sender = context.Pipe(duplex=False)
        self.memory = SharedMemory(create=True, size=8 * n)
        return (sender, self.memory), (receiver, self.memory)

    def send(self, end: Any, array: Array) -> None:
        ready, memory = end
        np.ndarray(array.shape, array.dtype, memory.buf)[:] = array
        ready.send((array.shape, array.dtype))

    def receive(self, end: Any) -> Array:
        ready, memory = end
        shape, dtype = ready.recv()
        return np.ndarray(shape, dtype, memory.buf)

    def detach(self, end: Any) -> None:
        ready, memory = end
        ready.close()
        memory.close()

    def close(self) -> None:
        self.memory.unlink()


class Manager(Channel):
    """A dict of a ``multiprocessing.Manager``: a server process holds the array, pickled twice."""

    info = TransportInfo(
        "manager",
        "Manager dict",
        "server",
        "copies",
        "many-to-many",
        "yes, its own copy",
        "the manager's shutdown()",
        (7, 1),
    )

    def open(self, context: BaseContext, n: int) -> tuple[Any, Any]:
        self.manager: SyncManager = context.Manager()
        receiver, sender = context.Pipe(duplex=False)
        shared = self.manager.dict()
        return (sender, shared), (receiver, shared)

    def send(self, end: Any, array: Array) -> None:
        ready, shared = end
        shared["array"] = array
        ready.send(None)

    def receive(self, end: Any) -> Array:
        ready, shared = end
        ready.recv()
        array: Array = shared["array"]
        return array

    def detach(self, end: Any) -> None:
        ready, _ = end
        ready.close()

    def close(self) -> None:
        self.manager.shutdown()
