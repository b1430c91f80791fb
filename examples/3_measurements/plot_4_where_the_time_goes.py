"""
Where does the time of one transfer go?
=======================================

One array goes through a standard Pipe, from parent to child, and both processes note what they do
when. The timeline shows who works and who waits: pickling and reading do not overlap, and for a
while either side has nothing to do.
"""

# sphinx_gallery_thumbnail_number = 1
import multiprocessing

import matplotlib.pyplot as plt
import numpy as np

from ndpipe import describe
from ndpipe.timeline import receive_in_steps, send_in_steps

# %%
# The two sides
# -------------
# These do nearly what ``send`` and ``recv`` do, with the clock read in between:
#
# .. literalinclude:: /../src/ndpipe/timeline.py
#    :pyobject: send_in_steps
#    :no-docstring:
#
# .. literalinclude:: /../src/ndpipe/timeline.py
#    :pyobject: receive_in_steps
#    :no-docstring:
#
# One transfer
# ------------
# 100 MB, once the child is ready:

if __name__ == "__main__":
    array = np.random.default_rng(0).random(12_500_000)
    here, there = multiprocessing.Pipe()
    steps_here, steps_there = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.Process(target=receive_in_steps, args=(there, steps_there))
    child.start()
    steps_here.recv()
    steps = send_in_steps(here, array) + steps_here.recv()
    child.join()

# %%
# From both processes' notes:

if __name__ == "__main__":
    # The child waited before the parent began; the transfer begins when the parent does.
    begin, end = steps[0].start, steps[-1].end
    for step in steps:
        start = max(step.start, begin) - begin
        print(f"{step.process:6}  {step.name:8}  from {start:6.3f} s to {step.end - begin:6.3f} s")

# %%
# As a timeline:

if __name__ == "__main__":
    names = "pickle", "write", "wait", "read", "unpickle"
    colours = dict(zip(names, ("#E69F00", "#56B4E9", "#DDDDDD", "#56B4E9", "#CC79A7"), strict=True))
    figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
    figure.suptitle("Pickling, moving and unpickling follow one another", fontsize=11)
    for step in steps:
        start = max(step.start, begin) - begin
        width = step.end - begin - start
        axes.barh(step.process, width, left=start, color=colours[step.name], edgecolor="white")
        axes.text(start + width / 2, step.process, step.name, ha="center", va="center")
    axes.invert_yaxis()
    axes.set_xlabel("time since the parent began to send (seconds)")
    figure.supxlabel(str(describe()).replace(", Python", ",\nPython"), fontsize=7)

# %%
# How the time divides:

if __name__ == "__main__":
    took = {step.name: step.end - max(step.start, begin) for step in steps}
    for name in ("pickle", "read", "unpickle"):
        print(f"{name:8}  {took[name] / (end - begin):4.0%} of the transfer")

# %%
# What this page claimed, checked on every build: the child has nothing to read before the pickle
# is complete, and nothing to unpickle before it has read all of it.

if __name__ == "__main__":
    assert child.exitcode == 0
    pickled, _, waited, read, unpickled = steps
    assert pickled.end <= waited.end <= read.start
    assert read.end <= unpickled.start
    for connection in (here, there, steps_here, steps_there):
        connection.close()

# %%
# In practice
# -----------
# * A Pipe that does not pickle the array's bytes has neither the first step nor the last:
#   :doc:`plot_1_how_fast_can_a_pipe_be`.
# * ``wait`` is time in which the child could have done something else: ask with ``poll``.
#
# Next: :doc:`plot_5_when_send_blocks`.
