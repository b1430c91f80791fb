"""
Interrupted in the middle
=========================

You will see what is left when Ctrl-C or a timeout's signal falls into a ``send``: a standard Pipe
then delivers wrong bytes, raises an error that names no cause, or hangs. An end of
:func:`ndpipe.Pipe` closes instead, and both sides get the reason.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/interrupted_in_the_middle.svg"
import contextlib
import multiprocessing

import numpy as np

import ndpipe
from ndpipe.experiments.interruption import interrupted, start_receiver

# %%
# A handler that raises
# ---------------------
# Python's own handler for Ctrl-C raises :exc:`KeyboardInterrupt`. A common way to write a timeout
# does the same with an alarm:
#
# .. literalinclude:: /../src/ndpipe/experiments/interruption.py
#    :pyobject: interrupted
#    :no-docstring:
#
# The child receives nothing before it is told to. So ``send`` waits, and the alarm always falls
# into the middle. Through a second pipe the child returns what it received:
#
# .. task-source:: ndpipe.tasks.interrupts.receive_when_told
#
# Wrong bytes
# -----------
# A message of two million letters A is interrupted. The program goes on, and sends three million
# letters B. The child gets two million bytes, with both letters and the length of the second
# message in them, and no error:

if __name__ == "__main__":
    with start_receiver(multiprocessing.Pipe) as (here, control):
        stopped = [interrupted(here.send_bytes, b"A" * 2_000_000)]
        control.send("recv_bytes")
        here.send_bytes(b"B" * 3_000_000)
        glued = control.recv()
    print(glued, "in all", sum(glued.values()))

# %%
# An error without a cause
# ------------------------
# With ``send`` the bytes are half a pickle and the next message. The error does not mention the
# interruption:

if __name__ == "__main__":
    with start_receiver(multiprocessing.Pipe) as (here, control):
        stopped.append(interrupted(here.send, np.ones(250_000)))
        control.send("recv")
        with contextlib.suppress(OSError):  # the child may be gone by now
            here.send(np.zeros(500_000))
        confused = repr(control.recv())
    print(confused)

# %%
# A hang
# ------
# If what is sent next is short, the child waits for the rest of the first message, and the parent
# for its answer. Closing the end frees them:

if __name__ == "__main__":
    with start_receiver(multiprocessing.Pipe) as (here, control):
        stopped.append(interrupted(here.send, np.ones(250_000)))
        control.send("recv")
        here.send("a short message")
        answered = control.poll(1)
        print("did the child receive anything?", answered)
        here.close()
        freed = repr(control.recv())
    print("after close:", freed)

# %%
# What ``ndpipe.Pipe`` does
# -------------------------
# The interrupted ``send`` closes the connection. The next one is refused with the reason, and the
# child gets an error with the counts:

if __name__ == "__main__":
    with start_receiver(ndpipe.Pipe) as (here, control):
        stopped.append(interrupted(here.send, np.ones(2_000_000)))
        control.send("recv")
        try:
            here.send("a short message")
        except OSError as error:
            refused = repr(error)
        reported = repr(control.recv())
    print(refused, reported, sep="\n")

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert all(stopped)
    assert sum(glued.values()) == 2_000_000
    assert set(glued) > {"A", "B"}
    assert confused.startswith("UnpicklingError(")
    assert not answered
    assert freed == "OSError('got end of file during message')"
    assert here.closed
    assert refused[:8] == reported[:8] == "OSError("

# %%
# In practice
# -----------
# * With a standard Pipe, close the end after any exception that came out of ``send`` or ``recv``,
#   other than those of pickling. Do not send on it again, not even a farewell.
# * A handler that sets a flag and returns does no harm: Python resumes the system call. To end a
#   transfer from outside: :doc:`plot_05_poll_is_not_a_timeout`.
# * A terminal's Ctrl-C goes to the children too. One that must finish its message ignores it:
#   ``signal.signal(signal.SIGINT, signal.SIG_IGN)``.
# * What :func:`ndpipe.Pipe` guarantees: :doc:`/reference/connection`.
#
# Next: :doc:`plot_15_fill_your_own_array`.
