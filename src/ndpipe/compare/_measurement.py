"""The measurement of one transport, with one size, in one direction."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ndpipe.compare._interval import Interval, median_interval
from ndpipe.compare._sample import Sample
from ndpipe.transports import Direction

__all__ = ["DIRECTION_NAMES", "Measurement"]

#: The directions in words.
DIRECTION_NAMES: dict[Direction, str] = {
    "to-child": "parent to child",
    "from-child": "child to parent",
}

_Passes = tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True)
class Measurement:
    """Transfers of arrays of one size, in one direction, through one transport.

    Times are medians over `repeats` transfers; first transfers do not count.

    Attributes
    ----------
    transport : str
        Its name, a key of :data:`ndpipe.transports.TRANSPORTS`.
    direction : {"to-child", "from-child"}
        Parent to child, or child to parent.
    nbytes : int
        Size of the array in bytes.
    start_method : str
        How the child was started.
    repeats : int
        Number of transfers that were timed.
    error : str or None
        The reason why there is no result; the figures below are None then.
    verified : bool
        Whether the receiver's checksum was the sender's, every time.
    seconds : float or None
        Time from the start of `send` until the receiver has read the last byte.
    first_quartile_seconds, third_quartile_seconds : float or None
        Half of the transfers took a time between the two.
    gigabytes_per_second : float or None
        Throughput in GB/s: ``nbytes / seconds / 1e9``.
    read_seconds : float or None
        The part of `seconds` in which the receiver reads the array.
    first_seconds : float or None
        Time of the first transfer, which usually is the first use of all memory.
    overhead_seconds : float or None
        The part of `seconds` that the harness itself adds.
    startup_seconds : float or None
        Time from the start of the child until its task ran; not in `seconds`. None without a child.
    sender_cpu_seconds, receiver_cpu_seconds : float or None
        Processor time of each process: all threads, user and kernel mode. A third process, such
        as the server of a manager, does not count.
    sender_growth_bytes, receiver_growth_bytes : int or None
        Growth of the peak resident memory of each process, from before the transport is opened to
        the end of its first transfer. The array that is sent does not count. Memory that two
        processes share counts in each of them.
    samples : tuple of tuple of (float or None)
        The time of each transfer, in seconds: a tuple for each pass, in it an element for each
        round; None where the transport took no part in a round.
    """

    transport: str
    direction: Direction
    nbytes: int
    start_method: str
    repeats: int = 0
    error: str | None = None
    verified: bool = False
    seconds: float | None = None
    first_quartile_seconds: float | None = None
    third_quartile_seconds: float | None = None
    gigabytes_per_second: float | None = None
    read_seconds: float | None = None
    first_seconds: float | None = None
    overhead_seconds: float | None = None
    startup_seconds: float | None = None
    sender_cpu_seconds: float | None = None
    receiver_cpu_seconds: float | None = None
    sender_growth_bytes: int | None = None
    receiver_growth_bytes: int | None = None
    samples: _Passes = ()

    def with_samples(self, passes: Sequence[Sequence[Sample | None]]) -> "Measurement":
        """Return this measurement with the times of verified transfers.

        Parameters
        ----------
        passes : sequence of sequence of (Sample or None)
            At least one sample; None where the transport took no part in a round.

        Returns
        -------
        Measurement
        """
        samples = [sample for one in passes for sample in one if sample is not None]

        def median(name: str) -> float | None:
            values = [getattr(sample, name) for sample in samples]
            return None if None in values else statistics.median(values)

        seconds = [sample.seconds for sample in samples]
        quartiles = statistics.quantiles([*seconds, *seconds], n=4, method="inclusive")
        return replace(
            self,
            repeats=len(samples),
            verified=True,
            seconds=statistics.median(seconds),
            first_quartile_seconds=quartiles[0],
            third_quartile_seconds=quartiles[2],
            gigabytes_per_second=self.nbytes / statistics.median(seconds) / 1e9,
            **{
                f"{name}_seconds": median(f"{name}_seconds")
                for name in ("read", "overhead", "startup", "sender_cpu", "receiver_cpu")
            },  # type: ignore[arg-type]  # mypy takes the names for any field's
            samples=tuple(tuple(s.seconds if s else None for s in one) for one in passes),
        )

    @property
    def speed(self) -> Interval | None:
        """Throughput in GB/s with its interval; None after an error."""
        passes = [[self.nbytes / s / 1e9 for s in one if s] for one in self.samples]
        return median_interval(passes) if any(passes) else None

    @property
    def copies(self) -> float | None:
        """Growth of the peak memory of both processes, in multiples of the array."""
        if self.sender_growth_bytes is None or self.receiver_growth_bytes is None:
            return None
        return (self.sender_growth_bytes + self.receiver_growth_bytes) / self.nbytes

    @property
    def cpu_seconds_per_gigabyte(self) -> float | None:
        """Processor time of both processes, in seconds for 10**9 bytes."""
        if self.sender_cpu_seconds is None or self.receiver_cpu_seconds is None:
            return None
        return (self.sender_cpu_seconds + self.receiver_cpu_seconds) / self.nbytes * 1e9

    def times_as_fast_as(self, other: "Measurement") -> Interval | None:
        """Return how many times as fast this transport is as another, with the interval.

        Parameters
        ----------
        other : Measurement
            From the same run, with the same size and direction: transfers of one round are compared
            with each other, so that a slow moment of the machine changes both.

        Returns
        -------
        Interval or None
            None after an error of either, and where they had no round in common.
        """
        ratios = [
            [theirs / ours for ours, theirs in zip(*pair, strict=False) if ours and theirs]
            for pair in zip(self.samples, other.samples, strict=False)
        ]
        return median_interval(ratios) if any(ratios) else None
