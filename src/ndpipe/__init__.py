"""Move NumPy arrays between Python processes.

=========================  ==========================================================
:mod:`ndpipe.tasks`        what a child process runs: receive, return and echo arrays
:mod:`ndpipe.connection`   the standard Pipe, with large arrays carried out of band
:mod:`ndpipe.probe`        how large an array gets through a Pipe, and at what cost
:mod:`ndpipe.compare`      every way to move an array, measured alike
:mod:`ndpipe.transports`   those ways, a class of a few lines for each
:mod:`ndpipe.records`      what was measured as a document, ranked and tabulated
:mod:`ndpipe.plots`        pictures of it
:mod:`ndpipe.memory`       memory that is available, and the peak of what was used
:mod:`ndpipe.machine`      the machine that a measurement was made on
:mod:`ndpipe.units`        sizes in bytes, written and read
:mod:`ndpipe.interrupts`   Ctrl-C at moments when it would lose a child
=========================  ==========================================================
"""

from importlib.metadata import version

from ndpipe.connection import Connection, Pipe, wrap
from ndpipe.machine import Machine, describe
from ndpipe.probe import ProbeResult, probe_sizes
from ndpipe.units import format_bytes, parse_bytes

__all__ = [
    "Connection",
    "Machine",
    "Pipe",
    "ProbeResult",
    "describe",
    "format_bytes",
    "parse_bytes",
    "probe_sizes",
    "wrap",
]

__version__ = version("ndpipe")
