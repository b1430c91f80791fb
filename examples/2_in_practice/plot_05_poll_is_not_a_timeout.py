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

import ndpipe
from ndpipe.experiments.polling import poll_and_recv
from ndpipe.tasks import send_result

# %%
# When poll is true
# -----------------
# Nothing, half a message or all of it has come; the sender's end is open or closed.
# :func:`~ndpipe.experiments.polling.poll_and_recv` asks ``poll``, calls ``recv``, and ends what
# would hang. Look at the second row: ``poll`` says yes, and ``recv`` waits.

if __name__ == "__main__":
    answers = {}
    for closed in (False, True):
        for share in ("nothing", "half", "all"):
            said, done = poll_and_recv(share, closed=closed)
            answers[share, closed] = said, done
            state = "closed" if closed else "open"
            print(f"{share:8}{state:8}poll: {said!s:7}recv {done}")

# %%
# A child that stalls
# -------------------
# It happens to real processes: one that is stopped, swapped out or waiting for a disk stalls in
# the middle of its message. Here ``SIGSTOP`` does it to a child that sends eight megabytes:

if __name__ == "__main__":
    here, there = multiprocessing.Pipe()
    args = (there, here, 1_000_000)
    child = multiprocessing.Process(target=send_result, args=args)
    child.start()
    there.close()
    child.join(timeout=0.5)  # it is inside send by now
    said_yes = here.poll(60)
    os.kill(child.pid, signal.SIGSTOP)
    print("poll said:", said_yes)

# %%
# A deadline that holds
# ---------------------
# A timer gives up at the deadline. What giving up means is for the caller to say; it must make
# ``recv`` return:


def receive_within(conn, seconds, give_up):
    """Receive, and call give_up if that takes too long."""
    timer = threading.Timer(seconds, give_up)
    timer.start()
    try:
        return conn.recv()
    except (EOFError, OSError) as error:
        if timer.finished.is_set():
            raise TimeoutError(f"not received in {seconds} s") from error
        raise
    finally:
        timer.cancel()
        timer.join()


# %%
# To kill the child does, since the parent has closed its copy of the child's end:

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
# It may run on another machine. Then shut the connection down on this side, which ends ``recv``
# whoever holds the other end. Nobody will ever send the rest here, and :func:`ndpipe.Pipe` counts
# what came:


def shut_down(conn):
    """End all traffic on a connection, in both directions."""
    family, kind = socket.AF_UNIX, socket.SOCK_STREAM
    with socket.fromfd(conn.fileno(), family, kind) as end:
        end.shutdown(socket.SHUT_RDWR)


# %%

if __name__ == "__main__":
    here, there = ndpipe.Pipe()
    os.write(there.fileno(), b"\0\0\0\x09half")  # 4 bytes of 9
    try:
        receive_within(here, 0.5, lambda: shut_down(here))
    except TimeoutError as error:
        shut = repr(error.__cause__)
        print("TimeoutError:", error, "from", shut)
    here.close()
    there.close()

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    broken = "OSError('got end of file during message')"
    assert answers == {
        ("nothing", False): (False, "waits for ever"),
        ("half", False): (True, "waits for ever"),
        ("all", False): (True, "returns 'hi'"),
        ("nothing", True): (True, "raises EOFError()"),
        ("half", True): (True, f"raises {broken}"),
        ("all", True): (True, "returns 'hi'"),
    }
    assert said_yes
    assert child.exitcode == -signal.SIGKILL
    assert killed == broken
    assert "end of file after" in shut

# %%
# In practice
# -----------
# * From the symptom: :ref:`poll() said yes, and recv() hangs <symptom-poll>`.
# * Whatever ended a ``recv`` in the middle of a message, the connection is of no more use: the
#   next ``recv`` would begin in the middle. Make a new pipe and start a new child.
# * Do not raise from a signal handler to end a ``recv``: :doc:`plot_14_interrupted_in_the_middle`.
# * A ``send`` can be given a deadline in the same way: it too waits for the other side.
# * ``SIGSTOP`` and ``shutdown`` are for Linux and macOS; ``child.kill`` works on Windows too.
#   Over TCP the family is ``AF_INET``.
# * To wait for several connections, or for a child to end, with a timeout:
#   :doc:`plot_04_when_the_other_side_dies`.
#
# Next: :doc:`plot_06_start_methods`.
