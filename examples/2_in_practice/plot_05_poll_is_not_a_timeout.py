"""
``poll`` is not a timeout
=========================

You will put a deadline on a whole transfer, one that holds. ``poll(5)`` followed by ``recv()`` is
none: ``poll`` says that ``recv`` has something to begin with, and not that it will end.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/poll_is_not_a_timeout.svg"
# sphinx_gallery_child_may_fail
import multiprocessing
import os
import signal
import socket
import threading
import time
from itertools import product

import ndpipe
from ndpipe.experiments.polling import poll_and_recv
from ndpipe.tasks import send_result

# %%
# When poll is true
# -----------------
# :func:`~ndpipe.experiments.polling.poll_and_recv` asks ``poll``, calls ``recv``, and ends what
# would hang. Look at the second row: half a message has come, ``poll`` is True, and ``recv`` waits:

if __name__ == "__main__":
    answers = []
    for end, share in product(("open", "closed"), ("nothing", "half", "all")):
        said, done = poll_and_recv(share, closed=end == "closed")
        answers.append(f"{said!s:6}recv {done}")
        print(f"{share:8}{end:7}poll: {answers[-1]}")

# %%
# A child that stalls
# -------------------
# A process that is stopped, swapped out or waiting for a disk stalls in the middle of its message.
# ``SIGSTOP`` does it to this child, which sends eight megabytes:

if __name__ == "__main__":
    here, there = multiprocessing.Pipe()
    args = (there, here, 10**6)
    child = multiprocessing.Process(target=send_result, args=args)
    child.start()
    there.close()
    said_yes = here.poll(60)
    child.join(timeout=0.2)  # it is inside send by now
    os.kill(child.pid, signal.SIGSTOP)
    print("poll said:", said_yes)

# %%
# A deadline that holds
# ---------------------
# A timer gives up at the deadline. How, the caller says; it must make ``recv`` return:


def receive_within(conn, seconds, give_up):
    """Receive, and call give_up if that takes too long."""
    deadline = time.monotonic() + seconds
    timer = threading.Timer(seconds, give_up)
    timer.start()
    try:
        return conn.recv()
    except (EOFError, OSError) as error:
        if time.monotonic() < deadline:
            raise
        raise TimeoutError(f"not received in {seconds} s") from error
    finally:
        timer.cancel()
        timer.join()


# %%
# Killing the child does, since the parent has closed its copy of the child's end:

if __name__ == "__main__":
    try:
        receive_within(here, 0.5, child.kill)
    except TimeoutError as error:
        killed = repr(error.__cause__)
        print("TimeoutError:", error)
    child.join(timeout=60)
    here.close()

# %%
# A peer that cannot be killed
# ----------------------------
# It may run on another machine. Then shut this side of the connection down, which ends ``recv``
# whoever holds the other end. :func:`ndpipe.Pipe` says how much of the message has come:

if __name__ == "__main__":
    here, there = ndpipe.Pipe()
    os.write(there.fileno(), b"\0\0\0\x09half")
    unix, stream, both = socket.AF_UNIX, socket.SOCK_STREAM, socket.SHUT_RDWR
    with here, there, socket.fromfd(here.fileno(), unix, stream) as end:
        try:
            receive_within(here, 0.5, lambda: end.shutdown(both))
        except TimeoutError as error:
            shut = repr(error.__cause__)
            print(shut)

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    broken = "OSError('got end of file during message')"
    assert answers[0] == "False recv waits for ever"
    assert answers[1] == "True  recv waits for ever"
    assert answers[2] == answers[5] == "True  recv returns 'hi'"
    assert answers[3] == "True  recv raises EOFError()"
    assert answers[4] == f"True  recv raises {broken}"
    assert [said_yes, killed, child.exitcode] == [True, broken, -signal.SIGKILL]
    assert "end of file after" in shut

# %%
# In practice
# -----------
# * After it, make a new pipe: the next ``recv`` would begin in the middle of a message.
# * A ``send``, which waits too, takes a deadline in the same way.
# * Do not raise from a signal handler to end a ``recv``: :doc:`plot_14_interrupted_in_the_middle`.
# * ``shutdown`` is for Linux and macOS, and over TCP the family is ``AF_INET``.
#
# Next: :doc:`plot_06_start_methods`.
