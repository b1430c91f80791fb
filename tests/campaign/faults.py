"""Pipes with a fault each, which the campaigns must find."""

import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection as StandardConnection
from typing import Any

import numpy as np
from tests.campaign.variants import Variant

import ndpipe
from ndpipe._pipe.buffers import raw

__all__ = ["FAULTS", "STANDARD"]


class WrongByte(ndpipe.Connection):
    """Delivers every array with one bit changed."""

    def recv(self) -> Any:
        received = super().recv()
        for obj in received if isinstance(received, list) else [received]:
            if isinstance(obj, np.ndarray):
                raw(obj)[-1] ^= 1
        return received

    def recv_into(self, out: Any) -> Any:
        super().recv_into(out)
        raw(out)[-1] ^= 1
        return out


class Hanging(ndpipe.Connection):
    """Receives nothing, and waits."""

    def recv(self) -> Any:
        threading.Event().wait()

    def recv_into(self, out: Any) -> Any:  # noqa: ARG002
        threading.Event().wait()


class AnotherError(ndpipe.Connection):
    """Raises a ValueError for whatever is wrong."""

    def recv(self) -> Any:
        try:
            return super().recv()
        except (EOFError, OSError) as error:
            raise ValueError("what the reference does not say") from error

    def recv_into(self, out: Any) -> Any:
        try:
            return super().recv_into(out)
        except (EOFError, OSError) as error:
            raise ValueError("what the reference does not say") from error


class Leaking(ndpipe.Connection):
    """Keeps some memory for each message."""

    _kept: list[Any] = []  # noqa: RUF012 - that is the fault

    def recv(self) -> Any:
        self._kept.append(np.ones(3 << 20, np.uint8))
        return super().recv()

    def recv_into(self, out: Any) -> Any:
        self._kept.append(np.ones(3 << 20, np.uint8))
        return super().recv_into(out)


class Standard(StandardConnection):
    """The standard library's own, which goes on after an interruption."""

    def recv_into(self, out: Any) -> Any:
        out[...] = self.recv()
        return out


def _made_of(cls: type, pipe: Callable[..., tuple[Any, Any]]) -> Variant:
    def make(*, threshold: int) -> tuple[Any, Any]:
        ends = pipe(threshold=threshold)
        for end in ends:
            end.__class__ = cls
        return ends

    return Variant({}, make)


FAULTS = {cls: _made_of(cls, ndpipe.Pipe) for cls in (WrongByte, Hanging, AnotherError, Leaking)}
STANDARD = _made_of(Standard, lambda threshold: multiprocessing.Pipe())  # noqa: ARG005
