"""The children of the first pages: receive, return and echo arrays."""

from multiprocessing.connection import Connection

import numpy as np

__all__ = ["echo", "receive_and_zero", "send_frames", "send_ones"]


def receive_and_zero(
    conn: Connection,
    other_end: Connection | None = None,
) -> None:
    """Receive a matrix, print its corner, fill the matrix with zeros and print it again.

    The zeros stay in the child: what arrived through the pipe is a copy, and the array that was
    sent is untouched.

    Parameters
    ----------
    conn : multiprocessing.connection.Connection
        The child's end of the pipe. One ndarray of two dimensions and any numeric dtype is
        received. The end is closed on return.
    other_end : multiprocessing.connection.Connection, optional
        The parent's end, closed here at once: a forked child inherits it. See `echo`.

    Raises
    ------
    EOFError
        If the peer closes its end before it sends an array.

    See Also
    --------
    send_ones : The other direction, from child to parent.

    Examples
    --------
    >>> import multiprocessing
    >>> import numpy as np
    >>> from ndpipe.tasks import receive_and_zero
    >>> parent_end, child_end = multiprocessing.Pipe()
    >>> child = multiprocessing.Process(
    ...     target=receive_and_zero, args=(child_end, parent_end)
    ... )
    >>> child.start()
    >>> child_end.close()  # the child has its own
    >>> array = np.ones((3, 3))
    >>> parent_end.send(array)
    >>> child.join()
    >>> child.exitcode
    0
    >>> array  # the child wrote zeros into its copy
    array([[1., 1., 1.],
           [1., 1., 1.],
           [1., 1., 1.]])
    >>> parent_end.close()
    """
    if other_end is not None:
        other_end.close()
    with conn:
        array = conn.recv()
        rows, columns = array.shape
        print(f"received {rows} x {columns} {array.dtype}, its corner:")
        print(array[:5, :5])
        array.fill(0)
        print("filled with zeros, its corner:")
        print(array[:5, :5])


def send_ones(
    conn: Connection,
    n: int,
    other_end: Connection | None = None,
) -> None:
    """Make a matrix of ones, print its corner and send the matrix.

    A process has no return value; a pipe is the nearest thing to one.

    Parameters
    ----------
    conn : multiprocessing.connection.Connection
        The child's end of the pipe. One ndarray of shape (n, n), dtype float64, is sent. The end
        is closed on return.
    n : int
        Rows and columns. The array takes 8 * n**2 bytes.
    other_end : multiprocessing.connection.Connection, optional
        The parent's end, closed here at once: a forked child inherits it. See `echo`.

    Raises
    ------
    BrokenPipeError
        If the peer has closed its end.
    MemoryError
        If the array, or the copies that pickling makes of it, cannot be allocated.

    See Also
    --------
    receive_and_zero : The other direction, from parent to child.

    Examples
    --------
    Receive first, then join: the child cannot end before somebody has read what it sends.

    >>> import multiprocessing
    >>> from ndpipe.tasks import send_ones
    >>> parent_end, child_end = multiprocessing.Pipe()
    >>> child = multiprocessing.Process(
    ...     target=send_ones, args=(child_end, 3, parent_end)
    ... )
    >>> child.start()
    >>> child_end.close()
    >>> parent_end.recv()
    array([[1., 1., 1.],
           [1., 1., 1.],
           [1., 1., 1.]])
    >>> child.join()
    >>> parent_end.close()
    """
    if other_end is not None:
        other_end.close()
    with conn:
        array = np.ones((n, n))
        print(f"made {n} x {n} {array.dtype}, its corner:")
        print(array[:5, :5])
        conn.send(array)


def echo(
    conn: Connection,
    other_end: Connection | None = None,
) -> None:
    """Send back every object that arrives, until the peer closes its end.

    Parameters
    ----------
    conn : multiprocessing.connection.Connection
        The child's end of a duplex pipe. Any picklable objects are received and returned, one at
        a time. The end is closed on return.
    other_end : multiprocessing.connection.Connection, optional
        The parent's end of the same pipe, closed here at once. A forked child inherits a copy of
        every open descriptor, that end too, and end of file comes only when *all* copies of an
        end are closed: while the child holds one itself, it would wait for ever.

    See Also
    --------
    receive_and_zero, send_ones : One array, one way.

    Notes
    -----
    The rule that every process must close the ends it does not use is the one that
    :manpage:`pipe(7)` gives for the operating system's own pipes.

    Examples
    --------
    >>> import multiprocessing
    >>> from ndpipe.tasks import echo
    >>> parent_end, child_end = multiprocessing.Pipe()
    >>> child = multiprocessing.Process(target=echo, args=(child_end, parent_end))
    >>> child.start()
    >>> child_end.close()
    >>> for message in ("once", [1, 2], None):
    ...     parent_end.send(message)
    ...     print(parent_end.recv())
    once
    [1, 2]
    None

    Closing the other end is end of file to the child, which then returns:

    >>> parent_end.close()
    >>> child.join()
    >>> child.exitcode
    0
    """
    if other_end is not None:
        other_end.close()
    with conn:
        while True:
            try:
                message = conn.recv()
            except EOFError:
                print("end of file: the other end is closed")
                return
            print(f"echoing {message!r}")
            conn.send(message)


def send_frames(
    conn: Connection,
    shape: tuple[int, ...],
    count: int,
    other_end: Connection | None = None,
) -> None:
    """Send frames of one shape, one after the other, then an array that is no frame.

    Parameters
    ----------
    conn : multiprocessing.connection.Connection
        The child's end of the pipe. Sent are `count` ndarrays of shape `shape`, dtype uint8, the
        pixels of the i-th all equal to i modulo 256, and an ndarray of shape (10,), the integers
        from 0 on. The end is closed on return.
    shape : tuple of int
        Shape of a frame.
    count : int
        How many frames.
    other_end : multiprocessing.connection.Connection, optional
        The parent's end, closed here at once: a forked child inherits it. See `echo`.

    Raises
    ------
    BrokenPipeError
        If the peer has closed its end.

    See Also
    --------
    ndpipe.Connection.recv_into : How to receive them into one array.

    Examples
    --------
    >>> import multiprocessing
    >>> import numpy as np
    >>> import ndpipe
    >>> from ndpipe.tasks import send_frames
    >>> parent_end, child_end = ndpipe.Pipe()
    >>> child = multiprocessing.Process(
    ...     target=send_frames, args=(child_end, (2, 2), 3, parent_end)
    ... )
    >>> child.start()
    >>> child_end.close()
    >>> frame = np.empty((2, 2), np.uint8)
    >>> for _ in range(3):
    ...     print(parent_end.recv_into(frame).sum())
    0
    4
    8
    >>> parent_end.recv()
    array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    >>> child.join()
    >>> parent_end.close()
    """
    if other_end is not None:
        other_end.close()
    with conn:
        for number in range(count):
            conn.send(np.full(shape, number % 256, np.uint8))
        conn.send(np.arange(10))
