"""
A worker that stays
===================

You will start one child, send it many arrays and get an answer for each; see the child's exceptions
in the parent, with their traceback; and stop it cleanly. A process for each array would pay for a
start each time.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/a_worker_that_stays.svg"
# sphinx_gallery_child_may_fail
import multiprocessing
import sys
import traceback

import numpy as np

from ndpipe.tasks import serve

# %%
# The worker
# ----------
# A loop: receive a request, send one reply. The two ``except`` clauses make it last. End of file is
# the order to stop; what the function raises is the reply, with the child's traceback as a note:
#
# .. task-source:: ndpipe.tasks.workers.serve
#
# One start
# ---------
# The function is an argument, sent by its name. This worker inverts matrices:

if __name__ == "__main__":
    here, there = multiprocessing.Pipe()
    args = (there, here, np.linalg.inv)
    worker = multiprocessing.Process(target=serve, args=args)
    worker.start()
    there.close()

# %%
# Many arrays
# -----------
# One request, one reply, then the next: the turns rule out :doc:`the deadlock of two senders
# <plot_02_both_sides_talk>`. A matrix times its inverse is the identity:

if __name__ == "__main__":
    matrices = [np.eye(300) * factor for factor in (2, 3, 4)]
    for matrix in matrices:
        here.send(matrix)
        product = matrix @ here.recv()
        np.testing.assert_allclose(product, np.eye(300))
        print("the inverse of a matrix has come")

# %%
# An exception in the child
# -------------------------
# A matrix of zeros has no inverse. The reply is an exception; the parent raises it, and sees the
# line of the child that failed below its own:


def ask(conn, request):
    """Send a request; return the reply, or raise it if it is an exception."""
    conn.send(request)
    reply = conn.recv()
    if isinstance(reply, Exception):
        raise reply
    return reply


# %%

if __name__ == "__main__":
    caught = None
    try:
        ask(here, np.zeros((300, 300)))
    except np.linalg.LinAlgError as error:
        caught = error
        traceback.print_exception(error, file=sys.stdout)

# %%
# The worker lives on:

if __name__ == "__main__":
    inverse = ask(here, matrices[0])
    print("it still answers:", inverse[0, 0])

# %%
# A clean stop
# ------------
# Closing the parent's end is the order to stop. It needs no special message, and it works also when
# the parent is killed, because then the system closes the end:

if __name__ == "__main__":
    here.close()
    worker.join(timeout=60)
    print("exit code", worker.exitcode)

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert str(caught) == "Singular matrix"
    assert "in serve" in caught.__notes__[0]
    assert inverse[0, 0] == 0.5
    assert worker.exitcode == 0

# %%
# In practice
# -----------
# * A forked child that keeps its copy of ``here`` waits for ever when the parent closes its own:
#   :ref:`symptom-no-eof`.
# * Some exceptions are sent and cannot be received: those whose ``__init__`` wants several
#   arguments, say. Raise ordinary ones, or send ``traceback.format_exc()``, which is text.
# * A worker that is killed sends no reply: :doc:`plot_04_when_the_other_side_dies`. One that takes
#   too long: :doc:`plot_05_poll_is_not_a_timeout`.
# * For large arrays make the pipe with :func:`ndpipe.Pipe`; nothing else on this page changes.
# * What a start costs: :doc:`/auto_examples/3_measurements/plot_6_what_a_start_costs`. A pool of
#   such workers: :class:`concurrent.futures.ProcessPoolExecutor`.
#
# Next: :doc:`plot_04_when_the_other_side_dies`.
