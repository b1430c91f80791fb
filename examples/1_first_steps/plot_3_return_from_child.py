"""
Return an array from a child
============================

A process has no return value: the function that it runs may return, but nobody gets the result. A
pipe is the nearest thing to it. Here a child makes an array of 800 MB and sends it to its parent,
and the parent sees why it must receive before it waits for the child to end.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/return_from_child.svg"
import multiprocessing

from ndpipe.tasks import send_ones

# %%
# The child's task
# ----------------
# It makes the array, shows its corner and sends it. First, it closes the end that it does not use:
#
# .. task-source:: ndpipe.tasks.send_ones
#
# One direction is enough, so a :term:`simplex` pipe would do; the :term:`duplex` one is what
# people write:

if __name__ == "__main__":
    parent_end, child_end = multiprocessing.Pipe()
    arguments = (child_end, 10_000, parent_end)
    child = multiprocessing.Process(target=send_ones, args=arguments)
    child.start()
    child_end.close()

# %%
# Not yet: join
# -------------
# To wait for the child first looks tidy, and never ends. The pipe holds
# :doc:`a small part of the array </auto_examples/3_measurements/plot_5_when_send_blocks>`; the
# child's ``send`` :term:`blocks <block>` until somebody reads the rest, and nobody does while the
# parent waits. Shown safely, with a time limit:

if __name__ == "__main__":
    child.join(timeout=2)
    alive = child.is_alive()
    print("is the child still alive?", alive)

# %%
# Receive, then join
# ------------------
# As soon as the parent receives, the child's ``send`` can finish, and the child ends. Notice that
# the corner is the one that the child printed:

if __name__ == "__main__":
    array = parent_end.recv()
    child.join()
    parent_end.close()
    rows, columns = array.shape
    print(f"received {rows} x {columns} {array.dtype}, its corner:")
    print(array[:5, :5])

# %%
# What came is an ordinary array. It can be written to, and it does not depend on the child, which
# has ended:

if __name__ == "__main__":
    array[0, 0] = 7
    print("first element:", array[0, 0])
    print("the child's exit code:", child.exitcode)

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert alive
    assert child.exitcode == 0
    assert array.shape == (10_000, 10_000)
    assert array[0, 0] == 7
    assert array[1:].min() == array[1:].max() == 1.0

# %%
# In practice
# -----------
# * Receive first, then join. The other order is a common reason for
#   :ref:`a child that never exits <symptom-join>`.
# * If the child dies before it sends, ``recv`` raises :exc:`EOFError`, provided that the parent has
#   closed its copy of the child's end, as above.
# * For many small results from many tasks, let
#   :class:`concurrent.futures.ProcessPoolExecutor` do the sending and receiving.
#
# Next: :doc:`plot_4_size_limit`.
