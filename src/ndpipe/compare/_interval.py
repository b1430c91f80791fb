"""A figure with its uncertainty: the interval of the median, and the digits that it supports."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Interval", "median_interval"]

# A site states some two hundred ratios: at 95 %, the next build would miss ten of them.
_CONFIDENCE = 0.99
# Calibrated on six records of one machine: in pairs of them, 95 to 99 of 100 ratios are each inside
# the other's interval.
_FLOOR = 0.2


@dataclass(frozen=True)
class Interval:
    """A measured figure, and the interval in which another run is expected to find it.

    Attributes
    ----------
    value : float
        The median.
    low, high : float
        Limits of the interval.

    Examples
    --------
    >>> from ndpipe.compare import Interval
    >>> print(Interval(11.83, 10.4, 13.9))
    12 (10 to 14)
    >>> Interval(11.83, 10.4, 13.9).overlaps(Interval(15, 13.5, 17))
    True
    """

    value: float
    low: float
    high: float

    def overlaps(self, other: "Interval") -> bool:
        """Return whether the two intervals have a value in common: the figures are tied."""
        return self.low <= other.high and other.low <= self.high

    @property
    def spread(self) -> float:
        """Half the width, relative to the value: 0.1 means plus or minus 10 percent."""
        return math.sqrt(self.high / self.low) - 1 if self.low > 0 else math.inf

    def rounded(self) -> tuple[str, str, str]:
        """Return value, low and high with the digits that the width supports."""
        half = (self.high - self.low) / 2
        if not half > 0:
            return (f"{self.value:.3g}",) * 3
        # At most three digits of the upper limit, at least the first one of the value.
        last = math.floor(math.log10(self.high)) - 2
        place = min(max(math.floor(math.log10(half)), last), math.floor(math.log10(self.value)))
        unit = 10.0**place
        digits = max(0, -place)
        low, high = math.floor(self.low / unit + 1e-9), math.ceil(self.high / unit - 1e-9)
        value, lower, upper = (
            f"{n * unit:.{digits}f}" for n in (round(self.value / unit), low, high)
        )
        if low == 0 < self.low:  # its own first digit: better than nought
            place = math.floor(math.log10(self.low))
            lower = f"{math.floor(self.low / 10.0**place + 1e-9) * 10.0**place:.{max(0, -place)}f}"
        return value, lower, upper

    def __str__(self) -> str:
        value, low, high = self.rounded()
        return f"{value} ({low} to {high})"


def median_interval(passes: Sequence[Sequence[float]]) -> Interval:
    """Return the median of positive values with its interval.

    Parameters
    ----------
    passes : sequence of sequence of float
        Values of independent passes; a pass may be empty, but not all of them.

    Returns
    -------
    Interval

    Notes
    -----
    It starts from a 99 % confidence interval of the median, whose limits are order statistics: the
    median of the distribution lies between the k-th smallest and the k-th largest of n values
    unless more than n - k of them fall on one side, which has a binomial probability (W. J.
    Conover, *Practical Nonparametric Statistics*, 3.2). Nothing is assumed about the distribution.
    Values of one pass have causes in common that a run cannot see, such as the place of its
    memory, so the interval also covers the median of each pass, and at least 20 % plus 1/n**2.
    Another run has the same uncertainty, so each side is wider by the square root of 2, as for the
    difference of two runs.

    Examples
    --------
    >>> from ndpipe.compare._interval import median_interval
    >>> print(median_interval([[1.0, 1.2, 1.1, 0.9], [1.1, 1.3, 1.1, 1.0]]))
    1.1 (0.8 to 1.5)
    """
    values = sorted(value for one in passes for value in one)
    n = len(values)
    middle = statistics.median(values)
    outside, tail = 0, 0.5**n  # values left out at each end, and the probability of an error
    while 2 * (tail := tail + math.comb(n, outside + 1) * 0.5**n) <= 1 - _CONFIDENCE:
        outside += 1
    medians = [statistics.median(one) for one in passes if one]
    floor = 1 + _FLOOR + 1 / n**2
    low = min(values[outside], *medians, middle / floor)
    high = max(values[n - 1 - outside], *medians, middle * floor)
    another_run = math.sqrt(2)
    low, high = (middle * (limit / middle) ** another_run for limit in (low, high))
    return Interval(middle, low, high)
