"""
Fork, spawn, forkserver
=======================

You will choose a start method and know the traps of each: what a child has from its parent, why a
script needs its guard, why a notebook's functions cannot be found, and what Python 3.14 changes.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/start_methods.svg"
import multiprocessing
import os
import threading

import numpy as np

from ndpipe.experiments.inheritance import child_report, last_error
from ndpipe.tasks import try_to_lock

# %%
# What a child has from its parent
# --------------------------------
# A child reports on itself:
#
# .. task-source:: ndpipe.tasks.start_methods.report_inheritance
#
# The parent has opened fifty files, lets NumPy print two digits instead of eight, and has seeded
# the global random numbers:

if __name__ == "__main__":
    np.random.seed(0)
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(50)]
    methods = ("fork", "spawn", "forkserver")
    with np.printoptions(precision=2):
        reports = {method: child_report(method) for method in methods}
    for file in files:
        os.close(file)

# %%
# The forked child has all of it. The others are fresh interpreters, which import what they need; a
# forkserver's child is not even made by the parent:

if __name__ == "__main__":
    print("the parent's process id:", os.getpid())
    for method, report in reports.items():
        print(method, "child:")
        for what, value in report.items():
            print(f"   {what:17} {value}")

# %%
# Random numbers that are not
# ---------------------------
# Both forked children have a copy of one generator. Give each child its own:

if __name__ == "__main__":
    again = child_report("fork")["random numbers"]
    print("two forked children:", reports["fork"]["random numbers"], again)
    generators = np.random.default_rng(0).spawn(2)
    own = [str(each.integers(1000, size=3)) for each in generators]
    print("two generators:     ", *own)

# %%
# A lock that nobody releases
# ---------------------------
# The parent forks while it holds a lock. The child's copy stays locked for ever. Numerical
# libraries hold locks in threads of their own, which is why forked programs hang now and then:
#
# .. task-source:: ndpipe.tasks.start_methods.try_to_lock

if __name__ == "__main__":
    lock, fork = threading.Lock(), multiprocessing.get_context("fork")
    with lock:
        child = fork.Process(target=try_to_lock, args=(lock,))
        child.start()
    child.join(timeout=60)

# %%
# A script without the guard
# --------------------------
# This program starts a child. A spawned child imports it, and without a guard would start a child
# in its turn; Python refuses. A notebook is no file to import, and its functions are not found: put
# them into a module, as these pages do.

PROGRAM = """
import multiprocessing
def task(): pass
if {guard}:
    child = multiprocessing.get_context("spawn").Process(target=task)
    child.start()
    child.join()
"""

# %%

if __name__ == "__main__":
    bare = PROGRAM.format(guard=True)
    unguarded, typed = last_error(bare), last_error(bare, session=True)
    guarded = last_error(PROGRAM.format(guard="__name__ == '__main__'"))
    print(f"script:   {unguarded:.64}")
    print(f"notebook: {typed:.64}")
    print(f"guarded:  {guarded or 'no error'}")

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    forked, spawned, served = reports.values()
    assert forked["parent process"] == spawned["parent process"] == os.getpid()
    assert served["parent process"] != os.getpid()
    assert forked["open descriptors"] > 50 > spawned["open descriptors"]
    assert forked["print precision"] == 2
    assert spawned["print precision"] == served["print precision"] == 8
    assert again == forked["random numbers"] != spawned["random numbers"]
    assert own[0] != own[1]
    assert unguarded.startswith("RuntimeError: An attempt has been made to")
    assert typed.startswith("AttributeError: Can't get attribute 'task' on")
    assert guarded == ""

# %%
# In practice
# -----------
# * Choose :term:`forkserver` on Linux, :term:`spawn` elsewhere. :term:`fork` starts fastest, and is
#   for programs without threads; Python 3.12 and later warn.
# * Say which: ``multiprocessing.get_context("forkserver")`` has ``Process``, ``Pipe``, ``Queue``.
# * Python 3.14 makes forkserver the default on Linux. A program that counts on inherited variables
#   then has to pass them as arguments, or say ``get_context("fork")``.
# * What a start costs: :doc:`/auto_examples/3_measurements/plot_6_what_a_start_costs`.
#
# Next: :doc:`plot_07_what_comes_back`.
