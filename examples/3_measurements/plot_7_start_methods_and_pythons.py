"""
Does it depend on the start method, or on Python?
=================================================

A pipe is the same pipe under every :term:`start method`; what differs is how the child came to be,
and which memory it has. Newer Pythons read in smaller pieces (3.13.1) and pickle with protocol 5
(3.14). This page measures the main ratio under all that this machine has.
"""

# sphinx_gallery_thumbnail_path = "_static/thumbnails/start_methods_and_pythons.svg"
from ndpipe.experiments.record import describe_elsewhere, elsewhere

if __name__ == "__main__":
    comparisons = elsewhere()
    print(describe_elsewhere(comparisons))

# %%
# Each row is a run of its own, of the same three transports with arrays of 32 MB. Rows whose
# intervals overlap do not differ.
#
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert len(comparisons) >= 1
    assert all(m.verified for c in comparisons for m in c.measurements)

# %%
# In practice
# -----------
# * The start method decides what a *start* costs: :doc:`plot_6_what_a_start_costs`.
# * To measure another Python: install ndpipe there, and run ``python -m ndpipe compare``.
#
# Next: :doc:`/explanation/choose`.
