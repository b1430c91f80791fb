"""
What is on the wire
===================

You will read the bytes that a pipe carries for an array: which are the array's, which are pickle's,
what the first four say, what changes at 2 GiB, and what :func:`ndpipe.Pipe` writes instead.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/on_the_wire.svg"
import multiprocessing
import os
import pickletools

import numpy as np

from ndpipe import Pipe
from ndpipe.tasks import header_of

# %%
# A small array
# -------------
# One end sends; instead of ``recv``, the bytes are read from the other's descriptor as they are. On
# the right, what of them is text:


def dump(data):
    """Print bytes in rows of sixteen, in hexadecimal and as text."""
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        text = "".join(chr(b) if 32 <= b < 127 else "." for b in row)
        print(f"{at:4}  {row.hex(' '):<47}  {text}")


if __name__ == "__main__":
    array = np.array([1.0, 2.0, 3.0])
    here, there = multiprocessing.Pipe()
    here.send(array)
    message = os.read(there.fileno(), 10_000)
    dump(message)

# %%
# What they mean
# --------------
# The first four bytes are the length of the rest, as a big-endian integer. The rest is a pickle:
# instructions to import a function and call it. Notice the names it imports, and that the elements
# are in it, as bytes:

if __name__ == "__main__":
    length = int.from_bytes(message[:4], "big", signed=True)
    print(f"length: {length}, of {len(message)} bytes")
    arguments = [arg for _, arg, _ in pickletools.genops(message[4:])]
    print("text:", *[arg for arg in arguments if isinstance(arg, str)])
    longest = max((arg for arg in arguments if isinstance(arg, bytes)), key=len)
    print("elements:", np.frombuffer(longest))

# %%
# A receiver imports and calls what a message names, whatever it names: that is why a peer must be
# :doc:`trusted </explanation/trust>`. And it explains two errors. A message cut short is a pickle
# :ref:`cut short <symptom-truncated>`; a module that one NumPy has and the other has not
# :ref:`cannot be imported <symptom-numpy-core>`.
#
# Through ndpipe
# --------------
# A small array goes the same way, byte for byte. From 64 KiB on an array travels beside the
# pickle; the threshold is lowered here, to see it with a small one:

if __name__ == "__main__":
    here.close()
    there.close()
    here, there = Pipe(threshold=1)
    here.send(array)
    out_of_band = os.read(there.fileno(), 10_000)
    dump(out_of_band)

# %%
# First a mark, which a standard end reads as an impossible length, and fails at once. Then the
# length of what follows and two checksums; then dtype, shape and memory order; then the elements,
# from the sender's array into the receiver's. :doc:`Every field </reference/connection>`.

if __name__ == "__main__":
    elements = out_of_band[-array.nbytes :]
    print("the last bytes:", np.frombuffer(elements))
    here.close()
    there.close()

# %%
# The header at 2 GiB
# -------------------
# Four bytes can say a length of up to 2\ :sup:`31` - 1. For more, Python writes -1 and then the
# length in eight bytes. To see it without the memory, a thread sends zeros that the system has not
# had to store yet; the header is read, and closing the pipe ends the send:
#
# .. task-source:: ndpipe.tasks.raw_bytes.header_of

if __name__ == "__main__":
    below, above = header_of(2**31 - 1), header_of(2**31)
    print("2**31 - 1:", below[:4].hex(" "), "| zeros:", below[4:].hex(" "))
    print("2**31:    ", above[:4].hex(" "), "| length:", above[4:].hex(" "))

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert length == len(message) - 4
    assert longest == array.tobytes() == elements
    assert out_of_band[:5] == b"\xff" * 5
    assert int.from_bytes(below[:4], "big") == 2**31 - 1
    assert below[4:] == bytes(8)
    assert int.from_bytes(above[:4], "big", signed=True) == -1
    assert int.from_bytes(above[4:], "big") == 2**31

# %%
# In practice
# -----------
# * Python before 3.8 has no long header: :ref:`symptom-struct`. A whole transfer of that size:
#   :doc:`/auto_examples/1_first_steps/plot_4_size_limit`.
# * Only its length says where a standard message ends. After two writers at once, or half a
#   message, the receiver takes elements for lengths.
# * How often the elements are copied: :doc:`/explanation/how_a_pipe_carries_an_array`.
#
# Next: :doc:`plot_11_share_dont_send`.
