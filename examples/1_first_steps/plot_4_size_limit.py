"""
How large may an array be?
==========================

Two limits are often quoted: the documentation of multiprocessing warns that objects of about 32 MiB
and more may raise :exc:`ValueError`, and older Pythons failed at 2 GiB. This page sends arrays of
growing size through a standard Pipe, past both, and lets the machine that builds it answer.
"""

# sphinx_gallery_thumbnail_number = 1
from ndpipe import format_bytes, probe_sizes
from ndpipe.experiments.sizes import describe_cost, plot_costs

# %%
# The probe
# ---------
# :func:`ndpipe.probe.probe_sizes` sends each array to a child of its own and compares checksums
# made on both sides. It looks at the free memory before each, and stops rather than bring the
# machine down; then the last line says what was missing. Notice what happens at 33 MiB, and at the
# end:

if __name__ == "__main__":
    results = []
    for result in probe_sizes([n * 2**20 for n in (1, 8, 32, 33, 256, 2112)]):
        results.append(result)
        print(f"{format_bytes(result.nbytes):>9}  {result.outcome}")

# %%
# What it costs
# -------------
# Time grows with size, and so does memory, on both sides: the sender holds a copy of the array's
# bytes and the pickle made of them, the receiver the pickle and the bytes that it unpacks. These
# are the peaks above what each process had before, in multiples of the array:

if __name__ == "__main__":
    arrived = [result for result in results if result.arrived]
    for result in arrived:
        print(describe_cost(result))

# %%
# The same as a picture. If one of the limits were there, a line would end at its mark:

if __name__ == "__main__":
    largest = arrived[-1].nbytes
    size = format_bytes(largest)
    plot_costs(arrived, f"A Pipe took arrays of up to {size}; what it cost")

# %%
# The answer
# ----------

if __name__ == "__main__":
    refused = [result for result in results if not result.arrived]
    print(f"The largest array that arrived intact has {size}.")
    if not refused:
        print("No size was refused: the probe ended at its largest.")
    for result in refused:
        print(f"{format_bytes(result.nbytes)}: {result.outcome}")

# %%
# What changes at 2 GiB is the header: a length of up to 2\ :sup:`31` - 1 bytes takes 4 bytes, a
# larger one 12.

if __name__ == "__main__":
    for result in arrived[-2:]:
        more = result.wire_bytes - result.nbytes
        print(f"{format_bytes(result.nbytes):>9}  {more} bytes more")

# %%
# What this page claimed, checked on every build:

if __name__ == "__main__":
    assert largest > 32 * 1024**2
    assert all(result.outcome.startswith("not tried") for result in refused)
    headers = {r.nbytes > 2**31: r.wire_bytes - r.nbytes for r in arrived}
    assert headers.get(True, headers[False] + 8) == headers[False] + 8

# %%
# In practice
# -----------
# * The 32 MiB come from the C implementation that Windows had until Python 3.2; today's code raises
#   no :exc:`ValueError` for a size. Python 3.8 removed the 2 GiB limit. On Windows, limits of the
#   system remain.
# * What remains is memory, for the array and the copies counted above, and time.
# * On your machine: ``python -m ndpipe probe``, and ``--max-size 512MiB`` for a shorter walk.
#
# When something goes wrong: :doc:`/symptoms`. Next:
# :doc:`/auto_examples/2_in_practice/plot_15_fill_your_own_array`.
