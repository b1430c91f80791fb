"""
When does send block?
=====================

A small object is sent and forgotten: ``send`` returns at once, whether or not anybody receives. A
large one makes ``send`` wait for a reader. "64 KB" is what people say of the border; this page
finds it for each kind of pipe, by bisection.
"""

# sphinx_gallery_thumbnail_number = 1
import matplotlib.pyplot as plt
import numpy as np

from ndpipe import describe, format_bytes
from ndpipe.capacity import blocking_threshold
from ndpipe.probe import wire_size

# %%
# Search
# ------
# A message is written into an empty pipe whose descriptor refuses to wait; where it does not go in
# whole, ``send`` would have blocked. Halving the interval again and again finds the last size that
# fits. Before each message goes its length, in 4 bytes; an array's pickle has some more than the
# array:

if __name__ == "__main__":
    kinds = {"Pipe()": True, "Pipe(duplex=False)": False}
    threshold = {kind: blocking_threshold(duplex) for kind, duplex in kinds.items()}
    extra = wire_size(np.zeros(8000)) - 64_000 - 4  # what the pickle adds to an array's bytes
    for kind, size in threshold.items():
        row = (size - extra) // 8
        print(f"{kind:20}  {size:>9,} bytes ({format_bytes(size)}), a row of {row:,} float64")

# %%
# Against what is commonly said:

if __name__ == "__main__":
    figure, axes = plt.subplots(figsize=(6.5, 2.4), layout="constrained")
    default = format_bytes(threshold["Pipe()"])
    figure.suptitle(f"Before send blocks, the default Pipe takes {default}", fontsize=11)
    bars = axes.barh(list(threshold), list(threshold.values()), 0.5, color=["#0072B2", "#56B4E9"])
    axes.bar_label(bars, [format_bytes(size) for size in threshold.values()], padding=3)
    axes.axvline(2**16, color="#D55E00", linestyle="--", label="commonly said: 64 KB")
    axes.set_xlabel("largest message that does not block (bytes)")
    axes.margins(x=0.15)
    axes.legend(frameon=False)
    figure.supxlabel(str(describe()).replace(", Python", ",\nPython"), fontsize=7)

# %%
# What this page claimed, checked on every build: the default pipe is a socket pair and holds what
# the kernel's settings say, which is not what an ``os.pipe`` holds.

if __name__ == "__main__":
    assert threshold["Pipe()"] != threshold["Pipe(duplex=False)"]
    assert 1000 < threshold["Pipe(duplex=False)"] <= 2**16

# %%
# In practice
# -----------
# * Never rely on it: code that works because a message happens to fit hangs with the first larger
#   array. Two processes that both send before they receive hang together.
# * A child that sends a large array is alive until somebody receives it:
#   :ref:`receive first, then join <symptom-join>`.
#
# Next: :doc:`plot_6_what_a_start_costs`.
