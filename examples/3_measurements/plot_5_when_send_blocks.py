"""
When does send block?
=====================

A small object is sent and forgotten: ``send`` returns at once, whether or not anybody receives. A
large one makes ``send`` wait for a reader. "64 KB" is often quoted as the limit; it is that of an
``os.pipe``, and the default ``Pipe`` is none.
"""

# sphinx_gallery_thumbnail_number = 1
import numpy as np

from ndpipe import format_bytes
from ndpipe.experiments.capacity import pipe_capacity, plot_capacities
from ndpipe.probe import wire_size

if __name__ == "__main__":
    kinds = {"Pipe()": True, "Pipe(duplex=False)": False}
    capacity = {kind: pipe_capacity(duplex) for kind, duplex in kinds.items()}
    default = format_bytes(capacity["Pipe()"])
    plot_capacities(capacity, f"Before send blocks, a Pipe takes {default}")

# %%
# In bytes, and as an array of float64, whose pickle is some bytes longer than the array:

if __name__ == "__main__":
    extra = wire_size(np.zeros(8000)) - 64_000 - 4  # before it goes its length
    for kind, size in capacity.items():
        print(f"{kind:20} {size:>9,} bytes, {(size - extra) // 8:,} float64")

# %%
# How it is measured
# ------------------
# A message is written into an empty pipe whose descriptor refuses to wait. If it does not go in
# whole, ``send`` would have blocked. Bisection finds the largest size that fits:
#
# .. literalinclude:: /../src/ndpipe/experiments/capacity.py
#    :pyobject: pipe_capacity
#    :no-docstring:
#
# What this page claimed, checked on every build: the default pipe is a socket pair and holds what
# the kernel's settings say, which is not what an ``os.pipe`` holds.

if __name__ == "__main__":
    assert capacity["Pipe()"] != capacity["Pipe(duplex=False)"]
    assert 1000 < capacity["Pipe(duplex=False)"] <= 2**16

# %%
# In practice
# -----------
# * Never rely on it: code that works because a message happens to fit hangs with the first larger
#   array. Two processes that both send before they receive hang together.
# * A child that sends a large array is alive until somebody receives it:
#   :ref:`receive first, then join <symptom-join>`.
#
# Next: :doc:`plot_6_what_a_start_costs`.
