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
# This is what the child will run. It is a plain function in a module, because a child started by
# :term:`spawn` or :term:`forkserver` has to import it by name:
#
# .. literalinclude:: /../src/ndpipe/tasks.py
#    :pyobject: receive_and_zero
#    :no-docstring:
#
# The array
# ---------
# Ten thousand rows and columns of float64, eight bytes each:

if __name__ == "__main__":
    array = np.ones((10_000, 10_000))
    print(f"{array.shape[0]} x {array.shape[1]} {array.dtype}, {array.nbytes / 1e6:.0f} MB")

# %%
# The pipe and the child
# ----------------------
# One end goes to the child as an argument, the other stays. The parent closes its copy of the
# child's end, so that it would notice if the child died:

if __name__ == "__main__":
    parent_end, child_end = multiprocessing.Pipe()
    child = multiprocessing.Process(target=receive_and_zero, args=(child_end,))
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
# What this page claimed, checked on every build: the child ended well, and not one element of the
# parent's array has changed.

if __name__ == "__main__":
    assert child.exitcode == 0
    assert array.nbytes == 800_000_000
    assert array.min() == array.max() == 1.0

# %%
# In practice
# -----------
# * Start processes under ``if __name__ == "__main__":``. Where children are spawned, on macOS and
#   Windows, or use a fork server, as on Linux from Python 3.14 on, they import this file again, and
#   :ref:`without the guard <symptom-no-guard>` they would start children of their own.
# * Put the child's function into a module. In a notebook, a function typed into a cell
#   :ref:`cannot be found <symptom-no-attribute>` by a spawned child.
# * Do not pass a large array in ``args``: under spawn and forkserver it is pickled too, through a
#   pipe, and ``start`` waits until the child has read it. Send it once the child runs.
# * While it is under way the array exists several times over, as array, pickle and copy:
#   :doc:`plot_4_size_limit` counts them. Where 5 GB are not free, make the array smaller.
#
# Next: :doc:`plot_3_return_from_child`.
