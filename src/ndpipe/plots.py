"""Pictures of measurements, the same on the command line and on the site.

A transport keeps its colour, line and marker from picture to picture: the colour is that of its
family, and the eight are those of Okabe and Ito (*Color Universal Design*, 2008), which people
with any colour vision can tell apart. They were chosen for white. No set of eight reads well on
white and on near-black, so a picture has a white ground of its own; the site's dark theme turns
its pictures over, hues kept.

Each function needs matplotlib: ``python -m pip install 'ndpipe[plot]'``.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ndpipe.compare import Measurement
from ndpipe.machine import Machine
from ndpipe.records import Comparison, groups, rank
from ndpipe.transports import TRANSPORTS
from ndpipe.units import format_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "COLOURS",
    "describe_speeds",
    "draw_bars",
    "draw_speeds",
    "look",
    "new_figure",
    "save_speeds",
]

#: The colour of each family of transports.
COLOURS = {
    "baseline": "#767676",
    "pipe": "#0072B2",
    "ndpipe": "#D55E00",
    "queue": "#56B4E9",
    "shared memory": "#009E73",
    "file": "#E69F00",
    "server": "#CC79A7",
    "birth": "#000000",
}
_LINES = ["-", "--", "-.", ":"]
_MARKERS = ["o", "s", "^", "D"]
_INK = "#222222"
_WAYS = {"to-child": "parent to child", "from-child": "child to parent"}


def look(transport: str) -> dict[str, Any]:
    """Return how a transport is drawn, as keyword arguments of matplotlib's ``plot``.

    Parameters
    ----------
    transport : str
        A name; one that is not in :data:`ndpipe.transports.TRANSPORTS` is drawn as a baseline.

    Returns
    -------
    dict
        Colour, line style and marker.

    Examples
    --------
    >>> from ndpipe.plots import look
    >>> look("pipe")["color"] == look("pipe-simplex")["color"]
    True
    >>> look("pipe")["linestyle"] == look("pipe-simplex")["linestyle"]
    False
    """
    if transport not in TRANSPORTS:
        return {"color": COLOURS["baseline"], "linestyle": ":", "marker": "x"}
    family = TRANSPORTS[transport].facts.family
    kin = [name for name, kind in TRANSPORTS.items() if kind.facts.family == family]
    number = kin.index(transport)
    return {"color": COLOURS[family], "linestyle": _LINES[number], "marker": _MARKERS[number]}


def _title(transport: str) -> str:
    return TRANSPORTS[transport].facts.title if transport in TRANSPORTS else transport


def new_figure(machine: Machine, height: float, figure: "Figure | None" = None) -> "Figure":
    """Return a figure with a white ground and the machine written under it.

    Parameters
    ----------
    machine : Machine
        What the measurements were made on.
    height : float
        In inches. The width is 5 inches, at which text is legible when a page shows 400 pixels.
    figure : matplotlib.figure.Figure, optional
        One to use, such as ``pyplot.figure()``, which a gallery page picks up by itself.

    Returns
    -------
    matplotlib.figure.Figure
        Its axes are yours to add, with ``subplots``.
    """
    import textwrap

    from matplotlib.figure import Figure as NewFigure

    figure = figure or NewFigure()
    figure.set_size_inches(5, height)
    figure.set_layout_engine("constrained")
    figure.set_facecolor("white")
    # A line ends between two facts and not within one.
    facts = str(machine).replace(" ", "\N{NO-BREAK SPACE}").replace(",\N{NO-BREAK SPACE}", ", ")
    caption = "\n".join(textwrap.wrap(facts, 72))
    figure.supxlabel(caption, fontsize=7.5, color=_INK, x=0.02, ha="left")
    return figure


def draw_speeds(axes: "Axes", measurements: Iterable[Measurement]) -> None:
    """Draw speed against size, one line a transport, each with its name beside it.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    measurements : iterable of Measurement
        Of one direction; those with an error are left out.
    """
    lines: dict[str, list[tuple[int, float]]] = {}
    for m in measurements:
        if m.gigabytes_per_second is not None:
            lines.setdefault(m.transport, []).append((m.nbytes, m.gigabytes_per_second))
    axes.set_xscale("log")
    axes.set_yscale("log")
    sizes = sorted({nbytes for points in lines.values() for nbytes, _ in points})
    for transport, points in lines.items():
        x, y = zip(*sorted(points), strict=True)
        axes.plot(x, y, linewidth=1.4, markersize=3.5, **look(transport))
    axes.set_xticks(sizes, [format_bytes(nbytes, decimal=True) for nbytes in sizes], rotation=30)
    axes.minorticks_off()
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("size of the array")
    axes.set_ylabel("GB/s")
    _finish(axes)
    if lines:
        _name_lines(axes, {name: max(points) for name, points in lines.items()})


def _name_lines(axes: "Axes", ends: Mapping[str, tuple[int, float]]) -> None:
    """Write the names beside the right ends of lines, apart from one another."""
    import numpy as np

    low, high = axes.get_ylim()
    names = sorted(ends, key=lambda name: ends[name][1])
    wanted = [np.log(ends[name][1] / low) / np.log(high / low) for name in names]
    # As near to where they belong as a distance between them allows: first up, then back down.
    step = min(0.056, 1 / max(1, len(names) - 1))
    places: list[float] = []
    for place in wanted:
        places.append(max(place, places[-1] + step) if places else max(place, 0.0))
    top = 1.0
    for number in reversed(range(len(places))):
        places[number] = top = min(places[number], top)
        top -= step
    for name, place in zip(names, places, strict=True):
        axes.annotate(
            _title(name),
            xy=ends[name],
            xytext=(1.07, place),
            textcoords="axes fraction",
            va="center",
            fontsize=8,
            color=_INK,
            arrowprops={
                "arrowstyle": "-",
                "color": look(name)["color"],
                "linewidth": 0.9,
                "shrinkA": 1,
                "shrinkB": 3,
                "relpos": (0, 0.5),
            },
        )


def draw_bars(axes: "Axes", values: Mapping[str, float], unit: str) -> None:
    """Draw one bar a transport, in the order given, from the top, with its value at its end.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    values : mapping of str to float
        From the name of a transport to what its bar shows.
    unit : str
        What the values are, for the axis.
    """
    names = list(values)
    bars = axes.barh(
        range(len(names)),
        list(values.values()),
        height=0.7,
        color=[look(name)["color"] for name in names],
    )
    axes.bar_label(bars, fmt="{:.3g}", padding=3, fontsize=8, color=_INK)
    axes.set_yticks(range(len(names)), [_title(name) for name in names])
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel(unit)
    _finish(axes)
    axes.grid(visible=False, axis="y")


def _finish(axes: "Axes") -> None:
    axes.set_facecolor("white")
    axes.grid(visible=True, color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_INK, labelsize=8)
    axes.title.set_color(_INK)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(_INK)
        label.set_fontsize(9)
    for side, spine in axes.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set_color(_INK)


def describe_speeds(measurements: Iterable[Measurement]) -> str:
    """Return in words what :func:`draw_speeds` shows, for those who cannot see it.

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
    >>> from ndpipe.plots import describe_speeds
    >>> describe_speeds([Measurement("pipe", "to-child", 10**6, "fork", 1, None, True, 0.002,
    ...                              gigabytes_per_second=0.5)])
    '1 MB, parent to child, in GB/s: Pipe 0.5.'
    """
    sentences = []
    for (nbytes, direction), group in groups(measurements).items():
        speeds = [
            f"{_title(entry.measurement.transport)} {entry.measurement.gigabytes_per_second:.3g}"
            for entry in rank(group)
            if entry.measurement.gigabytes_per_second is not None
        ]
        if speeds:
            size = format_bytes(nbytes, decimal=True)
            sentences.append(f"{size}, {_WAYS[direction]}, in GB/s: {', '.join(speeds)}.")
    return " ".join(sentences)


def save_speeds(comparison: Comparison, path: Path) -> None:
    """Draw the speeds of a comparison, a panel for each direction, into a file.

    Parameters
    ----------
    comparison : Comparison
    path : pathlib.Path
        Its suffix says in which format: ``.svg``, ``.png`` or ``.pdf``.

    Raises
    ------
    ModuleNotFoundError
        If matplotlib is not installed; ``pip install 'ndpipe[plot]'`` brings it.
    """
    measured = [m for m in comparison.measurements if m.seconds is not None]
    directions = [way for way in _WAYS if any(m.direction == way for m in measured)]
    several = len({m.nbytes for m in measured}) > 1
    bars = max((len(group) for group in groups(measured).values()), default=1)
    panel = 4.2 if several else 1.0 + 0.25 * bars
    figure = new_figure(comparison.machine, 0.4 + panel * len(directions))
    panels = figure.subplots(max(1, len(directions)), squeeze=False)[:, 0]
    for axes, direction in zip(panels, directions, strict=False):
        group = [m for m in measured if m.direction == direction]
        axes.set_title(f"How fast an array gets from {_WAYS[direction]}", fontsize=10, loc="left")
        if several:
            draw_speeds(axes, group)
        else:
            ranked = [entry.measurement for entry in rank(group)]
            speeds = {m.transport: m.gigabytes_per_second or 0.0 for m in ranked}
            size = format_bytes(group[0].nbytes, decimal=True)
            draw_bars(axes, speeds, f"GB/s, array of {size}")
    words = describe_speeds(measured)
    kept = {".svg": {"Description": words}, ".png": {"Description": words}}
    figure.savefig(path, dpi=160, metadata=kept.get(path.suffix, {"Subject": words}))
