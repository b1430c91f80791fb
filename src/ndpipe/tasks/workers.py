"""A worker that stays: one child that answers request after request."""

import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

__all__ = ["serve"]


def serve(
    conn: Connection,
    other_end: Connection,
    function: Callable[[Any], Any],
) -> None:
    """Answer each request with what a function returns for it, or with what it raises.

    Parameters
    ----------
    conn : multiprocessing.connection.Connection
        The child's end of a duplex pipe. Each object received is a request, and gets one reply.
        The end is closed on return.
    other_end : multiprocessing.connection.Connection
        The parent's end of the pipe, of which the child closes its copy. The child returns when
        the parent has closed it too, or has died.
    function : callable
        Takes the request and returns the reply. Where it raises, the exception is the reply, and
        its note holds the child's traceback. Must be importable by name under spawn and
        forkserver.

    Raises
    ------
    pickle.PicklingError, TypeError, AttributeError
        If the reply cannot be pickled.

    See Also
    --------
    echo : A worker that returns what it gets.

    Examples
    --------
    >>> import multiprocessing
    >>> import numpy as np
    >>> from ndpipe.tasks import serve
    >>> here, there = multiprocessing.Pipe()
    >>> worker = multiprocessing.Process(target=serve, args=(there, here, np.linalg.inv))
    >>> worker.start()
    >>> there.close()
    >>> here.send(np.eye(2) * 4)
    >>> here.recv()
    array([[0.25, 0.  ],
           [0.  , 0.25]])
    >>> here.send(np.zeros((2, 2)))
    >>> here.recv()
    LinAlgError('Singular matrix')
    >>> here.close()
    >>> worker.join()
    >>> worker.exitcode
    0
    """
    other_end.close()
    with conn:
        while True:
            try:
                request = conn.recv()
            except EOFError:  # the parent has closed its end: no more requests
                return
            try:
                reply = function(request)
            except Exception as error:
                error.add_note(f"In the child:\n{traceback.format_exc()}")
                reply = error
            conn.send(reply)
