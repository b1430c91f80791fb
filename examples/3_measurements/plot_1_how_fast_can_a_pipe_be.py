"""
How fast can a Pipe be?
=======================

``Connection.send`` moves an array at a small part of the speed at which memory moves. The socket
pair below it is not the reason. This page climbs from the standard Pipe to :func:`ndpipe.Pipe`, a
few lines a rung, and measures what each is worth: all with the same array, in turn, in one run.
"""

# sphinx_gallery_thumbnail_number = 1
import matplotlib.pyplot as plt

from ndpipe import describe
from ndpipe.compare import compare
from ndpipe.ladder import RUNGS
from ndpipe.transports.baselines import MemCopy

# %%
# Pickle with protocol 5
# ----------------------
# ``send`` pickles with the default protocol (4 before Python 3.14). Protocol 4 first makes a
# ``bytes`` object of the array; protocol 5 does without that copy:
#
# .. literalinclude:: /../src/ndpipe/ladder.py
#    :pyobject: ProtocolFive.send
#    :no-docstring:
#
# Read a little at a time
# -----------------------
# ``recv`` asks the kernel for *all* the bytes that are missing, each time; Python allocates as many
# and gives back what did not come. What comes is what the pipe holds, hundreds of times for a large
# array. (So it is in Python 3.11 to 3.13.0; newer ones have `a limit
# <https://github.com/python/cpython/issues/121313>`__.) To ask for 64 KiB:
#
# .. literalinclude:: /../src/ndpipe/ladder.py
#    :pyobject: BoundedReads.receive
#    :no-docstring:
#
# Send the array's own memory
# ---------------------------
# An :term:`out-of-band buffer` needs no copy at the sender at all. But the receiver gets ``bytes``,
# so the array is read-only; and ``recv_bytes`` has the unlimited reads again:
#
# .. literalinclude:: /../src/ndpipe/ladder.py
#    :pyobject: OutOfBand
#    :no-docstring:
#
# Read into the array's memory
# ----------------------------
# If the receiver makes the array first, the kernel can write into it, and nothing is copied there
# either:
#
# .. literalinclude:: /../src/ndpipe/ladder.py
#    :pyobject: IntoItsMemory
#    :no-docstring:
#
# Three more
# ----------
# A larger socket buffer, as far as ``net.core.wmem_max`` allows it; an array that was in use
# before, so that the system need not find new pages for it; and, the wrong way, an ``os.pipe``,
# of which ``Pipe(duplex=False)`` is made:
#
# .. literalinclude:: /../src/ndpipe/ladder.py
#    :pyobject: LargerBuffer.open
#    :no-docstring:
#
# All of them, measured
# ---------------------
# The receiver reads every byte of each array, and its checksum must be the sender's. A copy within
# one process (``memcpy``) shows what nothing that copies can beat. Memory is the growth of each
# side's peak, in multiples of the array:

if __name__ == "__main__":
    rungs = {rung.facts.name: rung.facts.title for rung in (MemCopy, *RUNGS)}
    sizes = 32_000_000, 100_000_000
    speed, seconds = {}, {}
    for m in compare((MemCopy, *RUNGS), sizes, directions=["to-child"]):
        assert m.verified, m.error
        speed[m.transport, m.nbytes] = m.gigabytes_per_second
        seconds[m.transport, m.nbytes] = m.seconds
        grew = m.sender_growth_bytes / m.nbytes, m.receiver_growth_bytes / m.nbytes
        cpu = m.sender_cpu_seconds + m.receiver_cpu_seconds
        print(
            f"{m.nbytes / 1e6:3.0f} MB  {rungs[m.transport]:22} {m.gigabytes_per_second:6.2f} GB/s"
            f"  CPU {cpu:5.3f} s  memory +{grew[0]:.1f} +{grew[1]:.1f}"
        )

# %%
# As a picture:

if __name__ == "__main__":
    figure, axes = plt.subplots(figsize=(6, 4.5), layout="constrained")
    part = speed["ndpipe", sizes[0]] / speed["memcpy", sizes[0]]
    figure.suptitle(f"ndpipe.Pipe reaches {part:.0%} of a copy within memory", fontsize=11)
    height = 0.38
    for row, (size, colour) in enumerate(zip(sizes, ("#999999", "#444444"), strict=True)):
        values = [speed[name, size] for name in rungs]
        places = [number + (row - 0.5) * height for number in range(len(rungs))]
        axes.barh(places, values, height, color=colour, label=f"{size / 1e6:.0f} MB")
    axes.set_yticks(range(len(rungs)), rungs.values())
    axes.invert_yaxis()
    axes.set_xlabel("speed (GB/s)")
    axes.legend(frameon=False, loc="lower right")
    figure.supxlabel(str(describe()).replace(", Python", ",\nPython"), fontsize=7)

# %%
# Where the standard Pipe's time goes
# -----------------------------------
# These rungs leave one thing out each, so the difference between two is what that thing cost in
# this run. It differs with size: the C library takes new pages from the system for each large
# object, and reuses what it has for a smaller one.

if __name__ == "__main__":
    steps = {
        "one copy for protocol 4": ("pipe", "protocol-5"),
        "allocations in reads": ("protocol-5", "bounded-reads"),
        "pickling and unpickling in band": ("bounded-reads", "into-its-memory"),
    }
    for size in sizes:
        whole = seconds["pipe", size]
        for what, (before, after) in steps.items():
            part = (seconds[before, size] - seconds[after, size]) / whole
            print(f"{size / 1e6:3.0f} MB  {what:32} {part:5.0%}")
        left = seconds["into-its-memory", size] / whole
        print(f"{size / 1e6:3.0f} MB  {'what is left':32} {left:5.0%}")

# %%
# What this page claimed, checked on every build: no byte was wrong, and the order.

if __name__ == "__main__":
    size = sizes[0]  # the larger one also measures how fast the system finds new pages
    assert speed["pipe", size] < speed["ndpipe", size] < speed["memcpy", size]
    assert speed["pipe", size] < speed["into-its-memory", size]
    for size in sizes:
        times = speed["ndpipe", size] / speed["pipe", size]
        print(f"ndpipe.Pipe at {size / 1e6:.0f} MB: {times:.0f} times the standard Pipe")

# %%
# In practice
# -----------
# * The rungs trust the peer to be alive and to send one array of one kind. What it takes to be safe
#   against the rest, signals and threads included, is :func:`ndpipe.Pipe`; its guarantees stand in
#   the :doc:`reference </reference/connection>`.
# * Up to some ten kilobytes none of this matters: the time goes into the system calls.
# * To reuse one array: :doc:`/auto_examples/2_in_practice/plot_1_fill_your_own_array`.
#
# Next: :doc:`plot_2_every_way`.
