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
# It sends one small array, then ends in one of four ways. ``SIGKILL`` is what the system sends when
# memory runs out:
#
# .. task-source:: ndpipe.tasks.endings.send_then
#
# Four endings, two parents
# -------------------------
# A careful parent closes its copy of the child's end, a careless one keeps it, as most first
# attempts do. :func:`~ndpipe.experiments.endings.after_the_end` waits until the child has ended,
# receives the array, receives once more, and ends what would wait for ever:

if __name__ == "__main__":
    endings = "closes", "exits with 3", "killed between messages", LAST
    careful = [after_the_end(ending, keep_copy=False) for ending in endings]
    careless = [after_the_end(ending, keep_copy=True) for ending in endings]
    print(f"{'the child':24}{'copy kept':15}copy closed")
    for row in zip(endings, careless, careful, strict=True):
        print("{:24}{:15}{}".format(*row))

# %%
# The careless parent waits for ever, whatever happened: to the system an end is open as long as any
# process holds a copy of it. The careful one always gets an exception. Two more to expect:
# :func:`ndpipe.Pipe` counts what came of a message, and where the child had not received all that
# was sent to it, :exc:`ConnectionResetError` comes in the place of :exc:`EOFError`:

if __name__ == "__main__":
    counted = after_the_end(LAST, keep_copy=False, pipe=ndpipe.Pipe)
    reset = after_the_end("closes", keep_copy=False, unread="some mail")
    print(counted, reset, sep="\n")

# %%
# The parent is killed
# --------------------
# The rule holds for children too. A forked child has a copy of its parent's end. Until it closes
# that, its parent's death goes unnoticed:
#
# .. task-source:: ndpipe.tasks.endings.await_end

if __name__ == "__main__":
    orphans = [after_the_parent(keep_copy=keep) for keep in (True, False)]
    print("an orphan with a copy:", orphans[0], "- and without:", orphans[1])

# %%
# A receive that never hangs
# --------------------------
# Close the ends that you do not use, wait for the connection and the process together, take what is
# there, and report the exit code:


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
# * A peer that dies between the length of a message and its first byte looks like a clean end to
#   the standard ``recv``. To a ``send``, every end is a :exc:`BrokenPipeError`.
# * ``receive`` has one gap, a child that lives and stops in the middle of a message:
#   :doc:`plot_05_poll_is_not_a_timeout`.
# * Where a signal ended the child, the exit code is negative: -9 is ``SIGKILL``.
# * All errors of :func:`ndpipe.Pipe`: :doc:`/reference/connection`.
#
# Next: :doc:`plot_05_poll_is_not_a_timeout`.
