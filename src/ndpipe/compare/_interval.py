"""A figure with its uncertainty: the interval of the median, and the digits that it supports."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Interval", "median_interval"]

# What another run may find, in standard deviations. A site states some two hundred ratios, and each
# is to hold in the next builds too: of normal deviations, one in 16,000 is larger.
_REACH = 4.0
# Standard deviations of the logarithm of a ratio of times, calibrated on records of one machine:
# from process to process, and from transfer to transfer.
_BETWEEN, _WITHIN = 0.08, 0.3
# So many values more of a figure's own would say as much about its variance as all others do.
_WEIGHT = 4


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
    Values of one pass have causes in common that a run cannot see, such as the place of its memory:
    passes vary, and so do the values in them. There are few of both, which say little about their
    own variance. So it is estimated from them and from the variance that is usual for figures of
    this kind, as is done where many figures have few repeats each (G. K. Smyth, *Linear models and
    empirical Bayes methods for assessing differential expression in microarray experiments*,
    Statistical Applications in Genetics and Molecular Biology 3, 2004). Another run has the same
    uncertainty, so the interval is wider by the square root of 2, as for the difference of two
    runs.

    Examples
    --------
    >>> from ndpipe.compare._interval import median_interval
    >>> print(median_interval([[1.0, 1.2, 1.1, 0.9], [1.1, 1.3, 1.1, 1.0]]))
    1.1 (0.6 to 1.8)
    """
    middle = statistics.median(value for one in passes for value in one)
    logs = [[math.log(value) for value in one] for one in passes if one]
    medians = [statistics.median(one) for one in logs]
    k, n = len(logs), sum(map(len, logs))
    squares = sum(
        (log - median) ** 2 for one, median in zip(logs, medians, strict=True) for log in one
    )
    within = (_WEIGHT * _WITHIN**2 + squares) / (_WEIGHT + n - k)
    usual = _BETWEEN**2 + within * k / n
    squares = sum((median - statistics.fmean(medians)) ** 2 for median in medians)
    variance = (_WEIGHT * usual + squares) / (_WEIGHT + k - 1)
    factor = math.exp(_REACH * math.sqrt(2 * variance / k))
    return Interval(middle, middle / factor, middle * factor)
