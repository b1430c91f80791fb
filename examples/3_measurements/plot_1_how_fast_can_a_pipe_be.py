"""
How fast can a Pipe be?
=======================

``Connection.send`` is far slower than copying memory, and the socket pair below it is not the
reason. This page climbs from the standard Pipe to :func:`ndpipe.Pipe`, a few lines a rung. Each
rung is measured with the same array, in turn, in one run.
"""

# sphinx_gallery_thumbnail_number = 1
from ndpipe.compare.plots import plot_bars
from ndpipe.experiments.ladder import NAMES, report
from ndpipe.experiments.record import measured

if __name__ == "__main__":
    size = 32_000_000
    ladder = measured(NAMES, [size], ["to-child"])
    print(ladder.describe_ratio("ndpipe", "pipe", size))

# %%
# The whole climb. The bars' ends are medians, the whiskers reach as far as another run may:

if __name__ == "__main__":
    speeds = {name: ladder.speed(name, size) for name in NAMES}
    plot_bars(ladder, speeds, "From the standard Pipe to a fast one", "GB/s")

# %%
# The ground: the standard Pipe
# -----------------------------
# Speed, processor time of both processes, and growth of the memory of sender and receiver, in
# multiples of the array:

if __name__ == "__main__":
    print(report(ladder, "pipe"))

# %%
# Pickle with protocol 5
# ----------------------
# .. literalinclude:: /../src/ndpipe/experiments/ladder.py
#    :pyobject: ProtocolFive.send
#    :no-docstring:

if __name__ == "__main__":
    print(report(ladder, "protocol-5", before="pipe"))

# %%
# ``send`` pickles with the default protocol, 4 before Python 3.14. Protocol 4 first makes a
# ``bytes`` object of the array; protocol 5 does without that copy.
#
# Read a little at a time
# -----------------------
# .. literalinclude:: /../src/ndpipe/experiments/ladder.py
#    :pyobject: BoundedReads.receive
#    :no-docstring:

if __name__ == "__main__":
    print(report(ladder, "bounded-reads", before="protocol-5"))

# %%
# ``recv`` asks the kernel for *all* the missing bytes, each time. Python allocates as many and
# gives back what did not come. (So it is in Python 3.11 to 3.13.0; newer ones have `a limit
# <https://github.com/python/cpython/issues/121313>`__.)
#
# Send the array's own memory
# ---------------------------
# .. literalinclude:: /../src/ndpipe/experiments/ladder.py
#    :pyobject: OutOfBand
#    :no-docstring:

if __name__ == "__main__":
    print(report(ladder, "out-of-band", before="bounded-reads"))

# %%
# An :term:`out-of-band buffer` needs no copy at the sender. But the receiver gets ``bytes``, so the
# array is read-only; and ``recv_bytes`` has the unlimited reads again.
#
# Read into the array's memory
# ----------------------------
# .. literalinclude:: /../src/ndpipe/experiments/ladder.py
#    :pyobject: IntoItsMemory
#    :no-docstring:

if __name__ == "__main__":
    print(report(ladder, "into-its-memory", before="out-of-band"))

# %%
# The receiver makes the array first, and the kernel writes into it: no copy there either.
#
# Enlarge the socket's buffer
# ---------------------------
# .. literalinclude:: /../src/ndpipe/experiments/ladder.py
#    :pyobject: LargerBuffer.open
#    :no-docstring:

if __name__ == "__main__":
    print(report(ladder, "larger-buffer", before="into-its-memory"))

# %%
# As far as ``net.core.wmem_max`` allows; the two sides wait less for each other. The wrong way is
# an ``os.pipe``, of which ``Pipe(duplex=False)`` is made:

if __name__ == "__main__":
    print(report(ladder, "over-os-pipe", before="into-its-memory"))

# %%
# What they lead to, and at this size also the one copy less of the next page. This page claims that
# it is faster, and checks it on every build:

if __name__ == "__main__":
    print(report(ladder, "ndpipe", before="pipe"))
    assert ladder.is_faster("ndpipe", "pipe", size)

# %%
# In practice
# -----------
# * The rungs trust the peer to be alive and to send one array of one kind. What it takes to be safe
#   against the rest, signals and threads included, is :func:`ndpipe.Pipe`; its guarantees stand in
#   the :doc:`reference </reference/connection>`.
# * Up to some ten kilobytes none of this matters: the time goes into the system calls.
# * To reuse one array: :doc:`/auto_examples/2_in_practice/plot_15_fill_your_own_array`.
# * How it is measured: :doc:`/explanation/measuring`.
#
# Next: :doc:`plot_1b_can_it_copy_less`.
