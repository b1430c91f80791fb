"""Pictures of a comparison, the same on the command line and on the site.

Each function needs matplotlib: ``python -m pip install 'ndpipe[plot]'``.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ndpipe._system.units import format_bytes
from ndpipe.compare._drawing import draw_bars, draw_speeds
from ndpipe.compare._interval import Interval
from ndpipe.compare._measurement import DIRECTION_NAMES, Measurement
from ndpipe.compare._style import (
    COLOURS,
    INK,
    line_style,
    new_figure,
    set_theme,
    title,
)
from ndpipe.compare.ranking import groups, rank
from ndpipe.compare.results import Comparison
from ndpipe.transports import Direction

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "COLOURS",
    "describe_speeds",
    "draw_bars",
    "draw_speeds",
    "line_style",
    "new_figure",
    "plot_bars",
    "plot_speeds",
    "save_speeds",
    "set_theme",
]


def plot_speeds(comparison: Comparison, direction: Direction = "to-child") -> "Figure":
    """Show speed against size in a pyplot figure.

    Parameters
    ----------
    comparison : Comparison
    direction : {"to-child", "from-child"}, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib import pyplot as plt

    figure = new_figure(comparison.machine, 4.2, plt.figure())
    figure.suptitle(f"How fast an array gets from {DIRECTION_NAMES[direction]}", fontsize=11)
    draw_speeds(figure.subplots(), comparison.select(direction=direction).measurements)
    return figure


def plot_bars(
    comparison: Comparison, values: Mapping[str, Interval | float], heading: str, unit: str
) -> "Figure":
    """Show one bar for each transport in a pyplot figure.

    Parameters
    ----------
    comparison : Comparison
        Names the machine.
    values : mapping of str to (Interval or float)
        From the name of a transport to the length of its bar.
    heading : str
        The title.
    unit : str
        Unit of the values, for the axis.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib import pyplot as plt

    figure = new_figure(comparison.machine, 0.9 + 0.24 * len(values), plt.figure())
    figure.suptitle(heading, fontsize=11)
    draw_bars(figure.subplots(), values, unit)
    return figure


def describe_speeds(measurements: Iterable[Measurement]) -> str:
    """Return the content of :func:`draw_speeds` in words, for people who cannot see it.

    Parameters
    ----------
    measurements : iterable of Measurement

    Returns
    -------
    str
        A sentence for each direction and size, the fastest first.

    Examples
    --------
    >>> from ndpipe.compare import Measurement
    >>> from ndpipe.compare.plots import describe_speeds
    >>> describe_speeds([Measurement("pipe", "to-child", 10**6, "fork", seconds=0.002,
    ...                              samples=((0.002,) * 8,) * 3)])
    '1 MB, parent to child, in GB/s: Pipe 0.5 (0.3 to 0.7).'
    """
    sentences = []
    for (nbytes, direction), group in groups(measurements).items():
        measured = [entry.measurement for entry in rank(group) if entry.place]
        speeds = ", ".join(f"{title(m.transport)} {m.speed}" for m in measured)
        if speeds:
            size = format_bytes(nbytes, decimal=True)
            sentences.append(f"{size}, {DIRECTION_NAMES[direction]}, in GB/s: {speeds}.")
    return " ".join(sentences)


def save_speeds(comparison: Comparison, path: Path) -> None:
    """Draw the speeds of a comparison, a panel for each direction, into a file.

    Parameters
    ----------
    comparison : Comparison
    path : pathlib.Path
        Its suffix is the format: ``.svg``, ``.png`` or ``.pdf``.

    Raises
    ------
    ModuleNotFoundError
        If matplotlib is not installed; ``pip install 'ndpipe[plot]'`` brings it.
    """
    measured = [m for m in comparison.measurements if m.speed is not None]
    directions = [way for way in DIRECTION_NAMES if any(m.direction == way for m in measured)]
    several = len({m.nbytes for m in measured}) > 1
    bars = max((len(group) for group in groups(measured).values()), default=1)
    panel = 4.2 if several else 1.0 + 0.25 * bars
    figure = new_figure(comparison.machine, 0.4 + panel * len(directions))
    panels = figure.subplots(max(1, len(directions)), squeeze=False)[:, 0]
    for axes, direction in zip(panels, directions, strict=False):
        group = [m for m in measured if m.direction == direction]
        name = DIRECTION_NAMES[direction]
        axes.set_title(f"How fast an array gets from {name}", fontsize=10, loc="left")
        if several:
            draw_speeds(axes, group)
        else:
            speeds = {e.measurement.transport: e.measurement.speed for e in rank(group)}
            size = format_bytes(group[0].nbytes, decimal=True)
            draw_bars(axes, {k: v for k, v in speeds.items() if v}, f"GB/s, array of {size}")
        axes.title.set_color(INK)
    words = describe_speeds(measured)
    kept = {".svg": {"Description": words}, ".png": {"Description": words}}
    figure.savefig(path, dpi=160, metadata=kept.get(path.suffix, {"Subject": words}))
