"""
What does a process start cost?
===============================

Before a child can receive anything it has to exist. How long that takes depends on the
:term:`start method`, on what the child imports, and on what it is given as arguments: a large array
in ``args`` is sent too, unless the child is forked.
"""

# sphinx_gallery_thumbnail_number = 1
import importlib
import multiprocessing
import os
import statistics

import matplotlib.pyplot as plt
import numpy as np

from ndpipe import describe
from ndpipe.startup import seconds_to_run

# %%
# Measure
# -------
# From the call of ``start`` until the child has ended: with nothing to do, with NumPy to import
# (which a forked child has already), and with an array of 100 MB in ``args``. A fork takes the
# longer the more memory the parent has in use. The methods take turns:

if __name__ == "__main__":
    array = np.ones(12_500_000)
    cases = {
        "bare": (os.getpid,),
        "import NumPy": (importlib.import_module, "numpy"),
        "100 MB in args": (id, array),
    }
    methods = multiprocessing.get_all_start_methods()
    times = {(method, case): [] for case in cases for method in methods}
    if "forkserver" in methods:
        seconds_to_run("forkserver")  # the server's own start is paid once, and not here
    for _ in range(5):
        for method, case in times:
            times[method, case].append(seconds_to_run(method, *cases[case]))
    median = {key: statistics.median(values) for key, values in times.items()}

# %%
# The medians:

if __name__ == "__main__":
    print(f"{'':12}", *(f"{case:>15}" for case in cases))
    for method in methods:
        print(f"{method:12}", *(f"{median[method, case] * 1000:12.1f} ms" for case in cases))

# %%
# As a picture:

if __name__ == "__main__":
    figure, axes = plt.subplots(figsize=(6.5, 3.2), layout="constrained")
    figure.suptitle("A forked child gets its arguments for nothing", fontsize=11)
    for number, case in enumerate(cases):
        places = [row + (number - 1) * 0.27 for row in range(len(methods))]
        colour = ("#0072B2", "#56B4E9", "#D55E00")[number]
        values = [median[m, case] * 1000 for m in methods]
        bars = axes.barh(places, values, 0.25, color=colour, label=case)
        axes.bar_label(bars, fmt="{:.0f} ms", padding=3, fontsize=8)
    axes.set_yticks(range(len(methods)), methods)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_xlabel("from start() until the child has ended (ms)")
    axes.legend(frameon=False)
    figure.supxlabel(str(describe()).replace(", Python", ",\nPython"), fontsize=7)

# %%
# What this page claimed, checked on every build: a forked child starts sooner than a spawned one,
# whatever it is given.

if __name__ == "__main__":
    for case in cases:
        assert "fork" not in methods or median["fork", case] < median["spawn", case]

# %%
# In practice
# -----------
# * A spawned child of a *script* first imports that script, and so all that it imports: run this
#   page as one, and "bare" is no longer bare. Import what only the parent needs under the guard.
# * Keep a child for many arrays, and send them: that is what a pipe, or a pool, is for.
# * Under spawn and forkserver ``start`` writes the arguments to the child before it returns
#   (`cpython#96953 <https://github.com/python/cpython/issues/96953>`__).
# * A child that is forked from a process with threads may hang; that is why the default changed in
#   Python 3.14.
#
# Next: :doc:`/explanation/choose`.
