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
    # Python runs signal handlers in the main thread only; and where Ctrl-C is ignored, as for a
    # script's background jobs, or is another library's to handle, it stays so.
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGINT) in (signal.SIG_IGN, None):
        yield came
        return
    handler = signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, handler)
        if came:
            signal.raise_signal(signal.SIGINT)
