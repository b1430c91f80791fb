"""How large an array gets through a standard Pipe, and at what cost.

:func:`probe_sizes` sends arrays of growing size to a child process through a plain
:func:`multiprocessing.Pipe` and reports on each: whether every byte arrived, how long it took and
how much memory either side needed. ``python -m ndpipe probe`` is the same as a command.
"""

import multiprocessing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from typing import Any

import numpy as np

from ndpipe._system.interrupts import interrupts_deferred
from ndpipe._system.memory import available_memory
from ndpipe._system.scratch import scratch_folder
from ndpipe._system.units import format_bytes
from ndpipe.compare._runner import FailedError, LostError, Runner
from ndpipe.compare.drivers.base import First
from ndpipe.transports.pipes import StandardPipe

__all__ = ["ARRIVED", "DEFAULT_SIZES", "ProbeResult", "default_sizes", "probe_sizes", "wire_size"]

#: The outcome of an array that arrived with every byte in place.
ARRIVED = "arrived intact"

_MIB = 1024**2
_PIPE = StandardPipe

#: From 1 MiB by doubling, with a step past each of the two limits that people quote:
#: 32 MiB (the multiprocessing documentation) and 2 GiB (a signed 32-bit length).
DEFAULT_SIZES = tuple(n * _MIB for n in (1, 2, 4, 8, 16, 32, 33, 64, 128, 256, 512, 1024, 2112))

# The sender holds the array, a copy of its bytes and the pickle; the receiver the pickle and a
# copy of its bytes. That is five times the array, and one more to spare.
_COPIES = 6
_CHILD_BYTES = 100 * _MIB  # a Python with NumPy imported


@dataclass(frozen=True)
class ProbeResult:
    """The outcome for one array.

    Attributes
    ----------
    nbytes : int
        Size of the array in bytes.
    outcome : str
        :data:`ARRIVED`; or the exception of the side that failed, the exit code of a process that
        died, or the reason why the size was not tried.
    wire_bytes : int or None
        Bytes written to the pipe: length header and pickle. This and the next figures are None if
        the array did not arrive.
    send_seconds : float or None
        From the call of ``send`` in the parent to its return, pickling included.
    receive_seconds : float or None
        From the call of ``recv`` in the child to its return, waiting included.
    parent_peak_bytes, child_peak_bytes : int or None
        Peak resident memory of either process during the transfer, in bytes.
    parent_growth_bytes, child_growth_bytes : int or None
        That peak less the resident memory of the process just before, in bytes. The array that is
        sent was there before, so it does not count as the parent's growth.
    """

    nbytes: int
    outcome: str
    wire_bytes: int | None = None
    send_seconds: float | None = None
    receive_seconds: float | None = None
    parent_peak_bytes: int | None = None
    child_peak_bytes: int | None = None
    parent_growth_bytes: int | None = None
    child_growth_bytes: int | None = None

    @property
    def arrived(self) -> bool:
        """Whether the array arrived intact."""
        return self.outcome == ARRIVED


def default_sizes(max_size: int | None = None) -> list[int]:
    """Return the sizes that a probe walks through, in bytes.

    Parameters
    ----------
    max_size : int, optional
        Leave larger sizes out and end with this one, in bytes.

    Returns
    -------
    list of int

    Examples
    --------
    >>> from ndpipe.probe import default_sizes
    >>> default_sizes(3 * 1024**2)
    [1048576, 2097152, 3145728]
    """
    if max_size is None:
        return list(DEFAULT_SIZES)
    return [size for size in DEFAULT_SIZES if size < max_size] + [max_size]


def wire_size(obj: Any) -> int:
    """Return the number of bytes that ``Connection.send(obj)`` writes.

    Parameters
    ----------
    obj : object
        Anything that can be pickled.

    Returns
    -------
    int
        Length of the pickle in bytes and of the header before it: 4 bytes, or 12 from 2 GiB on
        (``multiprocessing/connection.py``, since Python 3.8).

    Examples
    --------
    >>> import numpy as np
    >>> from ndpipe.probe import wire_size
    >>> 0 < wire_size(np.zeros(1000)) - 8000 < 300
    True
    """

    class Counter:
        size = 0

        def write(self, data: Any) -> int:
            length = memoryview(data).nbytes
            self.size += length
            return length

    counter = Counter()
    ForkingPickler(counter).dump(obj)  # what `send` pickles with
    return counter.size + (4 if counter.size <= 0x7FFFFFFF else 12)


def probe_sizes(
    sizes: Iterable[int] | None = None,
    *,
    max_size: int | None = None,
    timeout: float = 120.0,
    start_method: str | None = None,
) -> Iterator[ProbeResult]:
    """Send arrays of growing size to a child through a standard Pipe, a result for each size.

    Each array is one-dimensional, dtype float64, filled with random values; checksums
    on both sides are compared. Each size has a child of its own, measured as a first transfer of
    :func:`ndpipe.compare.compare`. Before each size, the memory that the transfer needs is compared
    with what is available.

    Parameters
    ----------
    sizes : iterable of int, optional
        Sizes in bytes, rounded down to whole float64 values. By default those of
        :func:`default_sizes`, from 1 MiB to past 2 GiB.
    max_size : int, optional
        With the default sizes: the last one, in bytes.
    timeout : float, optional
        Seconds that one size may take before its child is killed.
    start_method : str, optional
        ``fork``, ``spawn`` or ``forkserver``; the default is that of multiprocessing.

    Yields
    ------
    ProbeResult
        As each size finishes. A failure is a result and not an exception. The probe ends early
        after a size for which there was not enough memory, and after one whose process died or
        timed out.

    Raises
    ------
    ValueError
        If a size is under 8 bytes, `timeout` is not positive, both `sizes` and `max_size` are
        given, or there is no such start method here.
    ModuleNotFoundError
        If psutil is not installed; ``pip install 'ndpipe[measure]'`` brings it.

    See Also
    --------
    wire_size : Bytes that one object takes in the pipe.

    Examples
    --------
    >>> from ndpipe.probe import probe_sizes
    >>> for result in probe_sizes([8_000, 16_000]):
    ...     print(result.nbytes, result.outcome)
    8000 arrived intact
    16000 arrived intact
    >>> next(probe_sizes([4]))
    Traceback (most recent call last):
        ...
    ValueError: a size must be at least 8 bytes, one float64; got 4
    """
    if sizes is not None and max_size is not None:
        raise ValueError("give sizes or max_size, not both")
    if timeout <= 0:
        raise ValueError(f"timeout must be a positive number of seconds; got {timeout}")
    sizes = default_sizes(max_size) if sizes is None else list(sizes)
    for size in sizes:
        if size < 8:
            raise ValueError(f"a size must be at least 8 bytes, one float64; got {size}")
    method = multiprocessing.get_context(start_method).get_start_method(allow_none=True)
    return _probe(sizes, timeout, method or multiprocessing.get_all_start_methods()[0])


def _probe(sizes: list[int], timeout: float, start_method: str) -> Iterator[ProbeResult]:
    for size in (size // 8 * 8 for size in sizes):
        need, free = _COPIES * size + _CHILD_BYTES, available_memory()
        if need > free:
            outcome = f"not tried: needs about {format_bytes(need)}, {format_bytes(free)} is free"
            yield ProbeResult(size, outcome)
            return
        try:
            # The length of the pickle does not depend on the values.
            wire_bytes = wire_size(np.empty(size // 8))
            first = _first_transfer(size, timeout, start_method)
        except LostError as lost:
            yield ProbeResult(size, str(lost))
            return
        except FailedError as error:
            yield ProbeResult(size, str(error))
            continue
        except MemoryError as error:
            yield ProbeResult(size, f"MemoryError: {error}")
            continue
        yield ProbeResult(
            nbytes=size,
            outcome=ARRIVED,
            wire_bytes=wire_bytes,
            send_seconds=first.sample.send_seconds,
            receive_seconds=first.sample.receive_seconds,
            parent_peak_bytes=first.sender.peak,
            child_peak_bytes=first.receiver.peak,
            parent_growth_bytes=first.sender.growth,
            child_growth_bytes=first.receiver.growth,
        )


def _first_transfer(size: int, timeout: float, start_method: str) -> First:
    """Send an array to a child of its own, through a pipe of its own."""
    with interrupts_deferred() as interrupts, scratch_folder() as folder:
        runner = Runner(folder, timeout, interrupts)
        try:
            first = runner.open(_PIPE, "to-child", size, start_method)
            runner.close()
        except FailedError:
            runner.stop(at_once=True)
            raise
        runner.stop()
    return first
