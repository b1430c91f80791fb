"""
When the other side dies
========================

You will write a ``recv`` that never hangs, however the child ends, and that reports the exit code.
First, real processes end in each way there is, and the table shows what the one that is left
receives.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/when_the_other_side_dies.svg"
# sphinx_gallery_child_may_fail
import multiprocessing
from multiprocessing.connection import wait

import ndpipe
from ndpipe.experiments.endings import after_the_end, after_the_parent
from ndpipe.tasks import send_then

LAST = "killed inside a message"

# %%
# The child's task
# ----------------
# It sends one small array, and then ends in one of four ways. ``SIGKILL`` is what the system sends
# to a process when memory runs out:
#
# .. task-source:: ndpipe.tasks.endings.send_then
#
# Four endings, two parents
# -------------------------
# A careful parent closes its copy of the child's end, a careless one keeps it, as most first
# attempts do. Both wait until the child has ended, take the array, and receive once more.
# :func:`~ndpipe.experiments.endings.after_the_end` does that, and ends what would wait for ever:

if __name__ == "__main__":
    endings = "closes", "exits with 3", "killed between messages", LAST
    careful = [after_the_end(ending, keep_copy=False) for ending in endings]
    careless = [after_the_end(ending, keep_copy=True) for ending in endings]
    print(f"{'the child':25}{'copy kept open':17}copy closed")
    for row in zip(endings, careless, careful, strict=True):
        print("{:25}{:17}{}".format(*row))

# %%
# The careless parent waits for ever, whatever happened: the system takes an end for alive as long
# as any process holds a copy of it. The careful one always learns of it. Between messages, a clean
# end and a violent one look the same; inside a message :func:`ndpipe.Pipe` also says how much is
# lost:

if __name__ == "__main__":
    counted = after_the_end(LAST, keep_copy=False, pipe=ndpipe.Pipe)
    print(counted)

# %%
# Mail left unread
# ----------------
# One more error to expect: where the side that went away had not read all that was sent to it,
# :exc:`ConnectionResetError` comes in the place of :exc:`EOFError`. It is an :exc:`OSError`:

if __name__ == "__main__":
    here, there = multiprocessing.Pipe()
    here.send("unread")
    there.close()
    try:
        here.recv()
    except ConnectionResetError as error:
        reset = repr(error)
    here.close()
    print(reset)

# %%
# The parent is killed
# --------------------
# The rule holds for children too. A child that keeps a copy of its parent's end, as every forked
# one does until it closes it, does not learn that its parent has died:
#
# .. task-source:: ndpipe.tasks.endings.await_end

if __name__ == "__main__":
    orphans = [after_the_parent(keep_copy=keep) for keep in (True, False)]
    print("an orphan that keeps a copy: ", orphans[0])
    print("an orphan that closed it:    ", orphans[1])

# %%
# A receive that never hangs
# --------------------------
# Close the ends you do not use, wait for the connection and the process together, take what is
# there, and explain the rest:


def receive(conn, child, seconds):
    """Return the child's next object, or raise what became of the child."""
    if not wait([conn, child.sentinel], timeout=seconds):
        raise TimeoutError(f"nothing came in {seconds} s")
    try:
        if conn.poll():  # what was sent before the end comes first
            return conn.recv()
    except (EOFError, OSError):
        pass
    child.join(timeout=5)
    raise ChildProcessError(f"the child's exit code: {child.exitcode}")


# %%

if __name__ == "__main__":
    here, there = multiprocessing.Pipe()
    args = (there, here, "killed between messages")
    child = multiprocessing.Process(target=send_then, args=args)
    child.start()
    there.close()
    print("received", receive(here, child, seconds=60))
    try:
        receive(here, child, seconds=60)
    except ChildProcessError as error:
        explained = repr(error)
    here.close()
    print(explained)

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    broken = "OSError('got end of file during message')"
    assert careful == ["EOFError()", "EOFError()", "EOFError()", broken]
    assert careless == ["waits for ever"] * 4
    assert counted.startswith("OSError('end of file after ")
    assert reset.startswith("ConnectionResetError(")
    assert orphans == ["waits for ever", "EOFError()"]
    assert "the child's exit code: -9" in explained

# %%
# In practice
# -----------
# * From the symptoms: :ref:`EOFError <symptom-eof>`, :ref:`recv never raises EOFError
#   <symptom-no-eof>`, :ref:`the child is killed, and the parent waits for ever <symptom-killed>`,
#   :ref:`BrokenPipeError or ConnectionResetError <symptom-broken-pipe>`.
# * A peer that dies between the length of a message and its first byte looks like a clean end to
#   the standard ``recv``. To a ``send``, every end is a :exc:`BrokenPipeError`.
# * ``receive`` has one gap: a child that lives and stops in the middle of a message. That takes
#   :doc:`a deadline <plot_05_poll_is_not_a_timeout>`.
# * The exit code is negative where a signal ended the child: -9 is ``SIGKILL``, most often sent by
#   the system because memory ran out; its log says so.
# * All errors of :func:`ndpipe.Pipe`: :doc:`/reference/connection`. Tasks:
#   :func:`ndpipe.tasks.send_then`, :func:`ndpipe.tasks.start_and_die`.
#
# Next: :doc:`plot_05_poll_is_not_a_timeout`.
