"""
Fork, spawn, forkserver
=======================

You will choose a start method and know the traps of each: what a child has from its parent, why a
script needs its guard, why a notebook's functions cannot be found, and what Python 3.14 changes.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/start_methods.svg"
import multiprocessing
import os
import textwrap
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
# the global random numbers. The forked child has all of it. The others are fresh interpreters,
# which import what they need; a forkserver's child is not even made by the parent:

if __name__ == "__main__":
    np.random.seed(0)
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(50)]
    print("the parent's process id:", os.getpid())
    reports = {}
    with np.printoptions(precision=2):
        for method in ("fork", "spawn", "forkserver"):
            reports[method] = child_report(method)
            print(method, "child:")
            for what, value in reports[method].items():
                print(f"   {what:17} {value}")
    for file in files:
        os.close(file)

# %%
# Random numbers that are not
# ---------------------------
# A second forked child draws the numbers of the first: both have a copy of one generator. Give
# each child a generator of its own:

if __name__ == "__main__":
    again = child_report("fork")["random numbers"]
    print("two forked children:", reports["fork"]["random numbers"], again)
    generators = np.random.default_rng(0).spawn(2)
    own = [str(rng.integers(1000, size=3)) for rng in generators]
    print("two generators:     ", *own)

# %%
# A lock that nobody releases
# ---------------------------
# The parent holds a lock while it forks, and releases it at once. The child's copy stays locked
# for ever. Numerical libraries hold such locks in threads of their own, which is why forked
# programs hang now and then:
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
# This program starts a child and has no guard. A spawned child imports it, as a script, and would
# start a child in its turn; Python refuses. In a notebook there is no file to import, and the
# child does not find the function:

TASK = """
import multiprocessing
def task(): pass
"""
START = """
child = multiprocessing.get_context("spawn").Process(target=task)
child.start()
child.join()
"""

if __name__ == "__main__":
    unguarded = last_error(TASK + START)
    typed = last_error(TASK + START, session=True)
    print("script:  ", unguarded.split(".")[0])
    print("notebook:", typed)

# %%
# With the guard, the script runs under every start method. For a notebook, put the function into a
# module, as these pages do:

if __name__ == "__main__":
    guard = 'if __name__ == "__main__":\n'
    guarded = last_error(TASK + guard + textwrap.indent(START, "    "))
    print("guarded: ", guarded or "no error")

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
    assert unguarded.startswith("RuntimeError: An attempt has been made to start")
    assert typed.startswith("AttributeError: Can't get attribute 'task' on")
    assert guarded == ""

# %%
# In practice
# -----------
# * Choose :term:`forkserver` on Linux, :term:`spawn` elsewhere. :term:`fork` starts fastest and
#   needs nothing pickled, and is for programs without threads; Python 3.12 and later warn.
# * Say which: ``multiprocessing.get_context("forkserver")`` has ``Process``, ``Pipe``, ``Queue``.
# * Python 3.14 makes forkserver the default on Linux. A program that counted on inherited
#   variables has to pass them as arguments, or say ``get_context("fork")``.
# * From the symptoms: :ref:`bootstrapping phase <symptom-no-guard>`,
#   :ref:`Can't get attribute <symptom-no-attribute>`,
#   :ref:`use of fork() may lead to deadlocks <symptom-fork>`.
# * What a start costs: :doc:`/auto_examples/3_measurements/plot_6_what_a_start_costs`.
#
# Next: :doc:`/auto_examples/3_measurements/plot_6_what_a_start_costs`, or, for what happens to an
# array on the way, :doc:`/explanation/choose`.
