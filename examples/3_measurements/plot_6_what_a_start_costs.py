"""
What does a process start cost?
===============================

Before a child can receive anything it has to exist. How long that takes depends on the
:term:`start method`, on what the child imports, and on its arguments: a large array in ``args`` is
sent too, unless the child is forked.
"""

# sphinx_gallery_thumbnail_number = 1
import importlib
import os

import numpy as np

from ndpipe.experiments.startup import plot_starts, start_costs

if __name__ == "__main__":
    bare, numpy = (os.getpid,), (importlib.import_module, "numpy")
    large = (id, np.ones(12_500_000))
    cases = {"bare": bare, "import NumPy": numpy, "100 MB in args": large}
    costs = start_costs(cases)
    plot_starts(costs, "A forked child has NumPy and the array already")

# %%
# In milliseconds, and in brackets where another run is expected:

if __name__ == "__main__":
    for case, by_method in costs.items():
        for method, cost in by_method.items():
            print(f"{case:15} {method:11} {cost} ms")

# %%
# How it is measured
# ------------------
# From the call of ``start`` until the child has ended: with nothing to do, with NumPy to import
# (which a forked child has already), and with an array of 100 MB in ``args``. A fork takes the
# longer the more memory the parent has in use. The methods take turns:
#
# .. literalinclude:: /../src/ndpipe/experiments/startup.py
#    :pyobject: seconds_to_run
#    :no-docstring:
#
# What this page claimed, checked on every build beyond the intervals:

if __name__ == "__main__":
    for case in ("import NumPy", "100 MB in args"):
        fork = costs[case].pop("fork", None)
        for other in costs[case].values():
            assert fork is None or fork.high < other.low

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
# Next: :doc:`plot_7_start_methods_and_pythons`.
