"""
Send an array to a child
========================

A parent makes an array of 800 MB, sends it through a pipe, and a child process receives it and
fills it with zeros. The parent's array keeps its ones: what goes through a pipe is a copy, and each
process owns its own.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/send_to_child.svg"
import multiprocessing

import numpy as np

from ndpipe.tasks import receive_and_zero

# %%
# The child's task
# ----------------
# The child will run a plain function at the top level of a file. A child started by :term:`spawn`
# or :term:`forkserver` is sent its name, and imports it. First, it closes the end that it does not
# use:
#
# .. task-source:: ndpipe.tasks.receive_and_zero
#
# The array
# ---------
# Ten thousand rows and columns of float64, eight bytes each:

if __name__ == "__main__":
    array = np.ones((10_000, 10_000))
    print(f"{array.nbytes / 1e6:.0f} MB of {array.dtype}")

# %%
# The pipe and the child
# ----------------------
# One end is the child's, the other the parent's, and each closes its copy of the other's. So the
# parent would notice if the child died, and the child if the parent did. The child closes what it
# is handed, so it gets both ends:

if __name__ == "__main__":
    parent_end, child_end = multiprocessing.Pipe()
    ends = (child_end, parent_end)
    child = multiprocessing.Process(target=receive_and_zero, args=ends)
    child.start()
    child_end.close()

# %%
# Send
# ----
# An array is sent as it is: ``send`` needs no length, no type and no preparation. Notice in the
# output that the child received ones, and that after filling its array it holds zeros:

if __name__ == "__main__":
    parent_end.send(array)
    child.join()
    parent_end.close()

# %%
# Whose zeros?
# ------------
# The child wrote zeros into all of its array. The parent looks at its own, which is still ones:

if __name__ == "__main__":
    print("the parent's corner:")
    print(array[:5, :5])

# %%
# What this page claimed, checked on every build: the child exited with code 0, and not one element
# of the parent's array has changed.

if __name__ == "__main__":
    assert child.exitcode == 0
    assert array.nbytes == 800_000_000
    assert array.min() == array.max() == 1.0

# %%
# In practice
# -----------
# * Start processes below ``if __name__ == "__main__":``, as the whole script does. Children are
#   spawned on macOS and Windows and come from a fork server on Linux from Python 3.14 on; they
#   import the file again, and :ref:`without the guard <symptom-no-guard>` they would start children
#   of their own.
# * In a script, the child's function can stand in the same file. In a notebook it cannot: a spawned
#   child :ref:`does not find <symptom-no-attribute>` a function typed into a cell, so put it into
#   a module.
# * A :term:`forked <fork>` child that keeps a copy of the parent's end waits in ``recv`` for ever
#   if the parent is killed: see :ref:`recv never raises EOFError <symptom-no-eof>`.
# * Do not pass a large array in ``args``: under spawn and forkserver it is pickled too, through a
#   pipe, and ``start`` waits until the child has read it. Send it once the child runs.
# * While it is under way the array exists several times over, as array, pickle and copy:
#   :doc:`plot_4_size_limit` counts them. Where 5 GB are not free, make the array smaller.
#
# Next: :doc:`plot_3_return_from_child`.
