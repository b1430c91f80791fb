"""The two makes of pipe: over descriptors, and over standard messages as on Windows."""

import multiprocessing
from typing import Any

import ndpipe
from ndpipe._pipe import windows
from ndpipe._pipe.limits import Limits


def descriptor_pipe(duplex: bool = True, *, threshold: int = 1, **limits: Any) -> tuple[Any, Any]:
    """Return a pipe whose every array travels out of band unless told otherwise."""
    return ndpipe.Pipe(duplex, threshold=threshold, **limits)


def fallback_pipe(duplex: bool = True, *, threshold: int = 1, **limits: Any) -> tuple[Any, Any]:
    """Return a pipe that uses the standard messages, as on Windows."""
    first, second = multiprocessing.Pipe(duplex)
    accepted = Limits(**limits)
    return windows.wrap(first, threshold, accepted), windows.wrap(second, threshold, accepted)


MAKES = {"descriptors": descriptor_pipe, "messages": fallback_pipe}
