"""Transports for test_speed that the harness measures: bursts of small messages, and a soak."""

# ruff: noqa: ARG002 - the signatures are those of ndpipe.transports

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import psutil

import ndpipe
from ndpipe.transports.base import Array
from ndpipe.transports.pipes import NdPipe, StandardPipe

OBJECTS = {
    "int": 1,
    "dict": {"k": [1.5, "text"] * 20},
    "1-kB": np.zeros(125),
    "16-kB": np.zeros(2000),
    "64-kB": np.zeros(8000),
    "bytes": b"x" * 60_000,
}
_ROUND_TRIPS = 200


class StandardEcho(StandardPipe):
    """Round trips of one object through a standard Pipe, before the array."""

    info = replace(StandardPipe.info, directions=("to-child",))
    obj: ClassVar[Any] = None

    def send(self, end: Any, array: Array) -> None:
        for _ in range(_ROUND_TRIPS):
            end.send(self.obj)
            end.recv()
        super().send(end, array)

    def receive(self, end: Any) -> Array:
        for _ in range(_ROUND_TRIPS):
            end.send(end.recv())
        return super().receive(end)


class NdEcho(StandardEcho):
    """The same through an `ndpipe.Pipe`."""

    info = replace(NdPipe.info, directions=("to-child",))
    open = NdPipe.open


# A class for each object and each pipe: the processes of the harness find a class by its name.
ECHOES = {}
for _kind, _obj in OBJECTS.items():
    for _base in (StandardEcho, NdEcho):
        _name = f"{_base.__name__}_{_kind.replace('-', '_')}"
        ECHOES[_base, _kind] = type(_name, (_base,), {"obj": _obj, "__module__": __name__})
        globals()[_name] = ECHOES[_base, _kind]


class NdSimplex(NdPipe):
    """An `ndpipe.Pipe(duplex=False)`."""

    info = replace(NdPipe.info, name="ndpipe-simplex")

    def open(self, context: Any, n: int) -> tuple[Any, Any]:
        receiver, sender = ndpipe.Pipe(duplex=False)
        return sender, receiver


class Soaked(NdPipe):
    """An `ndpipe.Pipe` whose processes must hold after the last transfer what they held before."""

    info = replace(NdPipe.info, name="soaked")

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def sent(self, end: Any) -> None:
        self._look()

    def received(self, end: Any) -> None:
        self._look()

    def _look(self) -> None:
        process = psutil.Process()
        counts = process.num_fds(), process.num_threads(), len(process.children())
        self.seen.append((process.memory_info().rss, *counts))

    def detach(self, end: Any) -> None:
        super().detach(end)
        early, late = self.seen[2], self.seen[-1]
        if late[0] - early[0] > 8 << 20 or late[1:] != early[1:]:
            raise AssertionError(f"memory, descriptors, threads, children: {early}, then {late}")
