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
# It prints a line before it sends its array and a line when the array is sent:
#
# .. task-source:: ndpipe.tasks.deadlocks.send_result
#
# This is how it is started, here and in every program of this kind:


def start_child(n):
    """Start a child that sends n numbers; return it and the receiving end."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    args = (sender, receiver, n)
    child = multiprocessing.Process(target=send_result, args=args)
    child.start()
    sender.close()  # the child has its own copy
    return child, receiver


# %%
# Small data passes
# -----------------
# Join, then receive: the wrong order, and with eight hundred bytes it works. They fit into the
# pipe, so the child's ``send`` returns although nobody has received:

if __name__ == "__main__":
    child, receiver = start_child(100)
    child.join(timeout=60)
    small = receiver.recv()
    receiver.close()
    print("exit code", child.exitcode, "and", small.size, "numbers")

# %%
# Large data hangs
# ----------------
# The same with eight megabytes. The child prints that it sends, and not that it has sent: ``send``
# :term:`blocks <block>` until somebody receives, and the parent is inside ``join``. Only the
# timeout ends it:

if __name__ == "__main__":
    child, receiver = start_child(1_000_000)
    child.join(timeout=1)
    stuck = child.is_alive()
    print("joined for a second; is the child alive?", stuck)

# %%
# Receive, then join
# ------------------
# As soon as the parent receives, the child's ``send`` returns, and the child ends:

if __name__ == "__main__":
    large = receiver.recv()
    receiver.close()
    child.join(timeout=60)
    print("exit code", child.exitcode, "and", large.size, "numbers")

# %%
# Many children
# -------------
# First start all, then receive from all, then join all. A child whose turn comes late waits in
# ``send``, and loses nothing:

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
# Here ``put`` returns at once, and still the child does not end: a thread of its own writes the
# array into a pipe, and the child waits for that thread. The order that works is the same:

if __name__ == "__main__":
    queue = multiprocessing.Queue()
    args = (queue, 1_000_000)
    child = multiprocessing.Process(target=put_result, args=args)
    child.start()
    child.join(timeout=1)
    stuck_in_queue = child.is_alive()
    print("joined for a second; is the child alive?", stuck_in_queue)

# %%

if __name__ == "__main__":
    queued = queue.get(timeout=60)
    child.join(timeout=60)
    queue.close()
    print("exit code", child.exitcode, "and", queued.size, "numbers")

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert stuck
    assert stuck_in_queue
    assert [small.size, large.size, queued.size] == [100, 10**6, 10**6]
    assert [result[-1] + 1 for result in results] == [1e6, 2e6, 3e6]
    assert [child.exitcode for child, _ in started] == [0, 0, 0]

# %%
# In practice
# -----------
# * From the symptom: :ref:`the child never exits <symptom-join>`.
# * How much fits before ``send`` waits is measured in
#   :doc:`/auto_examples/3_measurements/plot_5_when_send_blocks`. Do not rely on it: it differs
#   from system to system.
# * :func:`ndpipe.Pipe` holds more, and has the same rule.
# * A child that dies before it sends makes ``recv`` raise :exc:`EOFError`, because the parent
#   closed its copy of the sending end: :doc:`plot_04_when_the_other_side_dies`.
# * The task: :func:`ndpipe.tasks.send_result`. To receive in the order of arrival, use
#   :func:`multiprocessing.connection.wait`.
#
# Next, the other deadlock: :doc:`plot_02_both_sides_talk`.
