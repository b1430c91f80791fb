"""One transfer through a standard Pipe, step by step.

``Connection.send`` pickles and then writes; ``recv`` waits, reads and then unpickles. These
functions take the same steps with the standard library's own parts, and note the time in between.
"""

import multiprocessing
import os
import pickle
import struct
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ndpipe._system.machine import describe_machine
from ndpipe.compare._style import BACKGROUND, INK, finish, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Step", "plot_steps", "receive_in_steps", "send_in_steps", "transfer_in_steps"]

_COLOURS = {
    "pickle": "#E69F00",
    "write": "#56B4E9",
    "wait": BACKGROUND,
    "read": "#56B4E9",
    "unpickle": "#CC79A7",
}


@dataclass(frozen=True)
class Step:
    """One step of a transfer, in one process.

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
    return [
        Step("parent", "pickle", begin, pickled),
        Step("parent", "write", pickled, written),
    ]


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
    >>> from ndpipe.experiments.timeline import receive_in_steps, send_in_steps
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
        marks = [
            ("wait", begin, came),
            ("read", came, read),
            ("unpickle", read, done),
        ]
        steps_to.send([Step("child", *mark) for mark in marks])


def transfer_in_steps(array: NDArray[Any]) -> list[Step]:
    """Send an array to a child through a standard Pipe, and note the steps of both processes.

    Parameters
    ----------
    array : ndarray
        Shorter than 2 GiB.

    Returns
    -------
    list of Step
        Times in seconds since the parent began; the child may have waited before.

    Examples
    --------
    >>> import numpy as np
    >>> from ndpipe.experiments.timeline import transfer_in_steps
    >>> [step.name for step in transfer_in_steps(np.ones(100_000))]
    ['pickle', 'write', 'wait', 'read', 'unpickle']
    """
    here, there = multiprocessing.Pipe()
    steps_here, steps_there = multiprocessing.Pipe(duplex=False)
    with here, there, steps_here, steps_there:
        child = multiprocessing.Process(target=receive_in_steps, args=(there, steps_there))
        child.start()
        there.close()
        steps_there.close()
        steps_here.recv()
        steps = send_in_steps(here, array) + steps_here.recv()
        child.join()
        child.close()
    begin = steps[0].start
    return [replace(s, start=max(0.0, s.start - begin), end=s.end - begin) for s in steps]


def plot_steps(steps: list[Step], heading: str) -> "Figure":
    """Show the steps of both processes in a pyplot figure, a row for each.

    Parameters
    ----------
    steps : list of Step
    heading : str
        The title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib import pyplot as plt

    figure = new_figure(describe_machine(), 2.6, plt.figure())
    figure.suptitle(heading, fontsize=11)
    axes = figure.subplots()
    for step in steps:
        width = step.end - step.start
        colour = _COLOURS[step.name]
        axes.barh(step.process, width, left=step.start, color=colour, edgecolor="white")
        middle = step.start + width / 2
        place: Any = step.process  # the axis has the names of the processes
        axes.text(middle, place, step.name, ha="center", va="center", color=INK, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("seconds since the parent began to send")
    finish(axes)
    return figure
