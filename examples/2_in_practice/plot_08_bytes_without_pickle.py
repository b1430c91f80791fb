"""
Bytes without pickle
====================

You will send an array's bytes and receive them into an array, without pickle and without the traps
of a standard connection: lost bytes, a hang, and an array that fits but is refused.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/bytes_without_pickle.svg"
# sphinx_gallery_child_may_fail
import contextlib
import multiprocessing
import os

import numpy as np

import ndpipe
from ndpipe.tasks import bytes_of, send_image

# %%
# The child's task
# ----------------
# Where both sides agree on shape and dtype, the bytes are enough. The flag chooses the safe form:
#
# .. task-source:: ndpipe.tasks.raw_bytes.send_image


@contextlib.contextmanager
def sending(shape, flat, pipe=multiprocessing.Pipe):
    """Start a child that sends an image; join it at the end."""
    here, there = pipe()
    args = (there, shape, flat)
    child = multiprocessing.Process(target=send_image, args=args)
    child.start()
    there.close()
    with here:
        yield here, child
    child.join(timeout=60)


# %%
# The trap: an image loses bytes
# ------------------------------
# A standard connection takes the *rows* of a buffer with one byte an element for its bytes. Of 3 x
# 4 pixels it announces three bytes and sends twelve. Nine stay in the pipe, and the next receive
# takes four of them for a length:

if __name__ == "__main__":
    with sending((3, 4), flat=False) as (here, child):
        child.join(timeout=60)
        message, left = here.recv_bytes(), os.read(here.fileno(), 100)
    print("the message:", message.hex(" "), "- left behind:", left.hex(" "))
    print("the next length:", int.from_bytes(left[:4], "big"))

# %%
# The trap: an image hangs
# ------------------------
# With more than 16,384 rows ``send_bytes`` never returns: it counts down the bytes that are left to
# write, gets below zero, and waits for zero. A time limit ends it here:

if __name__ == "__main__":
    with sending((20_000, 2), flat=False) as (here, child):
        print("received", len(here.recv_bytes()), "of 40000 bytes")
        child.join(timeout=1)
        still_there = child.is_alive()
        child.kill()
    print("still sending after a second?", still_there)

# %%
# The trap: an array that fits is refused
# ---------------------------------------
# ``recv_bytes_into`` counts rows too. Twelve bytes come for an array of twelve, and are refused.
# The message has been consumed by then, and is in the exception:

if __name__ == "__main__":
    image = np.zeros((3, 4), np.uint8)
    with sending(image.shape, flat=True) as (here, _):
        try:
            here.recv_bytes_into(image)
        except multiprocessing.BufferTooShort as error:
            refused = error.args[0]
            print("BufferTooShort:", len(refused), "bytes for", image.nbytes)

# %%
# The safe form
# -------------
# Give every call a flat view of the bytes. This one works for every layout, and for dates, which
# have no buffer of their own. The destination must be :term:`contiguous`, or it views a copy:
#
# .. task-source:: ndpipe.tasks.raw_bytes.bytes_of

if __name__ == "__main__":
    safe = np.zeros((20_000, 2), np.uint8)
    with sending(safe.shape, flat=True) as (here, _):
        came = here.recv_bytes_into(bytes_of(safe))
    print(came, "bytes came of", safe.nbytes, "- last row:", safe[-1])

# %%
# Or change the import
# --------------------
# :meth:`ndpipe.Connection.send_bytes` and its counterpart take any contiguous array for its bytes:

if __name__ == "__main__":
    image = np.zeros_like(safe)
    with sending(image.shape, flat=False, pipe=ndpipe.Pipe) as (here, _):
        print(here.recv_bytes_into(image), "bytes came - last row:", image[-1])

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert message + left == bytes(range(12))
    assert still_there
    assert [len(refused), came] == [12, safe.nbytes]
    np.testing.assert_array_equal(safe.ravel(), np.arange(40_000) % 256)
    np.testing.assert_array_equal(image, safe)

# %%
# In practice
# -----------
# * The traps are for arrays of one byte an element: uint8, int8, bool. For others, check the length
#   that is returned: :ref:`symptom-tail`.
# * It saves pickle, not copies: a standard ``recv_bytes_into`` collects the message, then copies
#   it. :meth:`ndpipe.Connection.recv_into` receives into the array itself, and checks dtype and
#   shape.
# * A peer that must not run code in this process may send bytes: :doc:`/explanation/trust`.
#
# Next: :doc:`plot_09_one_producer_many_workers`.
