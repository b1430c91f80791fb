"""Through a third-party messaging library."""

from multiprocessing.context import BaseContext
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ndpipe.transports.base import Array, Channel, TransportInfo

__all__ = ["ZeroMQ"]


class ZeroMQ(Channel):
    """A PUSH and a PULL socket of pyzmq, over a local socket: dtype and shape, then the bytes."""

    info = TransportInfo(
        "pyzmq",
        "pyzmq",
        "queue",
        "copies",
        "many-to-many",
        "no; a copy of it, yes",
        "close() of the socket and term() of the context, in each process",
        (2, 0),
        platforms=("Linux", "macOS"),
        requires=("zmq",),
    )

    def open(self, context: BaseContext, n: int) -> tuple[Any, Any]:
        self.folder = TemporaryDirectory()
        address = f"ipc://{self.folder.name}/socket"
        return ("PUSH", address), ("PULL", address)

    def attach(self, end: Any) -> Any:
        import zmq

        kind, address = end
        # A context cannot cross a fork, so each process makes its own.
        socket = zmq.Context().socket(getattr(zmq, kind))
        if kind == "PULL":
            socket.bind(address)
        else:
            socket.connect(address)
        return socket

    def send(self, end: Any, array: Array) -> None:
        end.send_pyobj((array.dtype, array.shape), flags=2)  # 2 is SNDMORE: the bytes follow
        end.send(array, copy=False)

    def receive(self, end: Any) -> Array:
        dtype, shape = end.recv_pyobj()
        frame = end.recv(copy=False)
        return np.frombuffer(frame.buffer, dtype).reshape(shape)

    def detach(self, end: Any) -> None:
        context = end.context
        end.close(linger=0)
        context.term()

    def close(self) -> None:
        self.folder.cleanup()
