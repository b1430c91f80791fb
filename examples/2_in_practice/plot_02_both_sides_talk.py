"""
When both sides talk at once
============================

You will exchange large arrays over one pipe without a deadlock. Two processes that send at the same
time, and mean to receive afterwards, block each other for ever.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/both_sides_talk.svg"
import multiprocessing
import threading

import numpy as np

from ndpipe.tasks import receive_then_send, send_then_receive

# %%
# The child's task
# ----------------
# .. task-source:: ndpipe.tasks.deadlocks.send_then_receive
#
# Both send first
# ---------------
# The parent does the same: first its ``send``, then its ``recv``. The child starts:

if __name__ == "__main__":
    mine = np.zeros(1_000_000)
    here, there = multiprocessing.Pipe()
    args = (there, here, mine.size)
    child = multiprocessing.Process(target=send_then_receive, args=args)
    child.start()
    there.close()

# %%
# To show the deadlock safely, the parent sends in a thread. Neither side gets to its next line, so
# the child prints nothing. A pipe keeps a little for each direction; when both are full, each
# ``send`` waits for the other side's ``recv``, which comes after its own ``send``:

if __name__ == "__main__":
    sending = threading.Thread(target=here.send, args=(mine,))
    sending.start()
    sending.join(timeout=1)
    stuck = sending.is_alive()
    print("after a second, is the parent inside send?", stuck)

# %%
# Mended by a thread
# ------------------
# The thread is also a way out: while it sends, the main thread can receive. One thread that only
# sends and one that only receives may share an end:

if __name__ == "__main__":
    yours = here.recv()
    sending.join(timeout=60)
    child.join(timeout=60)
    here.close()
    print("received", yours.nbytes, "bytes; exit code", child.exitcode)

# %%
# Mended by turns
# ---------------
# Simpler: one side sends first, the other receives first:
#
# .. task-source:: ndpipe.tasks.deadlocks.receive_then_send

if __name__ == "__main__":
    here, there = multiprocessing.Pipe()
    args = (there, here, 10**6)
    patient = multiprocessing.Process(target=receive_then_send, args=args)
    patient.start()
    there.close()
    here.send(mine)
    answer = here.recv()
    patient.join(timeout=60)
    here.close()

# %%
# Not mended by a second pipe
# ---------------------------
# A pipe for each direction looks like a cure. But a duplex pipe has room for each direction
# already, and two :term:`simplex` pipes have no more. A thread stands for each process here:

if __name__ == "__main__":
    pipes = [multiprocessing.Pipe(duplex=False) for _ in range(2)]
    ends = [sender for _, sender in pipes]
    senders = [threading.Thread(target=end.send, args=(mine,)) for end in ends]
    for thread in senders:
        thread.start()
    senders[0].join(timeout=1)
    both_stuck = all(thread.is_alive() for thread in senders)
    print("two pipes, are both inside send?", both_stuck)

# %%
# Only a receiver frees them:

if __name__ == "__main__":
    for (receiver, sender), thread in zip(pipes, senders, strict=True):
        with receiver, sender:
            receiver.recv()
            thread.join(timeout=60)

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert [stuck, both_stuck] == [True, True]
    assert not any(thread.is_alive() for thread in (sending, *senders))
    np.testing.assert_array_equal(yours, np.ones_like(mine))
    np.testing.assert_array_equal(answer, yours)
    assert child.exitcode == patient.exitcode == 0

# %%
# In practice
# -----------
# * Small data passes every test: what fits into the pipe does not wait. How much that is:
#   :doc:`/auto_examples/3_measurements/plot_5_when_send_blocks`.
# * Two threads that both send, or both receive, must not share a standard end: their messages mix.
#   They may share an end of :func:`ndpipe.Pipe`.
# * Start children before threads: :doc:`plot_06_start_methods` shows why.
#
# Next, turns that are built in, request and reply: :doc:`plot_03_a_worker_that_stays`.
