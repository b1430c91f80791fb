"""The makes of pipe: streamed or spliced over descriptors, and over standard messages."""

import multiprocessing
import sys
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


def spliced_pipe(duplex: bool = True, *, threshold: int = 1, **limits: Any) -> tuple[Any, Any]:
    """Return a pipe that splices every array which travels out of band."""
    return ndpipe.Pipe(duplex, threshold=threshold, splice_threshold=1, **limits)


MAKES = {"descriptors": descriptor_pipe, "messages": fallback_pipe}
if sys.platform == "linux":
    MAKES["spliced"] = spliced_pipe
