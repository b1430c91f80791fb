"""Drivers: the parent and the child that use a transport and measure it, a module for each kind."""

from collections.abc import Callable
from typing import Any

from ndpipe.compare.drivers.at_start import AtStartDriver
from ndpipe.compare.drivers.base import Driver, First
from ndpipe.compare.drivers.call import CallDriver
from ndpipe.compare.drivers.channel import ChannelDriver
from ndpipe.compare.drivers.local import LocalDriver
from ndpipe.transports.base import AtStart, Call, Channel, Direction, Local, Transport

__all__ = ["Driver", "First", "make_driver"]


def make_driver(
    kind: type[Transport],
    direction: Direction,
    nbytes: int,
    context: Any,
    fail: Callable[[str], None],
) -> Driver:
    """Open a transport and do a first transfer; `fail` is called if the child ends too soon."""
    transport = kind()
    if isinstance(transport, Channel):
        return ChannelDriver(transport, direction, nbytes, context, fail)
    if isinstance(transport, AtStart):
        return AtStartDriver(transport, nbytes, context)
    if isinstance(transport, Call):
        return CallDriver(transport, direction, nbytes, context)
    if isinstance(transport, Local):
        return LocalDriver(transport, nbytes)
    raise TypeError(f"{kind.__name__} is no Channel, AtStart, Call or Local")
