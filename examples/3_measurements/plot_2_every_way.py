"""
Which way is fastest?
=====================

Pipe, Queue, shared memory, a file, a pool, a manager: every way to move an array from a parent to a
child, from small to large, by one harness. Each receiver reads all of what it got and proves it by
a checksum. The sentences below the plot were computed from the numbers in it.
"""

# sphinx_gallery_thumbnail_number = 1
import matplotlib.pyplot as plt

from ndpipe import available_memory, describe, format_bytes
from ndpipe.compare import compare
from ndpipe.plots import draw_speeds, new_figure
from ndpipe.records import Comparison, crossover, groups, rank

# %%
# The sizes
# ---------
# The largest is 100 MB where the memory allows it. Nothing is left out silently:

if __name__ == "__main__":
    wanted = 100_000, 1_000_000, 8_000_000, 32_000_000, 100_000_000
    sizes = [size for size in wanted if 20 * size < available_memory()]
    print("measured:", ", ".join(format_bytes(size, decimal=True) for size in sizes))
    for size in set(wanted) - set(sizes):
        print(f"left out for want of memory: {format_bytes(size, decimal=True)}")

# %%
# Measure
# -------
# :func:`ndpipe.compare.compare` takes a transfer from each transport in turn, round after round.
# What is kept of it, with the machine, can be downloaded:
# :download:`measurements.json <measurements.json>`; ``python -m ndpipe compare --json`` writes the
# same on your machine.

if __name__ == "__main__":
    small, large = (size for size in sizes if size <= 1e6), (size for size in sizes if size > 1e6)
    # A short transfer is easily disturbed, and quickly repeated.
    measured = [*compare(sizes=small, repeat=15), *compare(sizes=large, repeat=3)]
    comparison = Comparison.of(measured)
    for measurement in comparison.measurements:
        if measurement.error:
            print(measurement.transport, measurement.direction, measurement.error)
    print(len(comparison.measurements), "measurements, all checksums right:", end=" ")
    print(all(m.verified for m in comparison.measurements if m.error is None))

# %%
# From parent to child. A line keeps its colour from page to page; shared memory is green, pipes
# are blue, :func:`ndpipe.Pipe` is vermilion:

if __name__ == "__main__":
    to_child = [m for m in comparison.measurements if m.direction == "to-child"]
    figure = new_figure(describe(), 5.5, plt.figure())
    speed = {(m.transport, m.nbytes): m.gigabytes_per_second for m in to_child}
    middle = max(size for size in sizes if size <= 32_000_000)
    times = speed["ndpipe", middle] / speed["pipe", middle]
    figure.suptitle(
        f"At {middle / 1e6:.0f} MB, ndpipe.Pipe is {times:.0f} times as fast as Pipe", fontsize=11
    )
    draw_speeds(figure.subplots(), to_child)

# %%
# The answer
# ----------
# In order, the fastest first. The two ways that give the array to a child as it starts are left
# out: under fork nothing moves at all.

if __name__ == "__main__":
    for (size, _), group in groups(to_child).items():
        ranked = [r.measurement.transport for r in rank(group) if r.measurement.seconds]
        ranked = [name for name in ranked if name not in ("process-argument", "inherited-global")]
        print(f"{format_bytes(size, decimal=True):>7}: {', '.join(ranked[:6])} ...")

# %%
# Into shared memory the sender copies once, and the receiver looks at the same pages; but it takes
# some steps to set up. From which of the sizes on that pays:

if __name__ == "__main__":
    pairs = ("shared-memory", "pipe"), ("shared-memory-new", "pipe"), ("shared-memory", "ndpipe")
    for one, two in pairs:
        size = crossover(to_child, one, two, "to-child")
        text = format_bytes(size, decimal=True) if size else "nowhere, up to the largest"
        print(f"{one} is faster than {two} from: {text}")

# %%
# What this page claimed, checked on every build: every byte was right, and the order that does not
# depend on the machine.

if __name__ == "__main__":
    seconds = {(m.transport, m.nbytes): m.seconds for m in to_child}
    assert all(m.verified for m in comparison.measurements if m.error is None)
    assert not any(m.error for m in to_child if m.transport in ("pipe", "ndpipe", "queue"))
    assert seconds["ndpipe", middle] < seconds["pipe", middle]
    assert seconds["shared-memory", middle] < seconds["pipe", middle]

# %%
# In practice
# -----------
# * ``process-argument`` and ``inherited-global`` give the array to a child as it starts. A forked
#   child gets it for nothing, and it cannot come back that way.
# * An array in shared memory is one array: what the receiver writes, the sender sees. Who may write
#   when is for the program to arrange. :doc:`/explanation/choose` lays the ways side by side.
# * What is timed, and what is not: :doc:`/explanation/measuring`.
#
# Next: :doc:`plot_3_what_it_costs`.
