"""Move NumPy arrays between Python processes.

The products:

========================  =============================================================
:mod:`ndpipe.connection`  the standard Pipe, with large arrays sent out of band
:mod:`ndpipe.probe`       how large an array gets through a Pipe, and at what cost
:mod:`ndpipe.compare`     every way to move an array, measured alike
========================  =============================================================

Inside:

=========================  ============================================================
:mod:`ndpipe.transports`   every way to move an array, behind one small interface
:mod:`ndpipe.experiments`  what single pages measure: a ladder of changes, a timeline
:mod:`ndpipe.tasks`        functions that the examples run in child processes
=========================  ============================================================

:mod:`ndpipe` itself also has tools: :func:`describe_machine`, :func:`available_memory`,
:class:`PeakMemory`, :func:`format_bytes`, :func:`parse_bytes`.
"""

from importlib.metadata import version

from ndpipe._pipe.pickling import array_beside as _array  # noqa: F401 - the format names it
from ndpipe._system.machine import Machine, describe_machine
from ndpipe._system.memory import PeakMemory, available_memory
from ndpipe._system.units import format_bytes, parse_bytes
from ndpipe.connection import Connection, Pipe, wrap
from ndpipe.probe import ProbeResult, probe_sizes

__all__ = [
    "Connection",
    "Machine",
    "PeakMemory",
    "Pipe",
    "ProbeResult",
    "available_memory",
    "describe_machine",
    "format_bytes",
    "parse_bytes",
    "probe_sizes",
    "wrap",
]

__version__ = version("ndpipe")
