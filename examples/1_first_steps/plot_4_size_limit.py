"""
How large may an array be?
==========================

Two limits are often quoted: the documentation of multiprocessing warns that objects of about 32 MiB
and more may raise :exc:`ValueError`, and older Pythons failed at 2 GiB. This page sends arrays of
growing size through a standard Pipe, past both, and lets the machine that builds it answer.
"""

# sphinx_gallery_thumbnail_number = 1
import matplotlib.pyplot as plt

from ndpipe import describe_machine, format_bytes, probe_sizes

# %%
# The probe
# ---------
# :func:`ndpipe.probe.probe_sizes` sends each array to a child of its own and compares checksums
# made on both sides. It looks at the free memory before each, and stops rather than bring the
# machine down; then the last line says what was missing. Notice what happens at 33 MiB, and at the
# end:

if __name__ == "__main__":
    results = []
    for result in probe_sizes():
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
        size = format_bytes(result.nbytes)
        parent = result.parent_growth_bytes / result.nbytes
        child = result.child_growth_bytes / result.nbytes
        print(f"{size:>9}  {result.receive_seconds:7.3f} s", end="")
        print(f"   parent +{parent:.1f} x   child +{child:.1f} x")

# %%
# The same as a picture. If one of the limits were there, a line would end at its mark:

if __name__ == "__main__":
    sizes = [result.nbytes for result in arrived]
    seconds = [result.receive_seconds for result in arrived]
    parent = [result.parent_growth_bytes for result in arrived]
    child = [result.child_growth_bytes for result in arrived]
    figure, axes = plt.subplots(2, sharex=True, figsize=(7, 6))
    figure.set_layout_engine("constrained")
    above, below = axes
    top = format_bytes(sizes[-1])
    figure.suptitle(f"A Pipe took arrays of up to {top}, at a price in memory")
    above.loglog(sizes, seconds, "o-", color="#0072B2")
    above.set_ylabel("time until received (seconds)")
    below.loglog(sizes, parent, "o-", color="#D55E00", label="parent, sending")
    below.loglog(sizes, child, "s--", color="#009E73", label="child, receiving")
    below.set_xlabel("size of the array")
    below.set_ylabel("growth of peak memory (bytes)")
    below.legend(frameon=False)
    for part in axes:
        for limit in (2**25, 2**31):
            part.axvline(limit, color="0.5", linestyle=":")
    above.secondary_xaxis("top").set_xticks([2**25, 2**31], ["32 MiB", "2 GiB"])
    below.set_xticks([2**20, 2**25, 2**30], ["1 MiB", "32 MiB", "1 GiB"])
    figure.supxlabel(str(describe_machine()), fontsize=7)

# %%
# The answer
# ----------

if __name__ == "__main__":
    largest = max(sizes)
    refused = [result for result in results if not result.arrived]
    print(f"The largest array that arrived intact has {format_bytes(largest)}.")
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
