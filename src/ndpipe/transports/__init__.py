"""Every way to move an array between a parent and a child, behind one small interface.

Each transport is a class of a few lines and declares its properties in a
:class:`~ndpipe.transports.base.TransportInfo`. :func:`ndpipe.compare.compare` measures them.
"""

import platform
from collections.abc import Iterable

from ndpipe.transports.at_start import InheritedGlobal, ProcessArgument
from ndpipe.transports.base import DIRECTIONS, Direction, Transport, TransportInfo
from ndpipe.transports.baselines import FirstTouch, MemCopy, MemCopyNew
from ndpipe.transports.files import MappedFile
from ndpipe.transports.pipes import (
    NdPipe,
    NdPipeInto,
    PipeSimplex,
    Queue,
    SimpleQueue,
    StandardPipe,
)
from ndpipe.transports.pools import Joblib, PoolResult
from ndpipe.transports.shared import (
    Manager,
    NewSharedMemory,
    RawArray,
    ReusedSharedMemory,
    SharedArray,
)
from ndpipe.transports.third_party import ZeroMQ

__all__ = [
    "DIRECTIONS",
    "TRANSPORTS",
    "Direction",
    "Transport",
    "TransportInfo",
    "available",
    "find",
]

_CLASSES: tuple[type[Transport], ...] = (
    MemCopy,
    MemCopyNew,
    FirstTouch,
    StandardPipe,
    PipeSimplex,
    NdPipe,
    NdPipeInto,
    Queue,
    SimpleQueue,
    ReusedSharedMemory,
    NewSharedMemory,
    SharedArray,
    RawArray,
    MappedFile,
    Manager,
    PoolResult,
    ProcessArgument,
    InheritedGlobal,
    ZeroMQ,
    Joblib,
)

#: Every transport by its name.
TRANSPORTS: dict[str, type[Transport]] = {kind.info.name: kind for kind in _CLASSES}


def find(names: Iterable[str]) -> list[type[Transport]]:
    """Return the transports of these names.

    Parameters
    ----------
    names : iterable of str
        Names of :data:`TRANSPORTS`.

    Returns
    -------
    list of type

    Raises
    ------
    ValueError
        If a name is unknown; the message lists all names.

    Examples
    --------
    >>> from ndpipe.transports import find
    >>> [transport.__name__ for transport in find(["pipe", "queue"])]
    ['StandardPipe', 'Queue']
    >>> find(["telepathy"])
    Traceback (most recent call last):
        ...
    ValueError: no transport 'telepathy'; there are memcpy, memcpy-new, ...
    """
    found = []
    for name in names:
        if name not in TRANSPORTS:
            raise ValueError(f"no transport {name!r}; there are {', '.join(TRANSPORTS)}")
        found.append(TRANSPORTS[name])
    return found


def obstacle(transport: type[Transport], start_method: str) -> str | None:
    """Return why a transport cannot be used here, in a few words, or None if it can."""
    info = transport.info
    system = {"Darwin": "macOS"}.get(platform.system(), platform.system())
    if info.missing:
        return f"{' and '.join(info.missing)} not installed; the extra 'third-party' brings it"
    if system not in info.platforms:
        return f"only on {' and '.join(info.platforms)}"
    if start_method not in info.start_methods:
        return f"only under {' and '.join(info.start_methods)}, not {start_method}"
    return None


def available(start_method: str) -> list[type[Transport]]:
    """Return the transports that can be used here.

    Parameters
    ----------
    start_method : str
        How the child will be started.

    Returns
    -------
    list of type
        In the order of :data:`TRANSPORTS`.

    Examples
    --------
    >>> from ndpipe.transports import TRANSPORTS, available
    >>> TRANSPORTS["inherited-global"] in available("spawn")
    False
    """
    return [kind for kind in TRANSPORTS.values() if obstacle(kind, start_method) is None]
