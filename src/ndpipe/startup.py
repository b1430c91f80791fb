"""What it costs to start a process, by each start method."""

import multiprocessing
import time
from multiprocessing.connection import Connection
from typing import Any

__all__ = ["import_numpy_and_report", "report", "seconds_to_start"]


def report(conn: Connection, *_arguments: Any) -> None:
    """Tell the parent that this child runs; what else came as arguments was only carried."""
    with conn:
        conn.send(time.perf_counter())


def import_numpy_and_report(conn: Connection) -> None:
    """Tell the parent that this child runs and has imported NumPy."""
    import numpy as np

    np.ones(1)
    report(conn)


def seconds_to_start(start_method: str, task: Any = report, *arguments: Any) -> float:
    """Return the seconds from the call of ``start`` until the child's task has reported.

    Parameters
    ----------
    start_method : str
        ``fork``, ``spawn`` or ``forkserver``.
    task : callable, optional
        What the child runs: :func:`report` or :func:`import_numpy_and_report`.
    *arguments : object
        Passed to the child beside its end of a pipe.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If there is no such start method here.

    Examples
    --------
    >>> from ndpipe.startup import seconds_to_start
    >>> seconds_to_start("spawn") > 0
    True
    >>> seconds_to_start("summon")
    Traceback (most recent call last):
        ...
    ValueError: cannot find context for 'summon'
    """
    context: Any = multiprocessing.get_context(start_method)
    receiver, sender = context.Pipe(duplex=False)
    with receiver, sender:
        child = context.Process(target=task, args=(sender, *arguments))
        begin = time.perf_counter()
        child.start()
        seconds: float = receiver.recv() - begin
        child.join()
        child.close()
    return seconds
