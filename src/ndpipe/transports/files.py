"""Through a file that the receiver maps."""

from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ndpipe.transports.base import Array, Channel, TransportInfo

__all__ = ["MappedFile"]


class MappedFile(Channel):
    """A ``.npy`` file: saved by the sender, mapped by the receiver with ``mmap_mode``."""

    info = TransportInfo(
        "mapped-file",
        ".npy, mmap_mode",
        "file",
        "shares",
        "many-to-many",
        "with ``mmap_mode='r+'``, and every process that maps the file sees it",
        "whoever deletes the file; on Windows only when nobody maps it any more",
        (1, 0),
        "shared memory",
    )

    def open(self, context: BaseContext, n: int) -> tuple[Any, Connection]:
        self.folder = TemporaryDirectory()
        receiver, sender = context.Pipe(duplex=False)
        return (sender, Path(self.folder.name, "array.npy")), receiver

    def send(self, end: Any, array: Array) -> None:
        ready, path = end
        np.save(path, array)
        ready.send(path)

    def receive(self, end: Connection) -> Array:
        path = end.recv()
        array: Array = np.load(path, mmap_mode="r")
        return array

    def sent(self, end: Any) -> None:
        _, path = end
        path.unlink()

    def detach(self, end: Any) -> None:
        ready = end[0] if isinstance(end, tuple) else end
        ready.close()

    def close(self) -> None:
        self.folder.cleanup()
