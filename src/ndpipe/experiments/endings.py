"""Receive from a pipe whose other process has ended."""

import multiprocessing
import threading
from collections.abc import Callable
from typing import Any

from ndpipe.tasks import send_then, start_and_die

__all__ = ["after_the_end", "after_the_parent"]


def after_the_end(
    ending: str,
    *,
    keep_copy: bool,
    pipe: Callable[[], Any] = multiprocessing.Pipe,
    unread: object = None,
) -> str:
    """Let a child end, receive its message, and return the result of one more `recv`.

    Parameters
    ----------
    ending : str
        How the child ends: see `ndpipe.tasks.send_then`.
    keep_copy : bool
        Whether the parent forgets to close its copy of the child's end. A timer closes the copy
        after half a second, so that no answer takes longer.
    pipe : callable, default multiprocessing.Pipe
        Makes the two ends.
    unread : object, optional
        Sent to the child, which never receives it. It must fit into the pipe.

    Returns
    -------
    str
        The exception that `recv` raised, or ``"waits for ever"`` if only the timer ended it.

    See Also
    --------
    ndpipe.tasks.send_then : The child's task.

    Examples
    --------
    >>> from ndpipe.experiments.endings import after_the_end
    >>> after_the_end("exits with 3", keep_copy=False)
    'EOFError()'
    >>> after_the_end("exits with 3", keep_copy=True)
    'waits for ever'
    >>> after_the_end("closes", keep_copy=False, unread="some mail")
    "ConnectionResetError(104, 'Connection reset by peer')"
    """
    here, there = pipe()
    if unread is not None:
        here.send(unread)
    child = multiprocessing.Process(target=send_then, args=(there, here, ending))
    child.start()
    if not keep_copy:
        there.close()
    child.join(timeout=60)
    here.recv()
    timer = threading.Timer(0.5, there.close)
    timer.start()
    try:
        answer = repr(here.recv())
    except (EOFError, OSError) as error:
        answer = repr(error)
    timer.cancel()
    timer.join()
    hung = keep_copy and there.closed
    here.close()
    there.close()
    return "waits for ever" if hung else answer


def after_the_parent(*, keep_copy: bool) -> str:
    """Let a parent be killed, and return the answer of its orphaned child.

    Parameters
    ----------
    keep_copy : bool
        Whether the child forgets to close its copy of its parent's end.

    Returns
    -------
    str
        ``"EOFError()"``, or ``"waits for ever"`` if nothing came in a second.

    See Also
    --------
    ndpipe.tasks.start_and_die : The parent's task.

    Examples
    --------
    >>> from ndpipe.experiments.endings import after_the_parent
    >>> after_the_parent(keep_copy=False)
    'EOFError()'
    >>> after_the_parent(keep_copy=True)
    'waits for ever'
    """
    receiver, report = multiprocessing.Pipe(duplex=False)
    parent = multiprocessing.Process(target=start_and_die, args=(report, keep_copy))
    parent.start()
    report.close()
    with receiver:
        if not receiver.poll(60):
            raise TimeoutError("the orphan has not reported")
        answer: str = receiver.recv()
    parent.join(timeout=60)
    return answer
