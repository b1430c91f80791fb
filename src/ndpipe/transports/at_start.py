"""Transports that hand over the array when the child starts."""

from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np

from ndpipe.transports.base import Array, AtStart, TransportInfo

__all__ = ["InheritedGlobal", "ProcessArgument"]


class ProcessArgument(AtStart):
    """An argument of ``Process``: pickled under spawn and forkserver, inherited under fork."""

    info = TransportInfo(
        "process-argument",
        "Process argument",
        "at start",
        "copies",
        "one-to-one",
        "yes, its own copy (under fork, of the pages it writes to)",
        "the end of the child",
        (4, 0),
        directions=("to-child",),
    )

    def start(
        self, context: Any, array: Array, read: Callable[..., None], *arguments: Any
    ) -> BaseProcess:
        child: BaseProcess = context.Process(target=read, args=(array, *arguments))
        child.start()
        return child


inherited: Array = np.empty(0)


class InheritedGlobal(AtStart):
    """A global that a forked child inherits: no copy until one of the two writes to it."""

    info = TransportInfo(
        "inherited-global",
        "inherited global",
        "at start",
        "shares",
        "one-to-many",
        "yes, and a page that it writes to becomes its own",
        "the end of the child",
        (0.1, 0),
        "shared memory",
        directions=("to-child",),
        start_methods=("fork",),
        platforms=("Linux", "macOS"),
    )

    def start(
        self, context: Any, array: Array, read: Callable[..., None], *arguments: Any
    ) -> BaseProcess:
        global inherited
        inherited = array
        child: BaseProcess = context.Process(target=self.run, args=(read, *arguments))
        child.start()
        inherited = np.empty(0)  # the child keeps its own reference
        return child

    @staticmethod
    def run(read: Callable[..., None], *arguments: Any) -> None:
        """Read the array, in the child."""
        read(inherited, *arguments)
