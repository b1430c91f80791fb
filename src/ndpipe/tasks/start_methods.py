"""What a child has from its parent, by the way in which it was started."""

import os
import threading
from multiprocessing.connection import Connection

import numpy as np

__all__ = ["report_inheritance", "try_to_lock"]


def report_inheritance(conn: Connection, other_end: Connection) -> None:
    """Send the parent an account of what this process has from it.

    Parameters
    ----------
    conn : multiprocessing.connection.Connection
        The child's end of the pipe. A dict of str to int or str is sent: the id of the process
        that made this one, the number of open descriptors, the digits that NumPy prints, and
        three numbers from its global generator. The end is closed on return.
    other_end : multiprocessing.connection.Connection
        The parent's end of the pipe, of which the child closes its copy.

    See Also
    --------
    try_to_lock : What a forked child must not have from its parent.

    Examples
    --------
    >>> import multiprocessing
    >>> import numpy as np
    >>> from ndpipe.tasks import report_inheritance
    >>> context = multiprocessing.get_context("spawn")
    >>> here, there = context.Pipe()
    >>> child = context.Process(target=report_inheritance, args=(there, here))
    >>> child.start()
    >>> there.close()
    >>> report = here.recv()
    >>> report["print precision"]
    8
    >>> child.join()
    >>> here.close()
    """
    other_end.close()
    with conn:
        conn.send(
            {
                "parent process": os.getppid(),
                "open descriptors": len(os.listdir("/dev/fd")),
                "print precision": np.get_printoptions()["precision"],
                "random numbers": str(np.random.randint(1000, size=3)),
            }
        )


def try_to_lock(lock: threading.Lock) -> None:
    """Wait a second at most for a lock, and print whether it came.

    Parameters
    ----------
    lock : threading.Lock
        A forked child has a copy of it, in the state that it had at the fork. Nobody releases a
        copy that was locked: its owner is a thread of the parent.

    See Also
    --------
    report_inheritance : What else a child has from its parent.

    Examples
    --------
    >>> import threading
    >>> from ndpipe.tasks import try_to_lock
    >>> lock = threading.Lock()
    >>> try_to_lock(lock)
    took the lock
    >>> try_to_lock(lock)
    waited for the lock in vain
    """
    taken = lock.acquire(timeout=1)
    print("took the lock" if taken else "waited for the lock in vain")
