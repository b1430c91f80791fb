"""The look of all pictures: one colour for each transport, a light and a dark ground.

The colours are those of Okabe and Ito (*Color Universal Design*, 2008), which people with any
colour vision can tell apart. A family of transports has one colour.
"""

import textwrap
from typing import TYPE_CHECKING, Any, Literal

from ndpipe._system.machine import Machine
from ndpipe.transports import TRANSPORTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "BACKGROUND",
    "COLOURS",
    "INK",
    "finish",
    "line_style",
    "new_figure",
    "set_theme",
    "title",
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
    "at start": "#000000",
}
INK, PAPER, GRID, BACKGROUND = "#222222", "#ffffff", "#dddddd", "#bbbbbb"
_DARK = {
    INK: "#e6e6e6",
    PAPER: "#131416",
    GRID: "#35383d",
    BACKGROUND: "#5c6066",
    "#000000": "#fffffe",
    "#767676": "#9a9a9a",
    "#0072b2": "#3d9bd6",
}
_LINES = ["-", "--", "-.", ":"]
_MARKERS = ["o", "s", "^", "D"]


def title(transport: str) -> str:
    """Return the name of a transport in a picture."""
    return TRANSPORTS[transport].info.title if transport in TRANSPORTS else transport


def line_style(transport: str) -> dict[str, Any]:
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
    >>> from ndpipe.compare.plots import line_style
    >>> line_style("pipe")["color"] == line_style("pipe-simplex")["color"]
    True
    >>> line_style("pipe")["linestyle"] == line_style("pipe-simplex")["linestyle"]
    False
    """
    if transport not in TRANSPORTS:
        return {"color": COLOURS["baseline"], "linestyle": ":", "marker": "x"}
    family = TRANSPORTS[transport].info.family
    relatives = [name for name, kind in TRANSPORTS.items() if kind.info.family == family]
    turn, line = divmod(relatives.index(transport), len(_LINES))
    marker = _MARKERS[(line + turn) % len(_MARKERS)]
    return {"color": COLOURS[family], "linestyle": _LINES[line], "marker": marker}


def new_figure(machine: Machine, height: float, figure: "Figure | None" = None) -> "Figure":
    """Return a figure with the machine written under it.

    Parameters
    ----------
    machine : Machine
        The machine of the measurements.
    height : float
        In inches. The width is 5 inches, at which text is legible when a page shows 400 pixels.
    figure : matplotlib.figure.Figure, optional
        The figure to use, such as ``pyplot.figure()``, which a gallery page shows.

    Returns
    -------
    matplotlib.figure.Figure
        Add axes with ``subplots``.
    """
    from matplotlib.figure import Figure as NewFigure

    figure = figure or NewFigure()
    figure.set_size_inches(5, height)
    figure.set_layout_engine("constrained")
    figure.set_facecolor(PAPER)
    # A line ends between two facts and not within one.
    facts = str(machine).replace(" ", "\N{NO-BREAK SPACE}").replace(",\N{NO-BREAK SPACE}", ", ")
    caption = "\n".join(textwrap.wrap(facts, 72))
    figure.supxlabel(caption, fontsize=7.5, color=INK, x=0.02, ha="left")
    return figure


def finish(axes: "Axes") -> None:
    """Give axes the look of all pictures."""
    axes.set_facecolor(PAPER)
    axes.grid(visible=True, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=8)
    axes.title.set_color(INK)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(INK)
        label.set_fontsize(9)
    for side, spine in axes.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set_color(INK)


def set_theme(figure: "Figure", theme: Literal["light", "dark"]) -> None:
    """Change the ground, the text and the lines of a figure for a light or a dark page.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Drawn by the functions of :mod:`ndpipe.compare.plots`, or in their colours.
    theme : {"light", "dark"}
    """
    from matplotlib.colors import to_hex

    change = _DARK if theme == "dark" else {new: old for old, new in _DARK.items()}
    for artist in figure.findobj():
        for name in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
            get: Any = getattr(artist, f"get_{name}", None)
            put: Any = getattr(artist, f"set_{name}", None)
            if get is None or put is None:
                continue
            colours = get()
            # A collection has an array of colours; here they are all the same.
            colour = colours[0] if getattr(colours, "ndim", 1) == 2 and len(colours) else colours
            try:
                old = to_hex(colour)
            except (TypeError, ValueError):
                continue  # none, or the colour of another part
            if old in change and to_hex(colour, keep_alpha=True)[7:] != "00":
                put(change[old])
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_tick_params(
                colors=_DARK[INK] if theme == "dark" else INK,
                grid_color=_DARK[GRID] if theme == "dark" else GRID,
            )
