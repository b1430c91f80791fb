"""
Which way is fastest?
=====================

Pipe, Queue, shared memory, a file, a pool, a manager: every way to move an array between a parent
and a child, from small to large, by one harness. Each receiver reads all of what it got and proves
it by a checksum.
"""

# sphinx_gallery_thumbnail_number = 1
from ndpipe.compare.plots import plot_speeds
from ndpipe.experiments.record import measured

if __name__ == "__main__":
    comparison, size = measured(), 32_000_000
    for name in "ndpipe", "shared-memory", "queue":
        print(comparison.describe_ratio(name, "pipe", size))

# %%
# From parent to child. The whiskers reach as far as another run may:

if __name__ == "__main__":
    plot_speeds(comparison)

# %%
# From child to parent, where a pool's result joins them:

if __name__ == "__main__":
    plot_speeds(comparison, "from-child")

# %%
# All of them
# -----------
# At one size, from parent to child. Ways whose intervals overlap are tied (``=``):

if __name__ == "__main__":
    print(comparison.select(nbytes=size, direction="to-child").table())

# %%
# And from child to parent:

if __name__ == "__main__":
    print(comparison.select(nbytes=size, direction="from-child").table())

# %%
# The largest size that was measured:

if __name__ == "__main__":
    largest = max(m.nbytes for m in comparison.measurements)
    print(comparison.select(nbytes=largest, direction="to-child").table())

# %%
# From which size on?
# -------------------
# Into shared memory the sender copies once, and the receiver maps the same pages; setting it up
# takes some steps. The size from which it is faster, beyond the interval, at all larger ones too:

if __name__ == "__main__":
    for name in "shared-memory", "shared-memory-new", "ndpipe":
        start = comparison.faster_from(name, "pipe")
        print(name, "is faster than pipe from", start, "bytes on")

# %%
# What this page claimed, checked on every build beyond the intervals; and no byte was wrong:

if __name__ == "__main__":
    assert comparison.is_faster("ndpipe", "pipe", size)
    assert comparison.is_faster("shared-memory", "pipe", size)
    assert all(m.verified for m in comparison.measurements if m.error is None)

# %%
# In practice
# -----------
# * ``process-argument`` and ``inherited-global`` hand over the array when the child starts. A
#   forked child gets it for nothing, and it cannot come back that way.
# * An array in shared memory is one array: what the receiver writes, the sender sees. Who may write
#   when is for the program to arrange. :doc:`/explanation/choose` has a card for each way.
# * All measurements: :download:`measurements.json <measurements.json>`.
#   ``python -m ndpipe compare --against measurements.json`` lays your machine beside it.
#
# Next: :doc:`plot_3_what_it_costs`.
