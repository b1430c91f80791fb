"""The result of a comparison: its measurements, and the questions that they answer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version

from ndpipe._system.machine import Machine, describe_machine
from ndpipe._system.units import format_bytes
from ndpipe.compare._interval import Interval
from ndpipe.compare._measurement import DIRECTION_NAMES, Measurement
from ndpipe.compare.ranking import Ranked, faster_from, rank
from ndpipe.compare.tables import format_table
from ndpipe.transports import Direction

__all__ = ["Comparison"]


@dataclass(frozen=True)
class Comparison:
    """The measurements of one run, with the machine.

    Attributes
    ----------
    machine : Machine
        The machine of the measurements.
    date : str
        Date and time in UTC, in the format of ISO 8601.
    version : str
        Version of ndpipe.
    measurements : tuple of Measurement

    Examples
    --------
    >>> from ndpipe.compare import compare
    >>> comparison = compare(["pipe", "ndpipe"], [80_000], repeat=3)
    >>> len(comparison.select("pipe").measurements)
    2
    >>> comparison.speed("pipe", 80_000).value > 0
    True
    >>> comparison.ratio("pipe", "pipe", 80_000).value
    1.0
    """

    machine: Machine
    date: str
    version: str
    measurements: tuple[Measurement, ...]

    @classmethod
    def of(
        cls, measurements: Iterable[Measurement], start_method: str | None = None
    ) -> "Comparison":
        """Combine measurements that were made here and now.

        Parameters
        ----------
        measurements : iterable of Measurement
        start_method : str, optional
            The start method in use, where it is not the default.

        Returns
        -------
        Comparison
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(describe_machine(start_method), now, version("ndpipe"), tuple(measurements))

    def select(
        self,
        *transports: str,
        nbytes: int | None = None,
        direction: Direction | None = None,
    ) -> "Comparison":
        """Return the part of a comparison that has these transports, this size and direction.

        Parameters
        ----------
        *transports : str
            Names; all transports where there are none.
        nbytes : int, optional
        direction : {"to-child", "from-child"}, optional

        Returns
        -------
        Comparison
        """
        return self.where(
            lambda m: (
                (not transports or m.transport in transports)
                and nbytes in (None, m.nbytes)
                and direction in (None, m.direction)
            )
        )

    def where(self, condition: Callable[[Measurement], bool]) -> "Comparison":
        """Return the part of a comparison whose measurements fulfil a condition.

        Parameters
        ----------
        condition : callable
            Called with each Measurement.

        Returns
        -------
        Comparison
        """
        return replace(self, measurements=tuple(filter(condition, self.measurements)))

    def find(self, transport: str, nbytes: int, direction: Direction = "to-child") -> Measurement:
        """Return one measurement.

        Parameters
        ----------
        transport : str
        nbytes : int
        direction : {"to-child", "from-child"}, optional

        Returns
        -------
        Measurement

        Raises
        ------
        LookupError
            If there is none, or if it has an error.
        """
        found = self.select(transport, nbytes=nbytes, direction=direction).measurements
        where = f"{transport} at {format_bytes(nbytes, decimal=True)}, {DIRECTION_NAMES[direction]}"
        if not found:
            raise LookupError(f"not measured: {where}")
        if found[0].speed is None:
            raise LookupError(f"{where}: {found[0].error}")
        return found[0]

    def speed(self, transport: str, nbytes: int, direction: Direction = "to-child") -> Interval:
        """Return the throughput of a transport in GB/s.

        Parameters
        ----------
        transport : str
        nbytes : int
        direction : {"to-child", "from-child"}, optional

        Returns
        -------
        Interval

        Raises
        ------
        LookupError
            If it was not measured.
        """
        return self.find(transport, nbytes, direction).speed  # type: ignore[return-value]  # `find` refuses None

    def ratio(
        self, transport: str, other: str, nbytes: int, direction: Direction = "to-child"
    ) -> Interval:
        """Return how many times as fast one transport is as another.

        Parameters
        ----------
        transport, other : str
        nbytes : int
        direction : {"to-child", "from-child"}, optional

        Returns
        -------
        Interval

        Raises
        ------
        LookupError
            If one of them was not measured.
        """
        one, two = (self.find(name, nbytes, direction) for name in (transport, other))
        ratio = one.times_as_fast_as(two)
        if ratio is None:
            raise LookupError(f"{transport} and {other} were not measured in one run")
        return ratio

    def values(self, name: str, nbytes: int, direction: Direction = "to-child") -> dict[str, float]:
        """Return one figure of all transports, the smallest first.

        Parameters
        ----------
        name : str
            An attribute of :class:`Measurement`, such as ``copies``.
        nbytes : int
        direction : {"to-child", "from-child"}, optional

        Returns
        -------
        dict
            From the name of a transport to its figure; without errors.
        """
        chosen = self.select(nbytes=nbytes, direction=direction).measurements
        found = {m.transport: getattr(m, name) for m in chosen if m.verified}
        return dict(sorted(found.items(), key=lambda item: item[1]))

    def describe_ratio(
        self, transport: str, other: str, nbytes: int, direction: Direction = "to-child"
    ) -> str:
        """Return the ratio of two transports as a sentence.

        Parameters
        ----------
        transport, other : str
        nbytes : int
        direction : {"to-child", "from-child"}, optional

        Returns
        -------
        str
            It says so where the two are tied.

        Examples
        --------
        >>> from ndpipe.compare import compare
        >>> comparison = compare(["pipe", "queue"], [80_000], repeat=3)
        >>> comparison.describe_ratio("queue", "pipe", 80_000)
        'queue is ... times (... to ...) as fast as pipe at 80 kB, parent to child...'
        """
        ratio = self.ratio(transport, other, nbytes, direction)
        value, low, high = ratio.rounded()
        where = f"{format_bytes(nbytes, decimal=True)}, {DIRECTION_NAMES[direction]}"
        words = f"{value} times ({low} to {high}) as fast as"
        tied = ratio.overlaps(Interval(1, 1, 1))
        return f"{transport} is {words} {other} at {where}{': tied' if tied else ''}"

    def is_faster(
        self, transport: str, other: str, nbytes: int, direction: Direction = "to-child"
    ) -> bool:
        """Return whether one transport is faster than another, beyond the interval.

        Parameters
        ----------
        transport, other : str
        nbytes : int
        direction : {"to-child", "from-child"}, optional

        Returns
        -------
        bool
            False if they are tied.
        """
        return self.ratio(transport, other, nbytes, direction).low > 1

    def faster_from(
        self, transport: str, other: str, direction: Direction = "to-child"
    ) -> int | None:
        """Return the size from which one transport is faster than another, at all larger ones too.

        Parameters
        ----------
        transport, other : str
        direction : {"to-child", "from-child"}, optional

        Returns
        -------
        int or None
            The smallest of the measured sizes, in bytes; None if they are tied, or it is slower,
            at the largest.
        """
        return faster_from(self.select(direction=direction).measurements, transport, other)

    def rank(self, nbytes: int, direction: Direction = "to-child") -> list[Ranked]:
        """Return the measurements of one size and direction, the fastest first.

        Parameters
        ----------
        nbytes : int
        direction : {"to-child", "from-child"}, optional

        Returns
        -------
        list of Ranked
        """
        return rank(self.select(nbytes=nbytes, direction=direction).measurements)

    def table(self) -> str:
        """Return all measurements as text, in 80 columns, a table for each size and direction."""
        return format_table(self.measurements)
