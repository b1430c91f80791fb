"""The function ``compare``: check the arguments, measure, return a Comparison."""

import multiprocessing
from collections.abc import Callable, Iterable

from ndpipe._system.interrupts import interrupts_deferred
from ndpipe._system.scratch import scratch_folder
from ndpipe.compare._entry import Entry, InterruptedRunError, Record
from ndpipe.compare._measurement import Measurement
from ndpipe.compare._schedule import Progress, Schedule
from ndpipe.compare.results import Comparison
from ndpipe.transports import DIRECTIONS, Direction, Transport, available, find, obstacle

__all__ = ["DEFAULT_SIZES", "InterruptedComparison", "compare"]

#: 1 MB, 8 MB and 32 MB.
DEFAULT_SIZES = (1_000_000, 8_000_000, 32_000_000)


class InterruptedComparison(KeyboardInterrupt):
    """Ctrl-C during a comparison.

    Attributes
    ----------
    comparison : Comparison
        The measurements until then.
    """

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison


def compare(
    transports: Iterable[str | type[Transport]] | None = None,
    sizes: Iterable[int] = DEFAULT_SIZES,
    *,
    directions: Iterable[Direction] = DIRECTIONS,
    start_method: str | None = None,
    repeat: int | None = None,
    precision: float = 0.3,
    max_seconds: float = 120.0,
    timeout: float = 60.0,
    on_progress: Callable[[Progress], object] | None = None,
) -> Comparison:
    """Move arrays through each transport and measure the time, the CPU and the memory.

    In each round every transport does one transfer, in random order. The arrays are
    one-dimensional, dtype float64, filled with random values. The bytes of every transfer are
    verified.

    Parameters
    ----------
    transports : iterable of str or type, optional
        Names from :data:`ndpipe.transports.TRANSPORTS`, or classes of your own that can be
        imported by their names. By default all that can be used here.
    sizes : iterable of int, optional
        Sizes in bytes, rounded down to whole float64 values.
    directions : iterable of {"to-child", "from-child"}, optional
        A transport that does not support a direction is left out there.
    start_method : str, optional
        ``fork``, ``spawn`` or ``forkserver``; the default is that of multiprocessing.
    repeat : int, optional
        Number of transfers of each transport, size and direction. By default it adapts: it grows
        until the interval of the ratio to the standard Pipe is narrow, within `max_seconds`.
    precision : float, optional
        With adapting numbers: half of the width, relative to the ratio, that is narrow enough.
    max_seconds : float, optional
        With adapting numbers: time for the whole comparison, exceeded only by a least number of
        rounds, by transfers that take no time, and by more passes of what makes no sense.
    timeout : float, optional
        Seconds that one transfer may take before its processes are killed.
    on_progress : callable, optional
        Called with a :class:`Progress` before each step.

    Returns
    -------
    Comparison
        Its measurements are in the order of `sizes`, `directions` and `transports`. A transport
        that fails, or for which there is not enough memory, is a measurement with an `error`.

    Raises
    ------
    InterruptedComparison
        On Ctrl-C: a KeyboardInterrupt that holds the measurements until then.
    ValueError
        If a name, a size, a direction, a start method or a number is invalid.
    ModuleNotFoundError
        If psutil is not installed; ``pip install 'ndpipe[measure]'`` brings it.

    See Also
    --------
    ndpipe.probe.probe_sizes : How large an array gets through a Pipe.

    Examples
    --------
    >>> from ndpipe.compare import compare
    >>> comparison = compare(["pipe"], [80_000], repeat=2)
    >>> for m in comparison.measurements:
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
    if repeat is not None and repeat < 1:
        raise ValueError(f"repeat must be at least 1; got {repeat}")
    for name, number in (("timeout", timeout), ("max_seconds", max_seconds)):
        if number <= 0:
            raise ValueError(f"{name} must be a positive number of seconds; got {number}")

    groups: list[list[Record]] = []

    def measure() -> None:
        with interrupts_deferred() as interrupts, scratch_folder() as folder:
            entries = [Entry(kind, folder, timeout, interrupts) for kind in kinds]
            groups.extend(
                [
                    _record(entry, direction, size // 8 * 8, method)
                    for entry in entries
                    if direction in entry.kind.info.directions
                ]
                for size in sizes
                for direction in directions
            )
            schedule = Schedule(groups, repeat, precision, max_seconds, on_progress)
            finished = False
            try:
                schedule.measure()
                finished = True
            except InterruptedRunError:
                pass  # the signal takes effect at the end of the block
            finally:
                for entry in entries:
                    if entry.runner:
                        entry.runner.dismiss()
                for entry in entries:
                    entry.stop(at_once=not finished)

    def result() -> Comparison:
        records = [record for group in groups for record in group]
        done = [record for record in records if record.measured or record.error]
        return Comparison.of((record.measurement() for record in done), method)

    try:
        measure()
    except KeyboardInterrupt:
        raise InterruptedComparison(result()) from None
    return result()


def _record(entry: Entry, direction: Direction, nbytes: int, start_method: str) -> Record:
    name = entry.kind.info.name
    blank = Measurement(name, direction, nbytes, start_method)
    return Record(entry, blank, obstacle(entry.kind, start_method))
