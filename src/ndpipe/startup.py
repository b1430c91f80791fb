"""What it costs to start a process, by each start method."""

import multiprocessing
import os
import time
from collections.abc import Callable
from typing import Any

__all__ = ["seconds_to_run"]


def seconds_to_run(
    start_method: str, task: Callable[..., Any] = os.getpid, *arguments: Any
) -> float:
    """Return the seconds from the call of ``start`` until the child has run its task and ended.

    Parameters
    ----------
    start_method : str
        ``fork``, ``spawn`` or ``forkserver``.
    task : callable, optional
        What the child runs. The default does next to nothing, and needs no import: a function of
        a package makes a spawned child import that package.
    *arguments : object
        What the task is called with.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If there is no such start method here.

    Examples
    --------
    >>> from ndpipe.startup import seconds_to_run
    >>> seconds_to_run("spawn") > 0
    True
    >>> seconds_to_run("summon")
    Traceback (most recent call last):
        ...
    ValueError: cannot find context for 'summon'
    """
    context: Any = multiprocessing.get_context(start_method)
    child = context.Process(target=task, args=arguments)
    begin = time.perf_counter()
    child.start()
    child.join()
    seconds = time.perf_counter() - begin
    child.close()
    return seconds
