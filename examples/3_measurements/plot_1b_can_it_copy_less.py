"""
Can it copy less?
=================

A socket copies an array twice: into the kernel, and out of it. This page shows what
:func:`ndpipe.Pipe` does about that, and the ways with one copy that it does not take, a few lines
each. All are measured with the same array, in turn, in one run.
"""

# sphinx_gallery_thumbnail_number = 1
import ndpipe
from ndpipe.compare import Comparison, compare
from ndpipe.compare.plots import plot_bars
from ndpipe.experiments.ladder import report
from ndpipe.experiments.mpi import measure_mpi
from ndpipe.experiments.one_copy import WAYS, grown_by_reading
from ndpipe.experiments.record import measured

if __name__ == "__main__":
    size = 32_000_000
    ways = compare(WAYS, [size], directions=["to-child"], max_seconds=6)
    cpu = ways.values("cpu_seconds_per_gigabyte", size)
    times = cpu["ndpipe-into"] / cpu["streamed-into"]
    print(f"one copy takes {times:.1f} times the processor time of two")
    assert ways.is_faster("ndpipe", "pipe", size)
    assert not ways.is_faster("streamed-into", "ndpipe-into", size)

# %%
# The bars' ends are medians, the whiskers reach as far as another run may:

if __name__ == "__main__":
    mpi = measure_mpi(size)
    ways = Comparison.of([*ways.measurements, mpi])
    speeds = {m.transport: m.speed for m in ways.measurements if m.speed}
    plot_bars(ways, speeds, "Two copies, and one", "GB/s")

# %%
# Two copies: streamed
# --------------------
# ``Pipe(splice_threshold=None)`` sends everything through its socket. Speed, processor time
# of both processes, and growth of the memory of sender and receiver, in multiples of the array:

if __name__ == "__main__":
    print(report(ways, "streamed"))
    print(report(ways, "streamed-into"))

# %%
# One copy: spliced
# -----------------
# From 16 MiB on, ``Pipe`` makes an ``os.pipe`` for the message and gives it the *pages* of the
# array, with the system call ``vmsplice``; the receiver's read is the only copy. A page in the pipe
# is still the sender's memory, which may change as soon as ``send`` returns. So ``send`` writes the
# last pipe's-full, which copies it: when that is in the pipe, all pages before it have been read.

if __name__ == "__main__":
    print(report(ways, "ndpipe", before="streamed"))
    print(report(ways, "ndpipe-into", before="streamed-into"))

# %%
# New memory is what separates the two lines. The system provides it page by page, at its first
# touch, and ``recv`` returns a new array each time:

if __name__ == "__main__":
    names = "memcpy", "memcpy-new", "first-touch"
    yardsticks = measured(names, [size], ["to-child"])
    for name in names:
        print(f"{name:12} {yardsticks.speed(name, size)} GB/s")

# %%
# ``first-touch`` copies nothing: it touches as much new memory as the array has. How fast that is
# depends on whether the machine has given out this memory before: in a virtual machine, a page
# that its host has yet to provide takes many times as long. That is why figures of large arrays
# differ more from run to run than those of small ones.
#
# Not taken: read the other process's memory
# ------------------------------------------
# .. literalinclude:: /../src/ndpipe/experiments/one_copy.py
#    :pyobject: PeersMemory
#    :no-docstring:

if __name__ == "__main__":
    for m in ways.select("peers-memory", "peers-memory-into").measurements:
        print(report(ways, m.transport) if m.speed else f"{m.transport}: {m.error}")

# %%
# But a process must have the right to read another's memory, as a debugger has, and many systems
# refuse that to a child; and the receiver must believe an address that came in a message. There is
# a hidden price too. Pages that the sender shares with a forked child are its own once they have
# been read. Of an array of 32 MB, its memory grows by

if __name__ == "__main__":
    try:
        print(ndpipe.format_bytes(grown_by_reading(size), decimal=True))
    except OSError as error:
        print("not measured here:", error)

# %%
# Not taken: a sealed memory file
# -------------------------------
# .. literalinclude:: /../src/ndpipe/experiments/one_copy.py
#    :pyobject: MemoryFile
#    :no-docstring:

if __name__ == "__main__":
    print(report(ways, "memory-file", before="streamed"))

# %%
# The one copy is into pages that are new each time, and the receiver then maps each of them: two
# first touches. What arrives cannot be written to.
#
# MPI
# ---
# ``Send`` and ``Recv`` of mpi4py, between two processes that MPI has started, timed by the same
# code. Both wait by asking again and again, which costs processor time:

if __name__ == "__main__":
    print(report(ways, "mpi") if mpi.speed else f"not measured here: {mpi.error}")

# %%
# In practice
# -----------
# * Where a way with one copy is worth it, ``Pipe`` takes it by itself. To switch it off:
#   ``Pipe(splice_threshold=None)``, or ``NDPIPE_SPLICE_THRESHOLD=off`` in the environment.
# * A loop that receives into one array saves the first touch too:
#   :doc:`/auto_examples/2_in_practice/plot_15_fill_your_own_array`.
# * No copy at all: :doc:`/auto_examples/2_in_practice/plot_11_share_dont_send`.
#
# Next: :doc:`plot_2_every_way`.
