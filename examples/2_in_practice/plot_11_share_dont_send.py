"""
Share, don't send
=================

You will let a child work on an array where it is, hand a shared array over a pipe by its name, end
its life in the right order, and stream frames through a ring of slots that are used again and
again.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/share_dont_send.svg"
import multiprocessing
from multiprocessing.shared_memory import SharedMemory

import numpy as np

from ndpipe import PeakMemory, format_bytes
from ndpipe.tasks import double_shared, fill_slots

# %%
# A handle over a pipe
# --------------------
# A shared-memory segment is the same memory in both processes. The pipe carries its handle, a name
# of a few bytes. The child attaches, changes the array in place, and says when it is done:
#
# .. task-source:: ndpipe.tasks.sharing.double_shared
#
# The parent makes the segment and an array on it:

if __name__ == "__main__":
    segment = SharedMemory(create=True, size=8_000_000)
    shared = np.ndarray(1_000_000, buffer=segment.buf)
    shared[:] = np.arange(1e6)

# %%
# Shared memory has no lock: while the child writes, the parent must not look. The message *done*
# says whose turn it is:

if __name__ == "__main__":
    here, there = multiprocessing.Pipe()
    child = multiprocessing.Process(target=double_shared, args=(there,))
    child.start()
    there.close()
    here.send((segment, shared.shape, shared.dtype))
    print("the child says", here.recv(), "- the parent sees", shared[:5])

# %%
# The rules of its life
# ---------------------
# Drop the arrays; then ``close`` in every process; then ``unlink``, once, in the process that made
# it. The segment lives until it is unlinked and the last process has closed it:

if __name__ == "__main__":
    child.join(timeout=60)
    here.close()
    doubled = shared[:5].copy()
    del shared
    segment.close()
    segment.unlink()

# %%
# A ring of slots
# ---------------
# Fresh memory is slow, used memory is not. Three slots in one segment are filled again and again,
# and the pipe carries their numbers. Sent to the child, a number means *this slot is free*; sent
# back, *this slot is full*. At first all three are free:
#
# .. task-source:: ndpipe.tasks.sharing.fill_slots

if __name__ == "__main__":
    shape, count = (3, 1_000_000), 50
    segment = SharedMemory(create=True, size=3 * 8_000_000)
    here, there = multiprocessing.Pipe()
    args = (there, segment, shape)
    child = multiprocessing.Process(target=fill_slots, args=args)
    child.start()
    there.close()
    for slot in range(3):
        here.send(slot)

# %%
# The parent reads a frame where it is, then frees its slot: nothing is copied. Notice how little
# the parent's memory grows for fifty frames:

if __name__ == "__main__":
    ring = np.ndarray(shape, buffer=segment.buf)
    frames = []
    with PeakMemory() as memory:
        for number in range(count):
            slot = here.recv()
            frames.append((ring[slot].min(), ring[slot].max()))
            if number + 3 < count:
                here.send(slot)
    here.send(None)
    read = format_bytes(count * ring[0].nbytes)
    print("read", read, "- grew by", format_bytes(memory.growth))

# %%
# The same rules end it:

if __name__ == "__main__":
    child.join(timeout=60)
    here.close()
    del ring
    segment.close()
    segment.unlink()

# %%
# What this page claimed, checked on every build. No frame was overwritten while it was read, and
# the parent's memory grew by little more than three slots:

if __name__ == "__main__":
    np.testing.assert_array_equal(doubled, [0, 2, 4, 6, 8])
    assert frames == [(number, number) for number in range(count)]
    assert memory.growth < 40_000_000
    assert child.exitcode == 0

# %%
# In practice
# -----------
# * The price: one machine, slots of a fixed size, and turns that you keep. A wrong number is no
#   error, only :ref:`wrong data <symptom-wrong-data>`.
# * If a process dies, nobody frees its slot: :doc:`plot_04_when_the_other_side_dies`.
# * A segment is rounded up to whole pages: give arrays their shape, never ``len(segment.buf)``.
# * How fast it is, fresh and reused: :doc:`/auto_examples/3_measurements/plot_2_every_way`.
#
# Next: :doc:`plot_11b_when_shared_memory_breaks`.
