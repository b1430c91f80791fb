"""One transfer through a standard Pipe, taken apart: what each process does when.

``Connection.send`` pickles and then writes; ``recv`` waits, reads and then unpickles. Here are the
same steps, from the standard library's own parts, with the time noted between them.
"""

import os
import pickle
import struct
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

__all__ = ["Step", "receive_in_steps", "send_in_steps"]


@dataclass(frozen=True)
class Step:
    """What one process did from one moment to another.

    Attributes
    ----------
    process : {"parent", "child"}
    name : str
        ``pickle``, ``write``, ``wait``, ``read`` or ``unpickle``.
    start, end : float
        Seconds of :func:`time.perf_counter`, which on Linux is one clock for all processes.
    """

    process: str
    name: str
    start: float
    end: float


def send_in_steps(conn: Connection, obj: Any) -> list[Step]:
    """Send an object as ``Connection.send`` does, and note the steps.

    Parameters
    ----------
    conn : multiprocessing.connection.Connection
        The parent's end of a standard pipe.
    obj : object
        Anything whose pickle is shorter than 2 GiB.

    Returns
    -------
    list of Step

    See Also
    --------
    receive_in_steps : The other side.
    """
    begin = time.perf_counter()
    body = pickle.dumps(obj)
    pickled = time.perf_counter()
    for part in (struct.pack("!i", len(body)), memoryview(body)):
        while part:
            part = part[os.write(conn.fileno(), part) :]
    written = time.perf_counter()
    return [Step("parent", "pickle", begin, pickled), Step("parent", "write", pickled, written)]


def receive_in_steps(conn: Connection, steps_to: Connection) -> None:
    """Receive one object as ``Connection.recv`` does, and send the steps.

    Parameters
    ----------
    conn : multiprocessing.connection.Connection
        The child's end of a standard pipe, which is closed on return.
    steps_to : multiprocessing.connection.Connection
        Where to send ``"ready"``, and then the list of Step; closed on return.

    See Also
    --------
    send_in_steps : The other side.

    Examples
    --------
    >>> import multiprocessing
    >>> from ndpipe.timeline import receive_in_steps, send_in_steps
    >>> here, there = multiprocessing.Pipe()
    >>> steps_here, steps_there = multiprocessing.Pipe(duplex=False)
    >>> ends = there, steps_there
    >>> child = multiprocessing.Process(target=receive_in_steps, args=ends)
    >>> child.start()
    >>> steps_here.recv()
    'ready'
    >>> steps = send_in_steps(here, list(range(100_000)))
    >>> [step.name for step in steps + steps_here.recv()]
    ['pickle', 'write', 'wait', 'read', 'unpickle']
    >>> child.join()
    >>> for end in (here, steps_here, *ends):
    ...     end.close()
    """
    with conn, steps_to:
        steps_to.send("ready")
        begin = time.perf_counter()
        conn.poll(None)
        came = time.perf_counter()
        body = conn.recv_bytes()
        read = time.perf_counter()
        pickle.loads(body)
        done = time.perf_counter()
        marks = ("wait", begin, came), ("read", came, read), ("unpickle", read, done)
        steps_to.send([Step("child", *mark) for mark in marks])
