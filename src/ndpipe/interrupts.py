"""Ctrl-C at moments when it would be lost, or would lose a child."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["interrupts_deferred"]


@contextmanager
def interrupts_deferred() -> Iterator[list[int]]:
    """Let Ctrl-C wait until the ``with`` block is done.

    A block that has a child needs it: an interrupt that falls into one of the hooks that Python
    runs around a fork is printed and dropped ("Exception ignored in ..."), one that falls between
    the fork and the return of ``start`` leaves a child that nobody knows, and one that falls into
    the cleaning up leaves what was not yet cleaned.

    Yields
    ------
    list of int
        Empty until an interrupt comes, for a block that wants to end early when one does.

    Examples
    --------
    >>> import signal
    >>> from ndpipe.interrupts import interrupts_deferred
    >>> try:
    ...     with interrupts_deferred() as interrupts:
    ...         signal.raise_signal(signal.SIGINT)
    ...         print("still here:", len(interrupts) == 1)
    ... except KeyboardInterrupt:
    ...     print("now it comes")
    still here: True
    now it comes
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield came  # Python runs signal handlers in the main thread only
        return
    handler = signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, handler)
        if came:
            signal.raise_signal(signal.SIGINT)
