"""The picture of what arrays of growing size cost."""

import pytest

from ndpipe.experiments.sizes import QUOTED, plot_costs
from ndpipe.probe import ARRIVED, ProbeResult

plt = pytest.importorskip("matplotlib.pyplot")


def test_the_picture_marks_the_limits_that_are_quoted() -> None:
    """Time and memory are drawn up to the last size, with a mark at each limit."""
    results = [
        ProbeResult(
            size,
            ARRIVED,
            receive_seconds=size / 1e9,
            parent_growth_bytes=2 * size,
            child_growth_bytes=3 * size,
        )
        for size in (2**20, 2**25, 2**31 + 2**20)
    ]
    figure = plot_costs(results, "What arrays cost")
    above, below = figure.axes
    for axes, lines in (above, 1), (below, 2):
        drawn, marks = axes.lines[:lines], axes.lines[lines:]
        assert all(line.get_xdata()[-1] == results[-1].nbytes for line in drawn)
        assert [line.get_xdata()[0] for line in marks] == list(QUOTED.values())
    assert [text.get_text() for text in above.texts] == list(QUOTED)
    plt.close(figure)
