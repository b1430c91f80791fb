"""
One Pipe, two speeds
====================

Two programs send the same array through a standard Pipe, and one takes several times as long. The
fast one has freed a large array before. This page measures both, as ``pipe`` and ``pipe-new``,
shows why, and has the line that makes the slow one fast.
"""

# sphinx_gallery_thumbnail_number = 1
import sys

from ndpipe.compare import compare
from ndpipe.compare.plots import plot_bars
from ndpipe.experiments.allocator import PIPES
from ndpipe.experiments.ladder import report

if __name__ == "__main__":
    sizes = [1_000_000, 8_000_000, 32_000_000]
    pipes = compare(PIPES, sizes, directions=["to-child"], max_seconds=7)
    for size in sizes:
        times = pipes.ratio("pipe", "pipe-new", size)
        print(f"{size / 1e6:.0f} MB: pipe is {times} times as fast as pipe-new")

# %%
# Here is the size in the middle, with the growth of sender and receiver in multiples of the array.
# Notice what the two Pipes, which run the same code, cost in processor time:

if __name__ == "__main__":
    size = 8_000_000
    middle = pipes.select(nbytes=size)
    for name in "pipe", "pipe-new", "ndpipe":
        print(report(middle, name))
    speeds = {m.transport: m.speed for m in middle.measurements if m.speed}
    plot_bars(middle, speeds, "The same Pipe, twice", "GB/s")

# %%
# Why
# ---
# ``recv`` asks the kernel for *all* the bytes that are missing, gets as many as the pipe holds, and
# asks again. For each of these reads Python allocates a block for everything that is missing, and
# gives most of it back (`cpython#121313 <https://github.com/python/cpython/issues/121313>`__).
#
# What that costs is up to ``malloc``. glibc's takes a block above a threshold from the system, page
# by page as it is touched, and gives it back at once. In a new process the threshold is 128 KiB.
# When a larger block is freed, the threshold rises to the size of that, up to 32 MiB (`mallopt(3)
# <https://man7.org/linux/man-pages/man3/mallopt.3.html>`__). Smaller blocks come from memory that
# the process has in use already.
#
# So a spawned child that has just started is slow, and a process that has computed with large
# arrays is fast; a forked child inherits its parent's threshold. In between it depends on what was
# freed, and in what order.
#
# For large arrays either Pipe is slow, as at 32 MB above. Free memory at the heap's end is given
# back too, from twice the threshold on, and a transfer has several blocks of the array's size.
# Where ``MALLOC_TRIM_THRESHOLD_`` is set, as Dask sets it for its workers, the threshold stays
# where it is: a standard Pipe is slow for all sizes.
#
# The two of this page
# --------------------
# Before the first transfer, both processes of the fast Pipe do this:
#
# .. literalinclude:: /../src/ndpipe/compare/_sample.py
#    :pyobject: free_large_array
#    :no-docstring:
#
# Those of the slow one keep the threshold of a new process:
#
# .. literalinclude:: /../src/ndpipe/experiments/allocator.py
#    :pyobject: PipeInNewProcess.attach
#    :no-docstring:
#
# This page claims that the slow one takes far more processor time for 8 MB, where Python's reads
# are not limited, and is never the faster one, that the two are alike for the largest array, and
# checks it on every build:

if __name__ == "__main__":
    cpu = pipes.values("cpu_seconds_per_gigabyte", 8_000_000)
    assert cpu["pipe-new"] > 1.5 * cpu["pipe"] or sys.version_info >= (3, 13, 1)
    for size in sizes:
        assert not pipes.is_faster("pipe-new", "pipe", size)
        assert not pipes.is_faster("pipe-new", "ndpipe", size)
    assert not pipes.is_faster("pipe", "pipe-new", sizes[-1])

# %%
# In practice
# -----------
# * ``np.empty(31 << 20, np.uint8)`` once in each process, before the first transfer. The array is
#   never touched, so it takes no memory itself.
# * :func:`ndpipe.Pipe` reads into the array, which it allocates once: there is no block for a read.
# * All other measurements on this site are of processes that have freed a large array. In new ones
#   the standard Pipe, and what is built on it, is slower than shown, for all but large arrays.
# * Pythons after 3.13.0 read in pieces of limited size.
#
# Next: :doc:`plot_2_every_way`.
