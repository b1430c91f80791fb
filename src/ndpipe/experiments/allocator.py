"""What the allocator of the C library has to do with the speed of the standard Pipe.

Above a threshold, glibc's ``malloc`` asks the system for each block, and gives it back when it is
freed. The threshold is 128 KiB in a new process, and rises to the size of the largest such block
that is freed, up to 32 MiB (`mallopt(3)
<https://man7.org/linux/man-pages/man3/mallopt.3.html>`__, ``M_MMAP_THRESHOLD``).
"""

import ctypes
from dataclasses import replace
from multiprocessing.connection import Connection

from ndpipe.experiments.ladder import rung_info
from ndpipe.transports.pipes import NdPipe, StandardPipe

__all__ = ["PIPES", "PipeInNewProcess"]

_M_MMAP_THRESHOLD = -3
_IN_NEW_PROCESS = 128 << 10  # bytes


class PipeInNewProcess(StandardPipe):
    """A standard Pipe between two processes whose threshold is that of a new one, and stays so."""

    info = replace(rung_info("pipe-new", "Pipe, new process", 4), platforms=("Linux",))

    def attach(self, end: Connection) -> Connection:
        """Set the threshold, in either process."""
        library = ctypes.CDLL(None)
        if not hasattr(library, "mallopt"):
            raise OSError("this C library has no such threshold")
        library.mallopt(_M_MMAP_THRESHOLD, _IN_NEW_PROCESS)
        return end


#: What the page measures.
PIPES = (StandardPipe, PipeInNewProcess, NdPipe)
