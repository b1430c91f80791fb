"""
What does each way cost in memory and CPU?
==========================================

The fastest transport is no use if its copies do not fit, and a transfer that keeps two cores busy
slows down everything else. This page measures how much memory each side needs beyond the array that
is sent, and how much processor time a gigabyte takes.
"""

# sphinx_gallery_thumbnail_number = 1
import matplotlib.pyplot as plt

from ndpipe import describe, format_bytes
from ndpipe.compare import compare
from ndpipe.plots import draw_bars, new_figure

# %%
# Measure
# -------
# One size is enough: memory and processor time grow with it. The peak is the kernel's own
# high-water mark of :term:`resident memory`, in multiples of the array:

if __name__ == "__main__":
    size = 32_000_000
    measured = [m for m in compare(sizes=[size], directions=["to-child"], repeat=3) if not m.error]
    print(f"{format_bytes(size, decimal=True)}      sender  receiver  CPU-seconds per GB")
    for m in measured:
        sender, receiver = m.sender_growth_bytes / size, m.receiver_growth_bytes / size
        cpu = (m.sender_cpu_seconds + m.receiver_cpu_seconds) / size * 1e9
        print(f"{m.transport:18} +{sender:.1f}     +{receiver:.1f}      {cpu:.2f}")

# %%
# Memory
# ------
# Both sides together. The array that is sent is not counted: it was there before. A page that two
# processes share counts in each of them, so what shares shows 2 at most:

if __name__ == "__main__":
    measured.sort(key=lambda m: m.sender_growth_bytes + m.receiver_growth_bytes)
    growth = {
        m.transport: (m.sender_growth_bytes + m.receiver_growth_bytes) / size for m in measured
    }
    figure = new_figure(describe(), 5, plt.figure())
    figure.suptitle(f"A standard Pipe adds {growth['pipe']:.1f} times the array", fontsize=11)
    draw_bars(figure.subplots(), growth, "growth of both peaks (multiples of the array)")

# %%
# Processor time
# --------------
# Also both sides together, in user and kernel mode:

if __name__ == "__main__":
    measured.sort(key=lambda m: m.sender_cpu_seconds + m.receiver_cpu_seconds)
    cpu = {
        m.transport: (m.sender_cpu_seconds + m.receiver_cpu_seconds) / size * 1e9 for m in measured
    }
    figure = new_figure(describe(), 5, plt.figure())
    part = cpu["ndpipe"] / cpu["pipe"]
    figure.suptitle(f"ndpipe.Pipe takes {part:.0%} of the standard Pipe's time", fontsize=11)
    draw_bars(figure.subplots(), cpu, "CPU-seconds per GB, both sides")

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert growth["pipe"] > 3
    assert growth["ndpipe"] < 1.5
    assert cpu["ndpipe"] < cpu["pipe"]
    print(f"through a Pipe, at the peak: {1 + growth['pipe']:.1f} times the array in memory")

# %%
# In practice
# -----------
# * Count the copies before you choose a size: a container's limit kills the child without a word
#   (:ref:`and the parent may wait for ever <symptom-killed>`).
# * A manager's server is a third process; its memory and time are not in these numbers.
#
# Next: :doc:`plot_4_where_the_time_goes`.
