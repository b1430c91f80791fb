"""
Receive before you join
=======================

You will collect large results from any number of children without a hang. A parent that waits for
its child to end before it has received the child's result waits for ever, and a test with small
data does not notice.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/receive_before_join.svg"
import multiprocessing

from ndpipe.tasks import put_result, send_result

# %%
# The child's task
# ----------------
# It prints a line before it sends its array, and a line after:
#
# .. task-source:: ndpipe.tasks.deadlocks.send_result
#
# The parent starts it and closes its copy of the child's end:


def start_child(n):
    """Start a child that sends n numbers; return it and the receiving end."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    args = (sender, receiver, n)
    child = multiprocessing.Process(target=send_result, args=args)
    child.start()
    sender.close()
    return child, receiver


# %%
# Small data passes
# -----------------
# Join, then receive: the wrong order, but eight hundred bytes fit into the pipe, and the child's
# ``send`` returns although nobody has received:

if __name__ == "__main__":
    child, receiver = start_child(100)
    child.join(timeout=60)
    small = receiver.recv()
    receiver.close()
    print("exit code", child.exitcode, "and", small.size, "numbers")

# %%
# Large data hangs
# ----------------
# The same with eight megabytes. The child's second line is missing: ``send`` :term:`blocks <block>`
# until somebody receives, and the parent is inside ``join``. Only the timeout ends it:

if __name__ == "__main__":
    child, receiver = start_child(1_000_000)
    child.join(timeout=1)
    stuck = child.is_alive()
    print("joined for a second; is the child alive?", stuck)

# %%
# As soon as the parent receives, the child's ``send`` returns, and the child ends:

if __name__ == "__main__":
    large = receiver.recv()
    receiver.close()
    child.join(timeout=60)
    print("exit code", child.exitcode, "and", large.size, "numbers")

# %%
# Many children
# -------------
# Start all, receive from all, join all. A child whose turn comes late waits in ``send``:

if __name__ == "__main__":
    started = [start_child(n * 1_000_000) for n in (1, 2, 3)]
    results = [receiver.recv() for _, receiver in started]
    for child, receiver in started:
        receiver.close()
        child.join(timeout=60)
    print("received", *(result.size for result in results))

# %%
# A Queue has the same trap
# -------------------------
# .. task-source:: ndpipe.tasks.deadlocks.put_result
#
# ``put`` returns at once, but the child waits for a thread of its own, which writes the array into
# a pipe. The same order mends it:

if __name__ == "__main__":
    queue = multiprocessing.Queue()
    child = multiprocessing.Process(target=put_result, args=(queue, 10**6))
    child.start()
    child.join(timeout=1)
    stuck_in_queue = child.is_alive()
    queued = queue.get(timeout=60)
    child.join(timeout=60)
    print("alive before get?", stuck_in_queue, "- after it?", child.is_alive())
    queue.close()

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert [stuck, stuck_in_queue] == [True, True]
    assert [small.size, large.size, queued.size] == [100, 10**6, 10**6]
    assert [result[-1] + 1 for result in results] == [1e6, 2e6, 3e6]
    assert [child.exitcode for child, _ in started] == [0, 0, 0]

# %%
# In practice
# -----------
# * How much fits: :doc:`/auto_examples/3_measurements/plot_5_when_send_blocks`. An
#   :func:`ndpipe.Pipe` holds more, and has the same rule.
# * If a child dies before it sends, ``recv`` raises :exc:`EOFError`, because the parent has closed
#   its copy of the sending end: :doc:`plot_04_when_the_other_side_dies`.
# * To receive in the order of arrival: :func:`multiprocessing.connection.wait`.
#
# Next, the other deadlock: :doc:`plot_02_both_sides_talk`.
