"""The order of transports: which is faster, which are tied, and from which size."""

from collections.abc import Iterable
from dataclasses import dataclass

from ndpipe.compare._interval import Interval
from ndpipe.compare._measurement import Measurement
from ndpipe.transports import Direction

__all__ = ["MAIN", "REFERENCE", "Ranked", "faster_from", "groups", "rank"]

#: The transport that the others are compared with: the standard Pipe.
REFERENCE = "pipe"

#: The transports that people choose between: in front in plots, and measured most often.
MAIN = ("ndpipe", "shared-memory", "pipe", "queue", "mapped-file", "pool-result")


def groups(
    measurements: Iterable[Measurement],
) -> dict[tuple[int, Direction], list[Measurement]]:
    """Group measurements that can be compared with one another: same size, same direction.

    Parameters
    ----------
    measurements : iterable of Measurement

    Returns
    -------
    dict
        From (bytes, direction) to a list of Measurement, in their order.

    Examples
    --------
    >>> from ndpipe.compare import Measurement
    >>> from ndpipe.compare.ranking import groups
    >>> both = [Measurement("pipe", d, 80, "fork") for d in ("to-child", "from-child")]
    >>> list(groups(both))
    [(80, 'to-child'), (80, 'from-child')]
    """
    found: dict[tuple[int, Direction], list[Measurement]] = {}
    for measurement in measurements:
        found.setdefault((measurement.nbytes, measurement.direction), []).append(measurement)
    return found


@dataclass(frozen=True)
class Ranked:
    """A measurement in the order of its group.

    Attributes
    ----------
    measurement : Measurement
    place : int or None
        1 is the fastest. Transports with one place are tied. None after an error.
    speedup_vs_pipe : Interval or None
        How many times as fast as the standard Pipe; None where either was not measured.
    """

    measurement: Measurement
    place: int | None
    speedup_vs_pipe: Interval | None


def rank(measurements: Iterable[Measurement]) -> list[Ranked]:
    """Return the measurements of one group, the fastest first, errors last.

    Two transports are tied if their intervals overlap: those of the ratio to the standard Pipe,
    or those of the speed where the Pipe was not measured.

    Parameters
    ----------
    measurements : iterable of Measurement
        From one run, of one size and direction.

    Returns
    -------
    list of Ranked

    Examples
    --------
    >>> from ndpipe.compare import Measurement
    >>> from ndpipe.compare.ranking import rank
    >>> def made(name, seconds):
    ...     passes = ((seconds,) * 8,) * 3
    ...     return Measurement(name, "to-child", 80, "fork", seconds=seconds, samples=passes)
    >>> group = [made("pipe", 0.5), made("ndpipe", 0.125), made("queue", 0.51)]
    >>> [(ranked.measurement.transport, ranked.place) for ranked in rank(group)]
    [('ndpipe', 1), ('pipe', 2), ('queue', 2)]
    """
    ordered = sorted(measurements, key=lambda m: (m.seconds is None, m.seconds or 0.0))
    reference = next((m for m in ordered if m.transport == REFERENCE), None)
    ranked: list[Ranked] = []
    leader: Interval | None = None  # the fastest of those that are tied
    for number, measurement in enumerate(ordered, 1):
        ratio = measurement.times_as_fast_as(reference) if reference else None
        figure = ratio or measurement.speed
        place = None
        if figure is not None:
            tied = leader is not None and leader.overlaps(figure)
            place = ranked[-1].place if tied else number
            leader = leader if tied else figure
        ranked.append(Ranked(measurement, place, ratio))
    return ranked


def faster_from(measurements: Iterable[Measurement], transport: str, other: str) -> int | None:
    """Return the size from which one transport is faster than another, at all larger ones too.

    Parameters
    ----------
    measurements : iterable of Measurement
        From one run and in one direction.
    transport, other : str
        Names of transports.

    Returns
    -------
    int or None
        The smallest of the measured sizes, in bytes; None if they are tied, or it is slower, at
        the largest.
    """
    found = None
    for (nbytes, _), group in sorted(groups(measurements).items()):
        by_name = {m.transport: m for m in group}
        if transport not in by_name or other not in by_name:
            continue
        ratio = by_name[transport].times_as_fast_as(by_name[other])
        if ratio is None:
            continue
        if ratio.low <= 1:
            found = None
        elif found is None:
            found = nbytes
    return found
