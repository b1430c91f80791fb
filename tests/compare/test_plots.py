"""Pictures can be read: names apart from one another, colours that keep their meaning."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex, to_rgb
from matplotlib.text import Annotation

from ndpipe._system.machine import describe_machine
from ndpipe.compare import Comparison, Interval, Measurement, _style
from ndpipe.compare.plots import (
    COLOURS,
    describe_speeds,
    draw_speeds,
    line_style,
    new_figure,
    plot_bars,
    save_speeds,
    set_theme,
)
from ndpipe.compare.ranking import MAIN
from ndpipe.transports import TRANSPORTS

OTHERS = tuple(name for name in TRANSPORTS if name not in MAIN)
SIZES = (10**6, 32 * 10**6, 8 * 10**8)


@pytest.fixture(scope="module", autouse=True)
def _fonts() -> None:
    """Let matplotlib open its fonts, which it keeps open."""
    figure = new_figure(describe_machine(), 2)
    draw_speeds(figure.subplots(), _made({"pipe": 1.0}))
    figure.draw_without_rendering()


def _made(speeds: dict[str, float]) -> list[Measurement]:
    return [
        Measurement(
            *(name, "to-child", nbytes, "fork", 6, None, True),
            seconds=nbytes / speed / 1e9,
            gigabytes_per_second=speed,
            samples=((nbytes / speed / 1e9,) * 8,) * 3,
        )
        for nbytes in SIZES
        for name, speed in speeds.items()
    ]


def test_each_transport_of_a_large_family_has_a_style_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One colour, and a line and a marker that no other transport of the family has together."""
    names = [str(number) for number in range(12)]
    monkeypatch.setattr(_style, "TRANSPORTS", dict.fromkeys(names, TRANSPORTS["pipe"]))
    styles = [line_style(name) for name in names]
    assert {style["color"] for style in styles} == {COLOURS["pipe"]}
    assert len({(style["linestyle"], style["marker"]) for style in styles}) == len(names)


@pytest.mark.parametrize("spread", [1.0, 1.02, 1.5], ids=["all alike", "close", "apart"])
@pytest.mark.parametrize("names", [tuple(TRANSPORTS), OTHERS], ids=["main in front", "no main"])
def test_names_do_not_overlap_and_stay_in_the_picture(
    names: tuple[str, ...], spread: float
) -> None:
    """The labels of the lines in front are legible, however close their lines end."""
    speeds = {name: 0.3 * spread**number for number, name in enumerate(names)}
    comparison = Comparison.of(_made(speeds))
    figure = new_figure(comparison.machine, 4.6)
    axes = figure.subplots()
    draw_speeds(axes, comparison.measurements)
    figure.draw_without_rendering()
    boxes = [
        text.get_window_extent()
        if not isinstance(text, Annotation)
        # The text without its line.
        else super(Annotation, text).get_window_extent()
        for text in axes.texts
    ]
    assert len(boxes) == (len(MAIN) if set(MAIN) <= set(names) else len(names))
    boxes.sort(key=lambda box: box.y0)
    for lower, upper in itertools.pairwise(boxes):
        assert upper.y0 - lower.y0 >= 0.85 * lower.height
    for box in boxes:
        assert 0 <= box.x0 < box.x1 <= figure.bbox.width
        assert axes.bbox.y0 - box.height < box.y0 < axes.bbox.y1
    # Shown 400 pixels wide it is scaled by 80 pixels an inch; letters of 8 points are read there.
    assert min(text.get_fontsize() for text in axes.texts) * 80 / 72 >= 8


def test_a_transport_has_a_line_style_of_its_own_and_the_colour_of_its_family() -> None:
    """No two transports are drawn alike."""
    styles = {name: tuple(line_style(name).values()) for name in TRANSPORTS}
    assert len(set(styles.values())) == len(TRANSPORTS)
    assert set(COLOURS) == {kind.info.family for kind in TRANSPORTS.values()}
    for name, kind in TRANSPORTS.items():
        assert line_style(name)["color"] == COLOURS[kind.info.family]
    assert len(set(COLOURS.values())) == len(COLOURS)


def test_every_colour_stands_out_from_the_ground() -> None:
    """The contrast of each colour with white is at least 2."""
    for family, colour in COLOURS.items():
        red, green, blue = (
            c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)
        )
        contrast = 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
        assert contrast >= 2, family


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
@pytest.mark.parametrize("sizes", [1, 3])
def test_a_picture_is_saved_with_its_words(suffix: str, sizes: int, tmp_path: Path) -> None:
    """The description in words is metadata of the file."""
    chosen = [m for m in _made({"pipe": 0.5, "ndpipe": 5.0}) if m.nbytes in SIZES[:sizes]]
    failed = Measurement("queue", "from-child", 10**6, "fork", 0, "it broke")
    path = tmp_path / f"speeds{suffix}"
    save_speeds(Comparison.of([*chosen, failed]), path)
    content = path.read_bytes()
    if suffix != ".pdf":  # which is compressed
        words = f"1 MB, parent to child, in GB/s: ndpipe.Pipe {chosen[1].speed}, Pipe 0.5"
        assert words.encode() in content
    if suffix == ".svg":
        assert b"fill: #ffffff" in content


def test_words_leave_out_what_failed() -> None:
    """An error has no speed to describe."""
    assert describe_speeds([Measurement("queue", "from-child", 10**6, "fork", 0, "broke")]) == ""


def _colours(figure: Any) -> set[str]:
    image = np.asarray(figure.canvas.buffer_rgba())[::2, ::2, :3]
    return {to_hex(pixel / 255) for pixel in image.reshape(-1, 3)}


def test_a_figure_has_a_dark_and_a_light_theme() -> None:
    """Ground and text change; the colour of ndpipe stays; and back again."""
    speeds = {"ndpipe": Interval(5, 4, 6), "process-argument": Interval(1, 0.9, 1.1)}
    figure = plot_bars(Comparison.of([]), speeds, "Speeds", "GB/s")
    shown = {}
    for theme in ("light", "dark", "light"):
        set_theme(figure, theme)
        figure.canvas.draw()
        shown[theme] = _colours(figure)
    plt.close(figure)
    assert "#ffffff" in shown["light"]
    assert "#ffffff" not in shown["dark"] - {"#fffffe"}
    assert "#131416" in shown["dark"] - shown["light"]
    assert COLOURS["ndpipe"].lower() in shown["dark"] & shown["light"]
    assert "#000000" not in shown["dark"]
