"""
What comes back
===============

You will predict what the other process receives: an array's dtype, byte order, memory order,
writeability and class; which of these a standard Pipe changes, and which :func:`ndpipe.Pipe` keeps.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/what_comes_back.svg"
import multiprocessing

import numpy as np

import ndpipe
from ndpipe.tasks import layouts, properties, report

# %%
# The arrays
# ----------
# One matrix in nine kinds, one of them an ndarray with an attribute. ``>f8`` is float64 in the
# other byte order, and three of the views have no memory of their own:
#
# .. task-source:: ndpipe.tasks.round_trips.layouts

if __name__ == "__main__":
    arrays = layouts()
    for name, array in arrays.items():
        print(f"{name:<14} {properties(array)}")

# %%
# Through a standard Pipe
# -----------------------
# The child describes what it receives:
#
# .. task-source:: ndpipe.tasks.round_trips.report
#
# It is started, and asked, like this:


def ask_child(make_pipe, context=multiprocessing, argument=None):
    """Return what a child says of the arrays that it is sent, or is given."""
    here, there = make_pipe()
    child = context.Process(target=report, args=(there, argument))
    child.start()
    there.close()
    with here:
        if argument is None:
            here.send(arrays)
        arrived = here.recv()
    child.join(timeout=60)
    return arrived


# %%
# The big-endian array arrives native, the label is gone, and each array borrows its memory from the
# message, a ``bytes`` object. Views without an order arrive in C order, and all are writeable:

if __name__ == "__main__":
    standard = ask_child(multiprocessing.Pipe)

# %%
# Through ndpipe
# --------------
# The byte order is kept, and an ndarray owns its memory. The masked array and the label are as
# before: a class decides itself what is pickled of it.

if __name__ == "__main__":
    fast = ask_child(ndpipe.Pipe)

# %%
# As an argument
# --------------
# Under :term:`fork` a child inherits the arguments of its process. Under :term:`spawn` they are
# pickled, and change as in a standard Pipe:

if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")
    argument = {"big-endian": arrays["big-endian"]}
    spawned = ask_child(spawn.Pipe, spawn, argument)

# %%
# Copies, and what they share
# ---------------------------
# What arrives is a copy: writing to it does not reach the sender. An array that is twice in one
# message arrives once, under two names; a *view* of it becomes an array of its own:

if __name__ == "__main__":
    here, there = multiprocessing.Pipe()
    row = np.arange(5.0)
    here.send([row, row, row[:3]])
    first, again, view = there.recv()
    first[:] = -1
    print("sent:", row)
    print("received:", first, again, view)
    here.close()
    there.close()

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    for arrived, dtype in (standard, "<f8"), (spawned, "<f8"), (fast, ">f8"):
        assert arrived["big-endian"].startswith(f"ndarray {dtype}")
    assert standard["plain"].endswith("memory-of-bytes")
    assert fast["plain"].endswith("own-memory")
    for arrived in (standard, fast):
        assert "C-order writeable" in arrived["every second"]
        assert "F-order writeable" in arrived["Fortran"]
        assert "read-only" not in " ".join(arrived.values())
        assert arrived["masked"].startswith("MaskedArray")
        assert "metres" not in arrived["labelled"]
    assert again is first
    assert row[0] == view[0] == 0

# %%
# In practice
# -----------
# * Send an attribute beside its array: ``conn.send((array, label))``. A subclass that must keep it
#   overrides ``__reduce__``.
# * Values, shapes, NaN and NaT arrive as they are. Object arrays are pickled element by element,
#   which is slow; a memory-mapped file arrives as an ordinary array.
# * On a little-endian machine a native array is ``<f8``, and ``>f8`` the other one.
# * What exactly :func:`ndpipe.Pipe` keeps: :doc:`/reference/connection`.
#
# Next: :doc:`plot_08_bytes_without_pickle`.
