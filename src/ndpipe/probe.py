"""How large an array gets through a standard Pipe, and at what cost.

:func:`probe_sizes` sends arrays of growing size to a child process through a plain
:func:`multiprocessing.Pipe` and reports on each: whether every byte arrived, how long it took and
how much memory either side needed. ``python -m ndpipe probe`` is the same as a command.
"""

import multiprocessing
import pickle
import signal
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ndpipe.interrupts import interrupts_deferred
from ndpipe.memory import PeakMemory, available_memory
from ndpipe.units import format_bytes

__all__ = ["ARRIVED", "DEFAULT_SIZES", "ProbeResult", "default_sizes", "probe_sizes", "wire_size"]

#: The outcome of an array that arrived with every byte in place.
ARRIVED = "arrived intact"

_MIB = 1024**2

#: From 1 MiB by doubling, with a step past each of the two limits that people quote:
#: 32 MiB (the multiprocessing documentation) and 2 GiB (a signed 32-bit length).
DEFAULT_SIZES = tuple(n * _MIB for n in (1, 2, 4, 8, 16, 32, 33, 64, 128, 256, 512, 1024, 2112))

# The sender holds the array, a copy of its bytes and the pickle; the receiver the pickle and a
# copy of its bytes. That is five times the array, and one more to spare.
_COPIES = 6
_GRACE = 5.0  # seconds for a child that has reported to end by itself
_CHILD_BYTES = 100 * _MIB  # a Python with NumPy imported


@dataclass(frozen=True)
class ProbeResult:
    """What became of one array.

    Attributes
    ----------
    nbytes : int
        Size of the array in bytes.
    outcome : str
        :data:`ARRIVED`, or what happened instead: the exception of the side that failed, how the
        child died, or why the size was not tried.
    wire_bytes : int or None
        Bytes written to the pipe: length header and pickle. This and what follows is None where
        the transfer did not get so far.
    send_seconds : float or None
        From the call of ``send`` in the parent to its return, pickling included.
    receive_seconds : float or None
        From the call of ``recv`` in the child to its return, waiting included.
    parent_peak_bytes, child_peak_bytes : int or None
        Peak resident memory of either process during the transfer, in bytes.
    parent_growth_bytes, child_growth_bytes : int or None
        How far that peak rose above the process's resident memory just before, in bytes. The
        array that is sent was there before, so it does not count as the parent's growth.
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
    pickle.Pickler(counter).dump(obj)
    return counter.size + (4 if counter.size <= 0x7FFFFFFF else 12)


def probe_sizes(
    sizes: Iterable[int] | None = None,
    *,
    max_size: int | None = None,
    timeout: float = 120.0,
    start_method: str | None = None,
) -> Iterator[ProbeResult]:
    """Send arrays of growing size to a child through a standard Pipe, one result a size.

    Each array is one-dimensional, dtype float64, filled with random values; a checksum made on
    both sides tells whether it arrived intact. Each size has a child of its own. Before each, the
    memory that the transfer will need is compared with what is available.

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
        after a size that was not tried for want of memory, and after one whose child died or
        timed out: a larger one would do no better.

    Raises
    ------
    ValueError
        If a size is under 8 bytes, `timeout` is not positive, both `sizes` and `max_size` are
        given, or there is no such start method here.
    ModuleNotFoundError
        If psutil is not installed; ``pip install 'ndpipe[measure]'`` brings it.

    See Also
    --------
    wire_size : What one object takes in the pipe.

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
    context = multiprocessing.get_context(start_method)
    return _probe(context, sizes, timeout)


def _probe(context: BaseContext, sizes: list[int], timeout: float) -> Iterator[ProbeResult]:
    for size in sizes:
        need, free = _COPIES * size + _CHILD_BYTES, available_memory()
        if need > free:
            outcome = f"not tried: needs about {format_bytes(need)}, {format_bytes(free)} is free"
            yield ProbeResult(size, outcome)
            return
        try:
            array = np.random.default_rng(size).random(size // 8)
            result = _transfer(context, array, timeout)
            del array  # before the next, larger one is made
        except _ChildLostError as lost:
            yield ProbeResult(size, str(lost))
            return
        except Exception as error:
            result = ProbeResult(size, f"{type(error).__name__}: {error}")
        yield result


class _ChildLostError(Exception):
    """The child ended, or was ended, before it had reported."""


@dataclass(frozen=True)
class _Report:
    """What the child tells of the array that it received."""

    seconds: float
    checksum: int
    memory: PeakMemory


def _transfer(context: Any, array: NDArray[np.float64], timeout: float) -> ProbeResult:
    """Send one array to a child of its own and put together what both sides measured."""
    wire_bytes, checksum = wire_size(array), zlib.crc32(array.data)
    deadline, done = time.monotonic() + timeout, threading.Event()
    with interrupts_deferred() as interrupts:
        parent_end, child_end = context.Pipe()
        # The verdict travels apart from the array: it must get through when the array does not.
        report_end, child_report_end = context.Pipe(duplex=False)
        ends = (child_end, child_report_end, parent_end, report_end)
        child = context.Process(target=_receive, args=ends, daemon=True)
        watchdog = threading.Thread(
            target=_kill_when_due, args=(child, done, deadline, interrupts), daemon=True
        )
        try:
            child.start()
            watchdog.start()
            child_end.close()
            child_report_end.close()
            _result_of(report_end)  # the child is up: its start is no part of the transfer
            with PeakMemory() as memory:
                start = time.perf_counter()
                try:
                    parent_end.send(array)
                except OSError:
                    _result_of(report_end)  # raises what broke the child, where it could say
                    raise
                send_seconds = time.perf_counter() - start
            report: _Report = _result_of(report_end)
            child.join(_GRACE)
        except (EOFError, BrokenPipeError, ConnectionResetError):
            child.join()
            if time.monotonic() >= deadline:
                raise _ChildLostError(f"timed out after {timeout:g} s") from None
            raise _ChildLostError(f"the child died: exit code {child.exitcode}") from None
        finally:
            done.set()
            if child.pid is not None:
                child.kill()
                child.join()
            if watchdog.ident is not None:
                watchdog.join()
            for end in ends:
                end.close()
            child.close()
    intact = report.checksum == checksum
    return ProbeResult(
        nbytes=array.nbytes,
        outcome=ARRIVED if intact else "arrived with other bytes: the checksums differ",
        wire_bytes=wire_bytes,
        send_seconds=send_seconds,
        receive_seconds=report.seconds,
        parent_peak_bytes=memory.peak,
        child_peak_bytes=report.memory.peak,
        parent_growth_bytes=memory.growth,
        child_growth_bytes=report.memory.growth,
    )


def _kill_when_due(
    child: BaseProcess, done: threading.Event, deadline: float, interrupts: list[int]
) -> None:
    """Kill the child at the deadline or on Ctrl-C: what ends a send that blocks for ever."""
    while not done.wait(0.05):
        if interrupts or time.monotonic() >= deadline:
            child.kill()
            return


def _result_of(report_end: Connection) -> Any:
    """Wait for the child's next word; raise it where it is an exception."""
    message = report_end.recv()
    if isinstance(message, Exception):
        raise message
    return message


def _receive(
    conn: Connection, report_end: Connection, other_end: Connection, other_report: Connection
) -> None:
    """Receive one array in the child and report on it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this
    # While this process holds copies of the parent's ends it would not notice the parent's death.
    other_end.close()
    other_report.close()
    with conn, report_end:
        report_end.send("ready")
        try:
            with PeakMemory() as memory:
                start = time.perf_counter()
                array = conn.recv()
                seconds = time.perf_counter() - start
            report_end.send(_Report(seconds, zlib.crc32(array.data), memory))
        except EOFError:
            return  # the parent is gone, nobody to tell
        except Exception as error:
            report_end.send(error)
