"""
Fill an array you already own
=============================

You will receive frame after frame, from a camera or a simulation in a child, into one array. A new
array for each costs time and memory for nothing: :meth:`ndpipe.Connection.recv_into` fills the one
that you own, and refuses what does not fit before it touches it.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/fill_your_own_array.svg"
import multiprocessing

import numpy as np

import ndpipe
from ndpipe.tasks import send_frames

# %%
# The child's task
# ----------------
# It makes frames and sends each; the message carries shape and dtype:
#
# .. task-source:: ndpipe.tasks.send_frames
#
# One import has changed against the first steps: the pipe is :func:`ndpipe.Pipe`. Its ends pass to
# a child as the standard ones do:

if __name__ == "__main__":
    parent_end, child_end = ndpipe.Pipe()
    shape, count = (1080, 1920, 3), 50
    arguments = (child_end, shape, count, parent_end)
    child = multiprocessing.Process(target=send_frames, args=arguments)
    child.start()
    child_end.close()

# %%
# One array for all frames
# ------------------------
# The parent owns one array, in use before the first frame comes. Notice how far the peak of its
# resident memory rises while it receives fifty frames of 6 MB each:

if __name__ == "__main__":
    frame = np.ones(shape, np.uint8)
    brightness = []
    with ndpipe.PeakMemory() as memory:
        for _ in range(count):
            parent_end.recv_into(frame)
            brightness.append(int(frame[0, 0, 0]))
    print("received", ndpipe.format_bytes(count * frame.nbytes))
    print("grew by", ndpipe.format_bytes(memory.growth))
    print("first pixels:", *brightness[:10], "...")

# %%
# What does not fit is refused
# ----------------------------
# The child sends one more array, of another dtype and shape. The refusal names the first
# difference, and comes before a byte of the array is read: it is still there for ``recv``, and
# ``frame`` is as it was.

if __name__ == "__main__":
    before, refusal = frame.copy(), None
    try:
        parent_end.recv_into(frame)
    except ValueError as error:
        print("ValueError:", error)
        refusal = error
    last = parent_end.recv()
    print("received after all:", last.shape, last.dtype)

# %%
# What this page claimed, checked on every build: each frame was the right one, memory did not grow
# with their number, and the refused message was whole.

if __name__ == "__main__":
    child.join()
    parent_end.close()
    assert child.exitcode == 0
    assert brightness == list(range(count))
    assert memory.growth < frame.nbytes
    assert refusal is not None
    np.testing.assert_array_equal(frame, before)
    np.testing.assert_array_equal(last, np.arange(10))

# %%
# In practice
# -----------
# * Shape, dtype and memory order must be those of the array that comes; ``out`` must be
#   :term:`contiguous` and writeable. Allocate it from the first frame: ``frame = conn.recv()``.
# * The frame is overwritten by the next. Copy what you want to keep.
# * ``recv_into`` takes arrays that were sent with ``send``, large or small, from an
#   :class:`ndpipe.Connection` or from a standard one.
# * An end of :class:`multiprocessing.connection.Listener` or ``Client`` becomes such a connection
#   with :func:`ndpipe.wrap`.
#
# How fast it is: :doc:`/auto_examples/3_measurements/plot_2_every_way`.
