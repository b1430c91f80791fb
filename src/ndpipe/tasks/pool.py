"""Workers that take block after block: from a pipe of their own, or from a queue they share."""

from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["serve_pipe", "serve_queue", "subtract_mean"]


def subtract_mean(block: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a block of numbers with a mean of zero: the work that the pages hand out.

    Parameters
    ----------
    block : ndarray of any shape, dtype float64
        The numbers.

    Returns
    -------
    ndarray of the same shape and dtype
        The numbers, less their mean.

    See Also
    --------
    serve_pipe, serve_queue : Workers that call it.

    Examples
    --------
    >>> import numpy as np
    >>> from ndpipe.tasks import subtract_mean
    >>> subtract_mean(np.array([1.0, 2.0, 3.0]))
    array([-1.,  0.,  1.])
    """
    centred: NDArray[np.float64] = block - block.mean()
    return centred


def serve_pipe(conn: Connection, work: Callable[[Any], Any]) -> None:
    """Receive numbered jobs, send back numbered results, until None is received.

    Parameters
    ----------
    conn : multiprocessing.connection.Connection
        The child's end of a duplex pipe. Pairs of a number and an argument are received, pairs of
        the number and the result are sent. The end is closed on return.
    work : callable
        Takes the argument of a job and returns its result. It must be importable by name.

    Raises
    ------
    EOFError
        If the peer closes its end without sending None.

    See Also
    --------
    serve_queue : The same over queues.

    Examples
    --------
    >>> import multiprocessing
    >>> import numpy as np
    >>> from ndpipe.tasks import serve_pipe, subtract_mean
    >>> parent_end, child_end = multiprocessing.Pipe()
    >>> child = multiprocessing.Process(target=serve_pipe, args=(child_end, subtract_mean))
    >>> child.start()
    >>> child_end.close()
    >>> parent_end.send((7, np.array([1.0, 3.0])))
    >>> parent_end.recv()
    (7, array([-1.,  1.]))
    >>> parent_end.send(None)
    >>> child.join()
    >>> parent_end.close()
    """
    with conn:
        while (job := conn.recv()) is not None:
            number, argument = job
            conn.send((number, work(argument)))


def serve_queue(jobs: Any, results: Any, work: Callable[[Any], Any]) -> None:
    """Take numbered jobs from a queue, put numbered results into another, until None comes.

    Parameters
    ----------
    jobs, results : multiprocessing.Queue
        Shared by any number of producers and workers. As many None must be put into `jobs` as
        there are workers.
    work : callable
        Takes the argument of a job and returns its result. It must be importable by name.

    See Also
    --------
    serve_pipe : The same over a pipe of its own.

    Examples
    --------
    >>> import multiprocessing
    >>> import numpy as np
    >>> from ndpipe.tasks import serve_queue, subtract_mean
    >>> jobs, results = multiprocessing.Queue(), multiprocessing.Queue()
    >>> worker = multiprocessing.Process(
    ...     target=serve_queue, args=(jobs, results, subtract_mean)
    ... )
    >>> worker.start()
    >>> for job in [(7, np.array([1.0, 3.0])), None]:
    ...     jobs.put(job)
    >>> results.get(timeout=60)
    (7, array([-1.,  1.]))
    >>> worker.join()
    >>> for queue in (jobs, results):
    ...     queue.close()
    ...     queue.join_thread()
    """
    while (job := jobs.get()) is not None:
        number, argument = job
        results.put((number, work(argument)))
