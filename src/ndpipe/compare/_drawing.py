"""Lines and bars of a comparison, drawn into axes."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ndpipe._system.units import format_bytes
from ndpipe.compare._interval import Interval
from ndpipe.compare._measurement import Measurement
from ndpipe.compare._style import BACKGROUND, INK, finish, line_style, title
from ndpipe.compare.ranking import MAIN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_bars", "draw_speeds"]


def draw_speeds(axes: "Axes", measurements: Iterable[Measurement]) -> None:
    """Draw speed against size, a line for each transport.

    The transports of `MAIN` have their colours, their intervals and their names; if there are
    others, these are grey lines behind them.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    measurements : iterable of Measurement
        Of one direction; those with an error are left out.
    """
    lines: dict[str, list[tuple[int, Interval]]] = {}
    for m in sorted(measurements, key=lambda m: m.nbytes):
        if m.speed is not None:
            lines.setdefault(m.transport, []).append((m.nbytes, m.speed))
    front = [name for name in lines if name in MAIN] or list(lines)
    axes.set_xscale("log")
    axes.set_yscale("log")
    for transport, points in lines.items():
        x, y = [nbytes for nbytes, _ in points], [speed.value for _, speed in points]
        if transport not in front:
            axes.plot(x, y, color=BACKGROUND, linewidth=0.8, zorder=1)
            continue
        below = [speed.value - speed.low for _, speed in points]
        above = [speed.high - speed.value for _, speed in points]
        style = {"linewidth": 1.6, "markersize": 4, "elinewidth": 0.9, "capsize": 2}
        axes.errorbar(x, y, [below, above], **line_style(transport), **style)  # type: ignore[arg-type]  # of several types
    sizes = sorted({nbytes for points in lines.values() for nbytes, _ in points})
    axes.set_xticks(sizes, [format_bytes(nbytes, decimal=True) for nbytes in sizes], rotation=30)
    axes.minorticks_off()
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xlabel(
        "size of the array" + (" (grey: other ways)" if len(front) < len(lines) else "")
    )
    axes.set_ylabel("GB/s")
    finish(axes)
    if front:
        ends = {name: (lines[name][-1][0], lines[name][-1][1].value) for name in front}
        _name_lines(axes, ends)


def _name_lines(axes: "Axes", ends: Mapping[str, tuple[int, float]]) -> None:
    """Write the names beside the right ends of lines, without overlap."""
    import numpy as np

    low, high = axes.get_ylim()
    names = sorted(ends, key=lambda name: ends[name][1])
    wanted = [np.log(ends[name][1] / low) / np.log(high / low) for name in names]
    # As near to the line's end as a distance between names allows: first up, then back down.
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
            title(name),
            xy=ends[name],
            xytext=(1.07, place),
            textcoords="axes fraction",
            va="center",
            fontsize=8,
            color=INK,
            arrowprops={
                "arrowstyle": "-",
                "color": line_style(name)["color"],
                "linewidth": 0.9,
                "shrinkA": 1,
                "shrinkB": 3,
                "relpos": (0, 0.5),
            },
        )


def draw_bars(axes: "Axes", values: Mapping[str, Interval | float], unit: str) -> None:
    """Draw one bar for each transport, from the top, with its value and its interval.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    values : mapping of str to (Interval or float)
        From the name of a transport to the length of its bar.
    unit : str
        Unit of the values, for the axis.
    """
    names = list(values)
    intervals = [Interval(v, v, v) if isinstance(v, int | float) else v for v in values.values()]
    lengths = [interval.value for interval in intervals]
    whiskers = [[i.value - i.low for i in intervals], [i.high - i.value for i in intervals]]
    colours = [line_style(name)["color"] for name in names]
    bars = axes.barh(range(len(names)), lengths, height=0.7, color=colours)
    if any(map(sum, whiskers)):
        axes.errorbar(
            lengths, range(len(names)), xerr=whiskers, fmt="none", ecolor=INK, elinewidth=0.9
        )
    # One reading, without an interval, has two digits; what is no hundredth is nothing.
    texts = [
        v.rounded()[0] if isinstance(v, Interval) else f"{v:.2g}" if v >= 0.01 else "0"
        for v in values.values()
    ]
    for bar, interval, text in zip(bars, intervals, texts, strict=True):
        middle = bar.get_y() + bar.get_height() / 2
        axes.annotate(
            text,
            (interval.high, middle),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=INK,
        )
    axes.set_yticks(range(len(names)), [title(name) for name in names])
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel(unit)
    finish(axes)
    axes.grid(visible=False, axis="y")
