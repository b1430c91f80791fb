"""
When shared memory breaks
=========================

You will recognise the three ways in which shared memory fails without an exception, by a crash's
exit code or a file that is not there, and write code that none of them can reach.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/shared_memory_breaks.svg"
# sphinx_gallery_child_may_fail
import multiprocessing
import subprocess
import sys
from multiprocessing.shared_memory import SharedMemory

import numpy as np

from ndpipe.experiments.small_shm import fill_too_much
from ndpipe.tasks import read_after_close

# %%
# A segmentation fault
# --------------------
# An array made with ``np.ndarray(buffer=...)`` does not hold its segment open. Reading it after
# ``close`` raises nothing: the memory is gone, and the system ends the process. The exit code is
# minus the number of the signal; 11 is ``SIGSEGV``:
#
# .. task-source:: ndpipe.tasks.sharing.read_after_close

if __name__ == "__main__":
    crashed = multiprocessing.Process(target=read_after_close)
    crashed.start()
    crashed.join(timeout=60)
    print("exit code:", crashed.exitcode)

# %%
# The same happens where a function returns the array and drops the ``SharedMemory``, which closes
# itself. ``np.frombuffer`` is safer: it counts as a user of the buffer, and ``close`` refuses:

if __name__ == "__main__":
    segment = SharedMemory(create=True, size=8000)
    array = np.frombuffer(segment.buf)
    try:
        segment.close()
    except BufferError as error:
        refusal = repr(error)
    print(refusal)
    del array
    segment.close()
    segment.unlink()

# %%
# A bus error
# -----------
# Making a segment reserves nothing. A process that writes more than ``/dev/shm`` has room for is
# ended by signal 7, ``SIGBUS``, far from the line that asked for the memory:
#
# .. task-source:: ndpipe.tasks.sharing.fill_segment
#
# Containers often have 64 MB. Where the system lets a process have a ``/dev/shm`` of its own, as
# some do not, :func:`~ndpipe.experiments.small_shm.fill_too_much` runs this in one of 1 MiB:

if __name__ == "__main__":
    bus_error = fill_too_much()
    print("exit code:", "not run here" if bus_error is None else bus_error)

# %%
# A segment that vanishes
# -----------------------
# A program that only *attaches* to a segment may delete it. Its resource tracker unlinks at the
# program's end what nobody has unlinked, the segments of others too:


def is_kept(attach):
    """Let another program attach to a segment; return whether it stays."""
    segment = SharedMemory(create=True, size=8000)
    code = "from multiprocessing.shared_memory import SharedMemory\n"
    code += f"name = {segment.name!r}\n{attach}.close()"
    program = [sys.executable, "-c", code]
    subprocess.run(program, capture_output=True, timeout=60)
    segment.close()
    try:
        segment.unlink()
    except FileNotFoundError:
        # Make it again, for this program's own tracker to see it unlinked.
        SharedMemory(segment.name, create=True, size=1).unlink()
        return False
    return True


# %%
# Since Python 3.13 ``track=False`` keeps a segment from it:

if __name__ == "__main__":
    kept = is_kept("SharedMemory(name)")
    print("another program attached to it; kept?", kept)
    if sys.version_info >= (3, 13):
        print("kept, untracked?", is_kept("SharedMemory(name, track=False)"))

# %%
# Children of one program share its tracker, so they may attach without harm: hand the segment to
# them over a pipe, as :doc:`plot_11_share_dont_send` does.
#
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert crashed.exitcode in (-11, -10)  # macOS has another number for it
    assert "exported pointers exist" in refusal
    assert bus_error in (None, -7)
    assert not kept

# %%
# In practice
# -----------
# * Keep the ``SharedMemory`` beside its array, in one object that closes both in the right order.
# * Before a large segment, look at the room: ``shutil.disk_usage("/dev/shm")``. A container gets
#   more with ``--shm-size``. :func:`ndpipe.Pipe` needs none.
#
# Next: :doc:`plot_12_to_another_machine`.
