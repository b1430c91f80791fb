"""
Can it copy less?
=================

A socket copies an array twice: into the kernel, and out of it. Here is what :func:`ndpipe.Pipe`
does about that, and the ways that it does not take. All but MPI and yardsticks take turns in a run.
"""

# sphinx_gallery_thumbnail_number = 1
import ndpipe
from ndpipe.compare import Comparison, compare
from ndpipe.compare.plots import plot_bars
from ndpipe.experiments.ladder import report
from ndpipe.experiments.mpi import measure_mpi
from ndpipe.experiments.one_copy import WAYS
from ndpipe.experiments.process_memory import grown_by_reading
from ndpipe.experiments.record import measured

if __name__ == "__main__":
    size = 100_000_000
    ways = compare(WAYS, [size], directions=["to-child"], max_seconds=16)
    cpu = ways.values("cpu_seconds_per_gigabyte", size)
    for name in "streamed-into", "ndpipe-into":
        print(f"processor time, {name}: {cpu[name]:.2g} s/GB")
    assert ways.is_faster("ndpipe", "pipe", size)
    assert not ways.is_faster("streamed", "ndpipe", size)
    assert not ways.is_faster("streamed-into", "ndpipe-into", size)
    assert not ways.is_faster("elsewhere-into", "alike-into", size)

# %%
# The bars' ends are medians, the whiskers reach as far as another run may:

if __name__ == "__main__":
    ways = Comparison.of([*ways.measurements, measure_mpi(size)])
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
# From 16 MiB on, ``Pipe`` gives an ``os.pipe`` the *pages* of the array, with ``vmsplice``, and the
# receiver's read is the only copy, which takes less processor time. The last few bytes are copied,
# and fill the pipe as small pieces: when they are in it, all before them has been read.

if __name__ == "__main__":
    print(report(ways, "ndpipe", before="streamed"))
    print(report(ways, "ndpipe-into", before="streamed-into"))
    assert cpu["ndpipe-into"] < cpu["streamed-into"]

# %%
# One copy: what else it takes
# ----------------------------
# *Memory that was used before.* The system provides new memory page by page, at its first touch.
# ``recv`` uses the memory of an array that was freed for the next. *Arrays that lie alike.* Some
# processors copy faster between two places that are equally far past a multiple of 64 bytes.
# ``recv`` chooses such a place; ``recv_into`` cannot:

if __name__ == "__main__":
    names = "memcpy", "memcpy-new", "first-touch"
    yardsticks = measured(names, [size], ["to-child"])
    for name in names:
        print(f"{name:12} {yardsticks.speed(name, size)} GB/s")
    print(report(ways, "alike-into"))
    print(report(ways, "elsewhere-into"))

# %%
# ``first-touch`` copies nothing: it touches new memory. How fast that is depends on what the system
# has at hand. That is one reason why figures of large arrays differ from run to run.
#
# Not taken: read the other process's memory
# ------------------------------------------
# .. literalinclude:: /../src/ndpipe/experiments/one_copy.py
#    :pyobject: PeersMemory
#    :no-docstring:

if __name__ == "__main__":
    print(report(ways, "peers-memory"))
    print(report(ways, "peers-memory-into"))

# %%
# But a process must have a `debugger's right
# <https://man7.org/linux/man-pages/man2/process_vm_readv.2.html>`__ to read another's memory, which
# a system may refuse, and the receiver must believe an address that came in a message. There is a
# hidden price too. A page that the sender shares with a forked child may be its own once it has
# been read. By how much its memory grows here, for the same array:

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
#
# Its price is in the growth of both sides: the one copy is into pages that are new each time, and
# the receiver maps each of them again.

if __name__ == "__main__":
    print(report(ways, "memory-file", before="streamed"))

# %%
# MPI
# ---
# ``Send`` and ``Recv`` of mpi4py, timed by the same code. Its processor time includes waiting:

if __name__ == "__main__":
    print(report(ways, "mpi"))

# %%
# In practice
# -----------
# * ``Pipe`` takes the way with one copy by itself; ``splice_threshold=None`` switches it off.
# * No copy at all: :doc:`/auto_examples/2_in_practice/plot_11_share_dont_send`.
#
# Next: :doc:`plot_1c_one_pipe_two_speeds`.
