"""The two makes of pipe: over descriptors, and over standard messages as on Windows."""

import multiprocessing
from typing import Any

import ndpipe
from ndpipe._pipe import windows


def descriptor_pipe(duplex: bool = True, *, threshold: int = 1) -> tuple[Any, Any]:
    """Return a pipe whose every array travels out of band unless told otherwise."""
    return ndpipe.Pipe(duplex, threshold=threshold)


def fallback_pipe(duplex: bool = True, *, threshold: int = 1) -> tuple[Any, Any]:
    """Return a pipe that uses the standard messages, as on Windows."""
    first, second = multiprocessing.Pipe(duplex)
    return windows.wrap(first, threshold), windows.wrap(second, threshold)


MAKES = {"descriptors": descriptor_pipe, "messages": fallback_pipe}
