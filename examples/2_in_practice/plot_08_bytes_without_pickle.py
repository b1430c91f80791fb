"""
Bytes without pickle
====================

After this page you can send an array's bytes with ``send_bytes`` and receive them into an array,
without pickle on either side, and avoid the traps of doing so with a standard connection: lost
bytes, a hang, and an array that fits but is refused.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/bytes_without_pickle.svg"
# sphinx_gallery_child_may_fail
import multiprocessing
import os

import numpy as np

import ndpipe
from ndpipe.tasks import bytes_of, send_image

# %%
# The child's task
# ----------------
# Where both sides agree on shape and dtype, the bytes are enough. The flag chooses between the
# safe form and the one that looks right:
#
# .. task-source:: ndpipe.tasks.raw_bytes.send_image
#
# The trap: an image loses bytes
# ------------------------------
# A standard connection takes the *rows* of a buffer with one byte an element for its bytes. Of an
# image of 3 x 4 pixels it announces three bytes, and sends twelve. The other nine stay in the
# pipe, and the next receive takes the first four of them for the length of its message:


def run(shape, flat, pipe=multiprocessing.Pipe):
    """Start a child that sends an image; return it and the parent's end."""
    here, there = pipe()
    args = (there, shape, flat)
    child = multiprocessing.Process(target=send_image, args=args)
    child.start()
    there.close()
    return child, here


if __name__ == "__main__":
    child, here = run((3, 4), flat=False)
    child.join(timeout=60)
    message = here.recv_bytes()
    print("the message:", message)
    left = os.read(here.fileno(), 100)
    print("left in the pipe:", left)
    print("the next length:", int.from_bytes(left[:4], "big"))
    here.close()

# %%
# The trap: an image hangs
# ------------------------
# With more than 16,384 rows the child never returns from ``send_bytes``: it has written more than
# it thinks there is, and waits to have written exactly that. A time limit ends it here:

if __name__ == "__main__":
    stuck, here = run((20_000, 2), flat=False)
    print("received", len(here.recv_bytes()), "of 40000 bytes")
    stuck.join(timeout=1)
    still_there = stuck.is_alive()
    print("still sending?", still_there)
    stuck.kill()
    stuck.join(timeout=60)
    here.close()

# %%
# The trap: an array that fits is refused
# ---------------------------------------
# ``recv_bytes_into`` counts rows too. The array has room for twelve bytes, twelve come, and they
# do not fit. The message has been consumed by then, and is in the exception:

if __name__ == "__main__":
    child, here = run((3, 4), flat=True)
    image = np.zeros((3, 4), np.uint8)
    try:
        here.recv_bytes_into(image)
    except multiprocessing.BufferTooShort as error:
        refused = error.args[0]
        print("BufferTooShort:", len(refused), "bytes for", image.nbytes)
    child.join(timeout=60)
    here.close()

# %%
# The safe form
# -------------
# Give every call a flat view of the bytes. This one works for every layout and for dtypes
# that have no buffer of their own, such as dates:
#
# .. task-source:: ndpipe.tasks.raw_bytes.bytes_of
#
# The destination must be :term:`contiguous`, or the view would be one of a copy.

if __name__ == "__main__":
    child, here = run((20_000, 2), flat=True)
    safe = np.zeros((20_000, 2), np.uint8)
    came = here.recv_bytes_into(bytes_of(safe))
    print(came, "bytes came of", safe.nbytes, "- last row:", safe[-1])
    child.join(timeout=60)
    here.close()

# %%
# Or change the import
# --------------------
# :meth:`ndpipe.Connection.send_bytes` and its counterpart take any contiguous array for its bytes:

if __name__ == "__main__":
    child, here = run((20_000, 2), flat=False, pipe=ndpipe.Pipe)
    image = np.zeros((20_000, 2), np.uint8)
    print(here.recv_bytes_into(image), "bytes came - last row:", image[-1])
    child.join(timeout=60)
    here.close()

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert message == bytes(range(3))
    assert left[:9] == bytes(range(3, 12))
    assert still_there
    assert len(refused) == 12
    assert came == safe.nbytes
    np.testing.assert_array_equal(safe.ravel(), np.arange(40_000) % 256)
    np.testing.assert_array_equal(image, safe)

# %%
# In practice
# -----------
# * The traps are for arrays of one byte an element: uint8, int8, bool. Others are sent whole.
# * Check the length: a message that is no whole number of elements loses its end without a word
#   where the destination is not flat.
# * What goes wrong elsewhere looks like :ref:`symptom-image` or :ref:`symptom-unpickling`.
# * It saves pickle, not copies: a standard ``recv_bytes_into`` collects the message first and
#   copies it then. :meth:`ndpipe.Connection.recv_into` receives into the array itself, and
#   checks dtype and shape.
# * Bytes are what a peer that must not run code in this process may send:
#   :doc:`/explanation/trust`.
#
# Next: :doc:`plot_09_one_producer_many_workers`.
