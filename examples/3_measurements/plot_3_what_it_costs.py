"""
What does each way cost in memory and CPU?
==========================================

The fastest transport is no use if its copies do not fit, and a transfer that keeps two cores busy
slows down everything else. Both follow the number of copies.
"""

# sphinx_gallery_thumbnail_number = 1
from ndpipe.compare.plots import plot_bars
from ndpipe.experiments.record import measured

if __name__ == "__main__":
    size = 32_000_000
    costs = measured(sizes=[size], directions=["to-child"])
    pipe, ndpipe = (costs.find(name, size) for name in ("pipe", "ndpipe"))
    print(f"Pipe needs {pipe.copies:.1f} times the array, beyond the array")
    print(f"ndpipe.Pipe needs {ndpipe.copies:.1f} times the array")

# %%
# Memory
# ------
# Growth of the peak :term:`resident memory` of both processes together. The array that is sent does
# not count. Memory that two processes share counts in each of them, so what shares shows 2 at most:

if __name__ == "__main__":
    copies = costs.values("copies", size)
    heading = "How many copies of the array each way holds"
    plot_bars(costs, copies, heading, "times the array")

# %%
# Processor time
# --------------
# Both processes together, in user and kernel mode:

if __name__ == "__main__":
    cpu = costs.values("cpu_seconds_per_gigabyte", size)
    heading = "How long each way keeps processors busy"
    plot_bars(costs, cpu, heading, "seconds per GB")

# %%
# New memory
# ----------
# Memory that is new to a process comes from the system page by page at its first touch. On some
# machines that takes longer than copying. It is what makes large transfers differ from run to run:

if __name__ == "__main__":
    for name in "first-touch", "memcpy-new", "memcpy":
        print(f"{name:12} {costs.speed(name, size)} GB/s")

# %%
# ``first-touch`` copies nothing, it touches as much new memory as the array has. ``memcpy-new``
# copies into new memory, ``memcpy`` into memory that was used before. A transport that reuses its
# memory, as ``recv_into`` does, pays once.
#
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert pipe.copies > 3
    assert ndpipe.copies < 1.5
    assert cpu["ndpipe"] < cpu["pipe"]
    print(f"through a Pipe, at the peak: {1 + pipe.copies:.1f} arrays in all")

# %%
# In practice
# -----------
# * Count the copies before you choose a size: a container's limit kills the child without a word
#   (:ref:`and the parent may wait for ever <symptom-killed>`).
# * A manager's server is a third process; its memory and time are not in these numbers.
#
# Next: :doc:`plot_4_where_the_time_goes`.
