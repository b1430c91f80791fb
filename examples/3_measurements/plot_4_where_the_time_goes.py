"""
Where does the time of one transfer go?
=======================================

One array goes through a standard Pipe, from parent to child. Pickling, moving and unpickling follow
one another, and each process waits while the other works.
"""

# sphinx_gallery_thumbnail_number = 1
import numpy as np

from ndpipe.experiments.timeline import plot_steps, transfer_in_steps

if __name__ == "__main__":
    array = np.random.default_rng(0).random(12_500_000)  # 100 MB
    steps = transfer_in_steps(array)
    plot_steps(steps, "Pickling, moving and unpickling follow one another")

# %%
# The same in numbers:

if __name__ == "__main__":
    for step in steps:
        when = f"from {step.start:6.3f} s to {step.end:6.3f} s"
        print(f"{step.process:6}  {step.name:8}  {when}")

# %%
# How the time divides:

if __name__ == "__main__":
    for step in steps:
        part = (step.end - step.start) / steps[-1].end
        print(f"{step.process:6}  {step.name:8}  {part:4.0%} of the transfer")

# %%
# How it is measured
# ------------------
# These functions take nearly the steps of ``send`` and ``recv``, with the clock read in between:
#
# .. literalinclude:: /../src/ndpipe/experiments/timeline.py
#    :pyobject: send_in_steps
#    :no-docstring:
#
# .. literalinclude:: /../src/ndpipe/experiments/timeline.py
#    :pyobject: receive_in_steps
#    :no-docstring:
#
# What this page claimed, checked on every build: the child has nothing to read before the pickle
# is complete, and nothing to unpickle before it has read all of it.

if __name__ == "__main__":
    pickled, _, waited, read, unpickled = steps
    assert pickled.end <= waited.end <= read.start
    assert read.end <= unpickled.start

# %%
# In practice
# -----------
# * A Pipe that does not pickle the array's bytes has neither the first step nor the last:
#   :doc:`plot_1_how_fast_can_a_pipe_be`.
# * ``wait`` is time in which the child could have done something else: ask with ``poll``.
# * This is one transfer; how much it varies, :doc:`plot_2_every_way` shows.
#
# Next: :doc:`plot_5_when_send_blocks`.
