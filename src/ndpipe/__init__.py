"""Move NumPy arrays between Python processes.

=========================  ==========================================================
:mod:`ndpipe.connection`   the standard Pipe, with large arrays carried out of band
:mod:`ndpipe.tasks`        what a child process runs: receive, return and echo arrays
:mod:`ndpipe.probe`        how large an array gets through a Pipe, and at what cost
:mod:`ndpipe.transports`   every way to move an array, behind one small interface
:mod:`ndpipe.ladder`       from the standard Pipe to a fast one, a change at a time
:mod:`ndpipe.compare`      the harness that measures any of them
:mod:`ndpipe.records`      what was measured, as a document: written, read, ranked
:mod:`ndpipe.plots`        what was measured, as a picture
:mod:`ndpipe.timeline`     what each process does when, in one transfer
:mod:`ndpipe.capacity`     how much fits into a pipe before ``send`` waits
:mod:`ndpipe.startup`      what it costs to start a process
:mod:`ndpipe.memory`       memory that is available, and the peak of what was used
:mod:`ndpipe.machine`      the machine that a measurement was made on
:mod:`ndpipe.units`        sizes in bytes, written and read
:mod:`ndpipe.interrupts`   Ctrl-C at moments when it would lose a child
=========================  ==========================================================
"""

from importlib.metadata import version

from ndpipe.connection import Connection, Pipe, wrap
from ndpipe.machine import Machine, describe
from ndpipe.memory import PeakMemory, available_memory
from ndpipe.probe import ProbeResult, probe_sizes
from ndpipe.units import format_bytes, parse_bytes

__all__ = [
    "Connection",
    "Machine",
    "PeakMemory",
    "Pipe",
    "ProbeResult",
    "available_memory",
    "describe",
    "format_bytes",
    "parse_bytes",
    "probe_sizes",
    "wrap",
]

__version__ = version("ndpipe")
