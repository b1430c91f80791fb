"""An interval holds the figure of another run, and shows the digits that it supports."""

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndpipe.compare import Interval
from ndpipe.compare._interval import median_interval


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval(11.83, 10.4, 13.9), "12 (10 to 14)"),
        (Interval(11.83, 11.81, 11.86), "11.8 (11.8 to 11.9)"),
        (Interval(59.3, 31, 80), "60 (30 to 80)"),
        (Interval(0.513, 0.49, 0.55), "0.51 (0.49 to 0.55)"),
        (Interval(1234, 1000, 1300), "1200 (1000 to 1300)"),
        (Interval(9.96, 9.5, 10.4), "10.0 (9.5 to 10.4)"),
        (Interval(2, 0.1, 90), "2 (0.1 to 90)"),
    ],
)
def test_digits_follow_the_interval(interval: Interval, text: str) -> None:
    """Limits are rounded outwards, and no digit is smaller than half the width."""
    assert str(interval) == text


@given(st.floats(0.001, 1e6), st.floats(1.0001, 10), st.floats(1.0001, 10))
def test_what_is_printed_contains_the_interval(value: float, below: float, above: float) -> None:
    """Rounding never makes an interval look narrower."""
    interval = Interval(value, value / below, value * above)
    _, low, high = map(float, interval.rounded())
    assert low <= interval.low * (1 + 1e-9)
    assert high >= interval.high * (1 - 1e-9)


@pytest.mark.parametrize("rounds", [2, 6, 10])
@pytest.mark.parametrize("within", [0.03, 0.3])
def test_the_interval_holds_the_figure_of_another_run(rounds: int, within: float) -> None:
    """In all but a few of a thousand pairs of runs, whose processes differ too."""
    source = random.Random(0)

    def run() -> Interval:
        passes = [
            [source.lognormvariate(process, within) for _ in range(rounds)]
            for process in (source.gauss(0, 0.08) for _ in range(3))
        ]
        interval = median_interval(passes)
        assert interval.value == statistics.median(value for one in passes for value in one)
        return interval

    pairs = [(run(), run()) for _ in range(1000)]
    held = sum(one.low <= other.value <= one.high for one, other in pairs)
    assert held >= 997


def test_more_rounds_make_it_narrower_and_more_passes_do_so_more() -> None:
    """However many rounds there are, processes differ."""
    spreads = [median_interval([[1.0] * n]).spread for n in (1, 2, 5, 50, 500, 5000)]
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[-1] == pytest.approx(spreads[-2], rel=0.1)
    assert median_interval([[1.0] * 5] * 10).spread < spreads[-1]


def test_passes_that_disagree_widen_it() -> None:
    """Beyond the median of each, unless there are many others."""
    agree, disagree = median_interval([[1.0] * 9] * 3), median_interval([[1.0] * 9, [2.0] * 9])
    assert disagree.low < 1 < 2 < disagree.high
    assert agree.high < 1.5 < disagree.high


def test_an_empty_pass_says_nothing() -> None:
    """As it is where a transport took no part in it."""
    assert median_interval([[], [1.0, 2.0]]) == median_interval([[1.0, 2.0]])
