"""Defer Ctrl-C and other requests to end while they would leave something behind."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["interrupts_deferred"]

_SIGNALS = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]


@contextmanager
def interrupts_deferred() -> Iterator[list[int]]:
    """Defer SIGINT (Ctrl-C), SIGTERM and SIGHUP until the ``with`` block is done.

    Code that starts processes or makes temporary files needs it. An interrupt in a hook that
    Python runs around a fork is printed and dropped ("Exception ignored in ..."). One between the
    fork and the return of ``start`` leaves a child without a reference to it. One during the
    clean-up leaves the rest. After the block each signal has its usual effect.

    Yields
    ------
    list of int
        Numbers of the signals that have arrived; a block can poll it to end early.

    Examples
    --------
    >>> import signal
    >>> from ndpipe._system.interrupts import interrupts_deferred
    >>> try:
    ...     with interrupts_deferred() as interrupts:
    ...         signal.raise_signal(signal.SIGINT)
    ...         print("still here:", len(interrupts) == 1)
    ... except KeyboardInterrupt:
    ...     print("now it comes")
    still here: True
    now it comes
    """
    arrived: list[int] = []
    # Python runs signal handlers in the main thread only. An ignored signal stays ignored, as for
    # a script's background jobs; None is a handler of another library.
    in_main = threading.current_thread() is threading.main_thread()
    deferred = [
        number
        for number in _SIGNALS
        if in_main and number and signal.getsignal(number) not in (signal.SIG_IGN, None)
    ]
    handlers = {
        number: signal.signal(number, lambda number, _frame: arrived.append(number))
        for number in deferred
    }
    try:
        yield arrived
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in dict.fromkeys(arrived):
            signal.raise_signal(number)
