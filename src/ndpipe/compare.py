"""Every way to move an array, measured alike.

:func:`compare` moves arrays of random values between a parent and a child process through each
transport in turn, and reports what each took in time, in CPU and in memory of either side.
``python -m ndpipe compare`` is the same as a command.

What is timed: from the moment the sender, which has the array, begins to send it, until the
receiver has read every byte of what arrived. That is the same for all transports but the two that
give the array to a child as it starts: from those, the start of a child without an array is taken
off. Starting
processes, making the array, and cleaning up after it was read are not in that time.
"""

import itertools
import multiprocessing
import statistics
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ndpipe._host import FailedError, Host, Opened
from ndpipe._transfer import Timing, checksum
from ndpipe.interrupts import interrupts_deferred
from ndpipe.memory import available_memory
from ndpipe.transports import DIRECTIONS, Direction, Transport, available, find, obstacle
from ndpipe.units import format_bytes

__all__ = ["DEFAULT_SIZES", "Measurement", "Step", "checksum", "compare"]

#: 1 MB, 8 MB and 32 MB.
DEFAULT_SIZES = (1_000_000, 8_000_000, 32_000_000)

_PROCESS_BYTES = 40 * 1024**2  # a Python with NumPy imported


@dataclass(frozen=True)
class Measurement:
    """What the transfers of arrays of one size, in one direction, through one transport took.

    Times are medians over `repeats` transfers, after one or more that do not count.

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
        Transfers that were timed; fewer than asked for after an interruption or an error.
    error : str or None
        What went wrong, where something did: then what follows is None, but for `verified`.
    verified : bool
        Whether the receiver's checksum over all that it got was the sender's, every time.
    seconds : float or None
        From the sender's begin to the receiver's last byte read.
    first_quartile_seconds, third_quartile_seconds : float or None
        Half of the transfers took a time between the two.
    gigabytes_per_second : float or None
        `nbytes` by `seconds`, in units of 10**9 bytes.
    read_seconds : float or None
        The part of `seconds` in which the receiver read the array that it had got.
    overhead_seconds : float or None
        The part of `seconds` that is the harness's own: the same calls and clock readings without
        an array.
    startup_seconds : float or None
        From the start of the child until its task ran. Not in `seconds`. None where there is no
        child.
    sender_cpu_seconds, receiver_cpu_seconds : float or None
        Processor time of either process, all threads, in user and kernel mode. A third process,
        such as a manager's server, is not in them.
    sender_growth_bytes, receiver_growth_bytes : int or None
        How far the peak resident memory of either process rose, from before the transport was
        set up to the end of its first transfer. The array that is sent was there before.
        Memory that two processes share counts in each of them.
    """

    transport: str
    direction: Direction
    nbytes: int
    start_method: str
    repeats: int
    error: str | None = None
    verified: bool = False
    seconds: float | None = None
    first_quartile_seconds: float | None = None
    third_quartile_seconds: float | None = None
    gigabytes_per_second: float | None = None
    read_seconds: float | None = None
    overhead_seconds: float | None = None
    startup_seconds: float | None = None
    sender_cpu_seconds: float | None = None
    receiver_cpu_seconds: float | None = None
    sender_growth_bytes: int | None = None
    receiver_growth_bytes: int | None = None


@dataclass(frozen=True)
class Step:
    """Where a comparison is: what it is about to do.

    Attributes
    ----------
    transport : str
    direction : {"to-child", "from-child"}
    nbytes : int
        Size of the array in bytes.
    done, total : int
        Steps of the whole comparison: one set-up and `repeat` transfers for each transport,
        direction and size.
    """

    transport: str
    direction: Direction
    nbytes: int
    done: int
    total: int


def compare(
    transports: Iterable[str | type[Transport]] | None = None,
    sizes: Iterable[int] = DEFAULT_SIZES,
    *,
    directions: Iterable[Direction] = DIRECTIONS,
    start_method: str | None = None,
    repeat: int = 5,
    timeout: float = 60.0,
    on_step: Callable[[Step], object] | None = None,
) -> Iterator[Measurement]:
    """Move arrays through each transport and measure what it takes.

    The transports take turns: each does one transfer in every round, so that a machine which
    becomes slower or faster does so for all. The arrays are one-dimensional, dtype float64, filled
    with random values. Every transfer's bytes are verified.

    Parameters
    ----------
    transports : iterable of str or type, optional
        Names from :data:`ndpipe.transports.TRANSPORTS`, or classes of your own that can be
        imported by their names. By default all that can be used here.
    sizes : iterable of int, optional
        Sizes in bytes, rounded down to whole float64 values.
    directions : iterable of {"to-child", "from-child"}, optional
        A transport that has no such direction is left out there.
    start_method : str, optional
        ``fork``, ``spawn`` or ``forkserver``; the default is that of multiprocessing.
    repeat : int, optional
        How many transfers of each are timed.
    timeout : float, optional
        Seconds that one transfer may take before its processes are killed.
    on_step : callable, optional
        Called with a :class:`Step` before each set-up and each transfer.

    Yields
    ------
    Measurement
        In the order of `sizes`, `directions` and `transports`, when all the rounds of a size and
        a direction are done. A transport that fails, or that is not tried because its memory
        would not be there, is a measurement with an `error`. After a KeyboardInterrupt what was
        measured until then is yielded before it is raised again.

    Raises
    ------
    ValueError
        If a name, a size, a direction, a start method or a number is not one.
    ModuleNotFoundError
        If psutil is not installed; ``pip install 'ndpipe[measure]'`` brings it.

    See Also
    --------
    ndpipe.probe.probe_sizes : How large an array gets through a Pipe.

    Examples
    --------
    >>> from ndpipe.compare import compare
    >>> for m in compare(["pipe"], [80_000], repeat=2):
    ...     print(m.transport, m.direction, m.nbytes, m.verified)
    pipe to-child 80000 True
    pipe from-child 80000 True
    >>> compare(["pipe"], [4])
    Traceback (most recent call last):
        ...
    ValueError: a size must be at least 8 bytes, one float64; got 4
    """
    method = multiprocessing.get_context(start_method).get_start_method(allow_none=True)
    method = method or multiprocessing.get_all_start_methods()[0]
    kinds: list[type[Transport]] = []
    for transport in available(method) if transports is None else transports:
        kinds += find([transport]) if isinstance(transport, str) else [transport]
    sizes, directions = list(sizes), list(directions)
    for size in sizes:
        if size < 8:
            raise ValueError(f"a size must be at least 8 bytes, one float64; got {size}")
    for direction in directions:
        if direction not in DIRECTIONS:
            raise ValueError(f"a direction is {' or '.join(DIRECTIONS)}; got {direction!r}")
    if repeat < 1:
        raise ValueError(f"repeat must be at least 1; got {repeat}")
    if timeout <= 0:
        raise ValueError(f"timeout must be a positive number of seconds; got {timeout}")
    groups = [
        (size // 8 * 8, direction, [k for k in kinds if direction in k.facts.directions])
        for size in sizes
        for direction in directions
    ]
    run = _Run(method, repeat, timeout, on_step)
    run.total = sum(len(members) for _, _, members in groups) * (repeat + 1)
    return run.measure(groups)


_Group = tuple[int, Direction, list[type[Transport]]]


class _Run:
    """One comparison, with the processes that it keeps from one group to the next."""

    def __init__(
        self,
        start_method: str,
        repeat: int,
        timeout: float,
        on_step: Callable[[Step], object] | None,
    ) -> None:
        self.start_method, self.repeat, self.timeout = start_method, repeat, timeout
        self.on_step = on_step
        self.done = self.total = 0
        self.hosts: dict[type[Transport], Host] = {}
        self.numbers = itertools.count()

    def measure(self, groups: list[_Group]) -> Iterator[Measurement]:
        at_once = True
        # All that the transports write to temporary places is in here, also what a killed one left.
        with TemporaryDirectory(prefix="ndpipe-", ignore_cleanup_errors=True) as folder:
            try:
                for group in groups:
                    yield from self._measure_group(*group, Path(folder))
                at_once = False
            finally:
                with interrupts_deferred():
                    for host in self.hosts.values():
                        host.dismiss()
                    for host in self.hosts.values():
                        host.stop(at_once=at_once)

    def _measure_group(
        self, nbytes: int, direction: Direction, kinds: list[type[Transport]], folder: Path
    ) -> Iterator[Measurement]:
        """Measure all transports with arrays of one size in one direction."""
        records = [_Record(kind, direction, nbytes, self.start_method) for kind in kinds]
        _admit(records)
        for record in records:
            if record.error is None and record.kind not in self.hosts:
                with interrupts_deferred():
                    self.hosts[record.kind] = self._new_host(folder)
        try:
            for record in records:
                self._step(record)
                self._try(record, record.open)
            for _ in range(self.repeat):
                for record in records:
                    self._step(record)
                    self._try(record, record.transfer)
            for record in records:
                self._try(record, Host.close)
        except KeyboardInterrupt:
            yield from (record.measurement() for record in records if record.timings)
            raise
        yield from (record.measurement() for record in records)

    def _new_host(self, folder: Path) -> Host:
        # A short name: the addresses of multiprocessing's sockets in there have about 100 bytes.
        own = folder / str(next(self.numbers))
        own.mkdir()
        return Host(own, self.timeout)

    def _step(self, record: "_Record") -> None:
        if self.on_step:
            name = record.kind.facts.name
            self.on_step(Step(name, record.direction, record.nbytes, self.done, self.total))
        self.done += 1

    def _try(self, record: "_Record", action: Callable[[Host], None]) -> None:
        """Do one thing; where it fails, that is noted and the transport has had its turns."""
        if record.error is not None:
            return
        try:
            action(self.hosts[record.kind])
        except FailedError as error:
            record.error = str(error)
            with interrupts_deferred():
                self.hosts.pop(record.kind).stop(at_once=True)


class _Record:
    """What is known so far of one transport in one group."""

    def __init__(
        self, kind: type[Transport], direction: Direction, nbytes: int, start_method: str
    ) -> None:
        self.kind, self.direction, self.nbytes = kind, direction, nbytes
        self.start_method = start_method
        self.error = obstacle(kind, start_method)
        self.opened: Opened | None = None
        self.timings: list[Timing] = []

    def open(self, host: Host) -> None:
        self.opened = host.open(self.kind, self.direction, self.nbytes, self.start_method)

    def transfer(self, host: Host) -> None:
        self.timings.append(host.transfer())

    def measurement(self) -> Measurement:
        base = Measurement(
            self.kind.facts.name, self.direction, self.nbytes, self.start_method, len(self.timings)
        )
        if self.error or not self.opened or not self.timings:
            return replace(base, error=self.error or "interrupted")
        seconds = [timing.seconds for timing in self.timings]
        first, median, third = (
            statistics.quantiles(seconds, n=4, method="inclusive")
            if len(seconds) > 1
            else seconds * 3
        )
        startup = self._median("startup_seconds")
        return replace(
            base,
            verified=True,
            seconds=median,
            first_quartile_seconds=first,
            third_quartile_seconds=third,
            gigabytes_per_second=self.nbytes / median / 1e9,
            read_seconds=self._median("read_seconds"),
            overhead_seconds=self._median("overhead_seconds"),
            startup_seconds=self.opened.startup_seconds if startup is None else startup,
            sender_cpu_seconds=self._median("sender_cpu_seconds"),
            receiver_cpu_seconds=self._median("receiver_cpu_seconds"),
            sender_growth_bytes=self.opened.sender_growth_bytes,
            receiver_growth_bytes=self.opened.receiver_growth_bytes,
        )

    def _median(self, name: str) -> float | None:
        values = [getattr(timing, name) for timing in self.timings]
        return None if None in values else statistics.median(values)


def _admit(records: list[_Record]) -> None:
    """Leave out the transports for which the memory would not be there."""
    free = available_memory()
    kept = most = 0.0
    for record in records:
        if record.error is not None:
            continue
        peak, keeps = record.kind.facts.memory
        # What all of them keep between their turns, and the array and the copies of one turn.
        kept_with = kept + keeps * record.nbytes + 2 * _PROCESS_BYTES
        most_with = max(most, (1 + peak - keeps) * record.nbytes)
        if kept_with + most_with > free:
            need = format_bytes(kept_with + most_with)
            record.error = f"not tried: needs about {need}, {format_bytes(free)} is free"
        else:
            kept, most = kept_with, most_with
