"""
When shared memory breaks
=========================

After this page you can recognise the three ways in which shared memory fails without an exception,
from a crash's exit code or a file that is not there, and write code that none of them can reach.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/shared_memory_breaks.svg"
# sphinx_gallery_child_may_fail
import multiprocessing
import shutil
import subprocess
import sys
from multiprocessing.shared_memory import SharedMemory

import numpy as np

from ndpipe.tasks import read_after_close

# %%
# A segmentation fault
# --------------------
# An array made with ``np.ndarray(buffer=...)`` does not hold its segment open. Reading it after
# ``close`` raises nothing: the memory is gone, and the system ends the process.
#
# .. task-source:: ndpipe.tasks.sharing.read_after_close
#
# The exit code of a child that a signal ended is minus the signal's number; 11 is ``SIGSEGV``:

if __name__ == "__main__":
    crashed = multiprocessing.Process(target=read_after_close)
    crashed.start()
    crashed.join(timeout=60)
    print("exit code:", crashed.exitcode)

# %%
# The same happens where a function returns the array and drops the ``SharedMemory``, which closes
# itself. Keep the two together. ``np.frombuffer`` is the safer way to look at it: it counts as a
# user of the buffer, and ``close`` refuses:

if __name__ == "__main__":
    segment = SharedMemory(create=True, size=8000)
    array = np.frombuffer(segment.buf)
    refusal = None
    try:
        segment.close()
    except BufferError as error:
        print("BufferError:", error)
        refusal = error
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
# some do not, this runs in one of 1 MiB:

if __name__ == "__main__":
    code = "from ndpipe.tasks import fill_segment; fill_segment(4_000_000)"
    shell = "mount -t tmpfs -o size=1m tmpfs /dev/shm && exec "
    shell += f"'{sys.executable}' -c '{code}'"
    bus_error = None
    if shutil.which("unshare"):
        command = ["unshare", "--user", "--map-root-user", "--mount", "sh"]
        command += ["-c", shell]
        small = subprocess.run(command, capture_output=True, timeout=60)
        if small.stdout:  # the mount was allowed
            bus_error = small.returncode
            print(small.stdout.decode().strip())
    print("exit code:", "not run here" if bus_error is None else bus_error)

# %%
# A segment that vanishes
# -----------------------
# A program that only *attaches* to a segment may delete it. Every program has a resource tracker,
# which unlinks at the program's end what it was told of and nobody has unlinked, the segments of
# others too. Since Python 3.13 ``track=False`` keeps a segment from it:


def is_kept(attach):
    """Let another program attach to a segment; return whether it is still there."""
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
    assert "exported pointers exist" in str(refusal)
    assert bus_error in (None, -7)
    assert not kept

# %%
# In practice
# -----------
# * Keep the ``SharedMemory`` beside its array, in one object that closes both in the right order.
# * Before a large segment, look at the room: ``shutil.disk_usage("/dev/shm")``. A container gets
#   more with ``--shm-size``. :func:`ndpipe.Pipe` needs none.
# * In the symptom index: :ref:`symptom-segfault`, :ref:`symptom-bus-error`,
#   :ref:`symptom-leaked`.
#
# Next: :doc:`plot_12_to_another_machine`.
