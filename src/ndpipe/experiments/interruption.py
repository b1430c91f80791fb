"""Interrupt a send by a signal handler's exception, and let a child receive the rest."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ndpipe.tasks import receive_when_told

__all__ = ["interrupted", "start_receiver"]


def interrupted(send: Callable[[Any], None], message: Any) -> bool:
    """Call `send`, and let an alarm interrupt it after 0.3 seconds.

    Parameters
    ----------
    send : callable
        A method of a connection. Call this in the main thread: Python runs signal handlers there.
    message : object
        What to send.

    Returns
    -------
    bool
        Whether the alarm came before the message was sent.

    Examples
    --------
    >>> import multiprocessing
    >>> from ndpipe.experiments.interruption import interrupted
    >>> here, there = multiprocessing.Pipe()
    >>> interrupted(here.send_bytes, b"short")
    False
    >>> interrupted(here.send_bytes, bytes(10_000_000))  # nobody receives
    True
    >>> here.close(), there.close()
    (None, None)
    """

    def on_alarm(*_: Any) -> None:
        raise TimeoutError("the alarm")

    before = signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        send(message)
    except TimeoutError:
        return True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return False


@contextmanager
def start_receiver(pipe: Callable[[], Any]) -> Iterator[tuple[Any, Any]]:
    """Start a child that receives on request; close its pipes and join it at the end.

    Parameters
    ----------
    pipe : callable
        Makes the two ends that are to be tried: `multiprocessing.Pipe` or `ndpipe.Pipe`.

    Yields
    ------
    here : multiprocessing.connection.Connection
        The parent's end.
    control : multiprocessing.connection.Connection
        The parent's end of a second pipe: see `ndpipe.tasks.receive_when_told`.

    Examples
    --------
    >>> import multiprocessing
    >>> from ndpipe.experiments.interruption import start_receiver
    >>> with start_receiver(multiprocessing.Pipe) as (here, control):
    ...     control.send("recv_bytes")
    ...     here.send_bytes(b"AABA")
    ...     control.recv()
    {'A': 3, 'B': 1}
    """
    here, there = pipe()
    control, child_control = multiprocessing.Pipe()
    ends = there, child_control, (here, control)
    child = multiprocessing.Process(target=receive_when_told, args=ends)
    child.start()
    there.close()
    child_control.close()
    with control:
        with here:
            yield here, control
        child.join(timeout=60)
