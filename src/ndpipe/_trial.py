"""One array sent to one child through a standard Pipe, whatever becomes of the child."""

import signal
import threading
import time
import traceback
import zlib
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ndpipe.interrupts import interrupts_deferred
from ndpipe.memory import PeakMemory

_GRACE = 5.0  # seconds for a child that has reported to end by itself


class ChildLostError(Exception):
    """The child ended, or was ended, before it had reported."""


@dataclass(frozen=True)
class Trial:
    """What both sides measured."""

    intact: bool
    send_seconds: float
    receive_seconds: float
    parent: PeakMemory
    child: PeakMemory


@dataclass(frozen=True)
class _Report:
    """What the child tells of the array that it received."""

    seconds: float
    checksum: int
    memory: PeakMemory


def try_array(context: Any, array: NDArray[np.float64], timeout: float) -> Trial:
    """Send an array to a child of its own and put together what both sides measured.

    Parameters
    ----------
    context : multiprocessing.context.BaseContext
        How the child is started.
    array : ndarray of shape (n,), dtype float64
        What to send.
    timeout : float
        Seconds after which the child is killed.

    Returns
    -------
    Trial

    Raises
    ------
    ChildLostError
        If the child died or was killed at the deadline.
    Exception
        What either side's send or receive raised.
    """
    checksum = zlib.crc32(array.data)
    with interrupts_deferred() as interrupts:
        # In a function of its own, whose connections are gone before an interrupt can come: one
        # that falls into their finalizers is printed and dropped.
        send_seconds, memory, report = _send_to_child(context, array, timeout, interrupts)
    return Trial(report.checksum == checksum, send_seconds, report.seconds, memory, report.memory)


def _send_to_child(
    context: Any, array: NDArray[np.float64], timeout: float, interrupts: list[int]
) -> tuple[float, PeakMemory, _Report]:
    """Send the array and return what both sides measured, or raise; leave no child behind."""
    deadline, done = time.monotonic() + timeout, threading.Event()
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
            except OSError as broken:
                # The frames of send hold the pickle in a BytesIO. If the garbage collector
                # finds it there, Python 3.12.1 crashes and 3.13 complains (cpython#111049).
                traceback.clear_frames(broken.__traceback__)
                _result_of(report_end)  # raises what broke the child, where it could say
                raise
            send_seconds = time.perf_counter() - start
        report: _Report = _result_of(report_end)
        child.join(_GRACE)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        child.join()
        if time.monotonic() >= deadline:
            raise ChildLostError(f"timed out after {timeout:g} s") from None
        raise ChildLostError(f"the child died: exit code {child.exitcode}") from None
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
    return send_seconds, memory, report


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
