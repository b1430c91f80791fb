"""Processes that end in every way in which a process can end."""

import multiprocessing
import os
import select
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection

import numpy as np

__all__ = ["await_end", "send_then", "start_and_die"]


def send_then(conn: Connection, other_end: Connection, ending: str) -> None:
    """Send a small array, then end.

    Parameters
    ----------
    conn : multiprocessing.connection.Connection
        The child's end of the pipe. One ndarray of shape (3,) is sent.
    other_end : multiprocessing.connection.Connection
        The parent's end of the pipe, of which the child closes its copy.
    ending : {"closes", "exits with 3", "killed between messages", "killed inside a message"}
        How it ends. The last one begins to send an array of 8 MB, and is killed when the pipe
        is full: the parent must not receive it until the child has ended.

    See Also
    --------
    start_and_die : A parent that is killed.

    Examples
    --------
    >>> import multiprocessing
    >>> from ndpipe.tasks import send_then
    >>> here, there = multiprocessing.Pipe()
    >>> child = multiprocessing.Process(target=send_then, args=(there, here, "exits with 3"))
    >>> child.start()
    >>> there.close()
    >>> here.recv()
    array([0, 1, 2])
    >>> here.recv()
    Traceback (most recent call last):
    EOFError
    >>> child.join()
    >>> child.exitcode
    3
    >>> here.close()
    """
    other_end.close()
    conn.send(np.arange(3))
    if ending == "closes":
        conn.close()
    elif ending == "exits with 3":
        sys.exit(3)
    elif ending == "killed between messages":
        os.kill(os.getpid(), signal.SIGKILL)
    elif ending == "killed inside a message":

        def kill() -> None:
            while select.select([], [conn], [], 0)[1]:  # it has room
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)

        threading.Thread(target=kill, daemon=True).start()
        conn.send(np.zeros(1_000_000))


def start_and_die(report: Connection, keep_copy: bool) -> None:
    """Start a child that waits for this process, and be killed.

    Parameters
    ----------
    report : multiprocessing.connection.Connection
        The child, which runs `await_end`, sends its answer here.
    keep_copy : bool
        Whether the child forgets to close its copy of this process's end.

    See Also
    --------
    send_then : A child that is killed.

    Examples
    --------
    >>> import multiprocessing
    >>> from ndpipe.tasks import start_and_die
    >>> receiver, report = multiprocessing.Pipe(duplex=False)
    >>> parent = multiprocessing.Process(target=start_and_die, args=(report, False))
    >>> parent.start()
    >>> report.close()
    >>> receiver.recv()
    'EOFError()'
    >>> parent.join()
    >>> parent.exitcode
    -9
    >>> receiver.close()
    """
    here, there = multiprocessing.Pipe()
    orphan = multiprocessing.Process(target=await_end, args=(there, here, keep_copy, report))
    orphan.start()
    os.kill(os.getpid(), signal.SIGKILL)


def await_end(
    conn: Connection,
    other_end: Connection,
    keep_copy: bool,
    report: Connection,
) -> None:
    """Wait a second at most for a parent that sends nothing, and report the result.

    Parameters
    ----------
    conn : multiprocessing.connection.Connection
        The child's end of the pipe.
    other_end : multiprocessing.connection.Connection
        The parent's end of the pipe.
    keep_copy : bool
        Whether to leave the copy of the parent's end open.
    report : multiprocessing.connection.Connection
        The text ``"EOFError()"`` is sent, or ``"waits for ever"`` if nothing came in a second.
        The end is closed on return.

    See Also
    --------
    start_and_die : Its parent.

    Examples
    --------
    >>> import multiprocessing
    >>> from ndpipe.tasks import await_end
    >>> here, there = multiprocessing.Pipe()
    >>> receiver, report = multiprocessing.Pipe(duplex=False)
    >>> await_end(there, here, True, report)  # nobody has died: the end is still open
    >>> receiver.recv()
    'waits for ever'
    >>> here.close(), receiver.close()
    (None, None)
    """
    if not keep_copy:
        other_end.close()
    with conn, report:
        try:
            answer = conn.recv() if conn.poll(1) else "waits for ever"
        except EOFError as error:
            answer = repr(error)
        report.send(answer)
