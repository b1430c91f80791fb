"""Arrays of growing size through a standard Pipe: what they cost, and whether a limit ends them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ndpipe._system.machine import describe_machine
from ndpipe._system.units import format_bytes
from ndpipe.compare._style import COLOURS, INK, finish, new_figure
from ndpipe.probe import ProbeResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["describe_cost", "plot_costs"]

#: The limits that are often quoted: of the documentation, and of Python before 3.8.
QUOTED = {"32 MiB": 2**25, "2 GiB": 2**31}


def describe_cost(result: ProbeResult) -> str:
    """Describe in a line how long one array took, and how much memory beside itself.

    Parameters
    ----------
    result : ProbeResult
        Of an array that arrived.

    Returns
    -------
    str
        Size, seconds until it was received, and the growth of each process's peak memory in
        multiples of the array.

    Examples
    --------
    >>> from ndpipe.experiments.sizes import describe_cost
    >>> from ndpipe.probe import ProbeResult
    >>> grown = dict(parent_growth_bytes=16_000_000, child_growth_bytes=24_000_000)
    >>> describe_cost(ProbeResult(8_000_000, "arrived intact", receive_seconds=0.5, **grown))
    ' 7.63 MiB    0.500 s   parent +2.0 x   child +3.0 x'
    """
    parent = (result.parent_growth_bytes or 0) / result.nbytes
    child = (result.child_growth_bytes or 0) / result.nbytes
    return (
        f"{format_bytes(result.nbytes):>9}  {result.receive_seconds:7.3f} s"
        f"   parent +{parent:.1f} x   child +{child:.1f} x"
    )


def plot_costs(results: Sequence[ProbeResult], heading: str) -> "Figure":
    """Draw time and memory over size in a pyplot figure, with the quoted limits as marks.

    Parameters
    ----------
    results : sequence of ProbeResult
        Of arrays that arrived.
    heading : str
        The title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib import pyplot as plt

    figure = new_figure(describe_machine(), 4.8, plt.figure())
    figure.suptitle(heading, fontsize=11, color=INK)
    above, below = figure.subplots(2, sharex=True)
    sizes = [result.nbytes for result in results]
    parent = [result.parent_growth_bytes for result in results]
    child = [result.child_growth_bytes for result in results]
    above.loglog(sizes, [r.receive_seconds for r in results], "o-", color=COLOURS["pipe"])
    above.set_ylabel("until received (s)")
    below.loglog(sizes, parent, "o-", color=COLOURS["ndpipe"], label="parent, sending")
    below.loglog(sizes, child, "s--", color=COLOURS["shared memory"], label="child, receiving")
    below.set_ylabel("growth of memory (bytes)")
    below.set_xlabel("size of the array")
    below.legend(frameon=False, fontsize=8, labelcolor=INK)
    for axes in (above, below):
        finish(axes)
        for limit in QUOTED.values():
            axes.axvline(limit, color=COLOURS["baseline"], linestyle=":")
    for name, limit in QUOTED.items():
        place = above.get_xaxis_transform()
        above.text(limit, 1, name, transform=place, ha="center", va="bottom", fontsize=8, color=INK)
    below.set_xticks([2**20, 2**25, 2**30], ["1 MiB", "32 MiB", "1 GiB"])
    below.set_xticks([], minor=True)
    return figure
