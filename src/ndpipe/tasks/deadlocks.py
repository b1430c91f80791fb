"""Children that wait for the wrong thing: the deadlocks of joining and of talking at once."""

from multiprocessing.connection import Connection
from multiprocessing.queues import Queue

import numpy as np

__all__ = ["put_result", "receive_then_send", "send_result", "send_then_receive"]


def send_result(conn: Connection, other_end: Connection, n: int) -> None:
    """Make an array, send it to the parent, and print a line before and after.

    Parameters
    ----------
    conn : multiprocessing.connection.Connection
        The child's end of the pipe. One ndarray of shape (n,), dtype float64, is sent: the
        numbers 0, 1, 2 and so on. The end is closed on return.
    other_end : multiprocessing.connection.Connection
        The parent's end of the pipe, of which the child closes its copy.
    n : int
        Length of the array, which takes 8 * n bytes.

    Raises
    ------
    BrokenPipeError
        If the parent has closed its end.

    See Also
    --------
    put_result : The same through a queue.

    Examples
    --------
    >>> import multiprocessing
    >>> from ndpipe.tasks import send_result
    >>> receiver, sender = multiprocessing.Pipe(duplex=False)
    >>> child = multiprocessing.Process(target=send_result, args=(sender, receiver, 4))
    >>> child.start()
    >>> sender.close()
    >>> receiver.recv()
    array([0., 1., 2., 3.])
    >>> child.join()
    >>> receiver.close()
    """
    other_end.close()
    with conn:
        print(f"sending {8 * n:,} bytes")
        conn.send(np.arange(float(n)))
        print(f"sent {8 * n:,} bytes")


def put_result(queue: Queue, n: int) -> None:
    """Make an array and put it into a queue.

    Parameters
    ----------
    queue : multiprocessing.Queue
        Where one ndarray of shape (n,), dtype float64, is put: the numbers 0, 1, 2 and so on.
    n : int
        Length of the array, which takes 8 * n bytes.

    See Also
    --------
    send_result : The same through a pipe.

    Notes
    -----
    ``put`` returns at once. A thread of the child writes the array into the queue's pipe, and the
    child does not exit before that thread has finished.

    Examples
    --------
    >>> import multiprocessing
    >>> from ndpipe.tasks import put_result
    >>> queue = multiprocessing.Queue()
    >>> child = multiprocessing.Process(target=put_result, args=(queue, 4))
    >>> child.start()
    >>> queue.get(timeout=60)
    array([0., 1., 2., 3.])
    >>> child.join()
    >>> queue.close()
    """
    queue.put(np.arange(float(n)))
    print(f"put {8 * n:,} bytes into the queue")


def send_then_receive(conn: Connection, other_end: Connection, n: int) -> None:
    """Send an array, then receive one.

    A parent that does the same deadlocks with this child, if neither array fits into the pipe.

    Parameters
    ----------
    conn : multiprocessing.connection.Connection
        The child's end of a duplex pipe. One ndarray of shape (n,), dtype float64, all ones, is
        sent; then one ndarray is received. The end is closed on return.
    other_end : multiprocessing.connection.Connection
        The parent's end of the pipe, of which the child closes its copy.
    n : int
        Length of the array that is sent.

    See Also
    --------
    receive_then_send : The other order, which cannot deadlock with that parent.

    Examples
    --------
    >>> import multiprocessing
    >>> import numpy as np
    >>> from ndpipe.tasks import send_then_receive
    >>> here, there = multiprocessing.Pipe()
    >>> child = multiprocessing.Process(target=send_then_receive, args=(there, here, 3))
    >>> child.start()
    >>> there.close()
    >>> here.recv()
    array([1., 1., 1.])
    >>> here.send(np.zeros(3))
    >>> child.join()
    >>> child.exitcode
    0
    >>> here.close()
    """
    other_end.close()
    with conn:
        conn.send(np.ones(n))
        print("sent mine, now receiving")
        array = conn.recv()
        print(f"received {array.nbytes:,} bytes")


def receive_then_send(conn: Connection, other_end: Connection, n: int) -> None:
    """Receive an array, then send one.

    Parameters
    ----------
    conn : multiprocessing.connection.Connection
        The child's end of a duplex pipe. One ndarray is received; then one ndarray of shape
        (n,), dtype float64, all ones, is sent. The end is closed on return.
    other_end : multiprocessing.connection.Connection
        The parent's end of the pipe, of which the child closes its copy.
    n : int
        Length of the array that is sent.

    See Also
    --------
    send_then_receive : The other order.

    Examples
    --------
    >>> import multiprocessing
    >>> import numpy as np
    >>> from ndpipe.tasks import receive_then_send
    >>> here, there = multiprocessing.Pipe()
    >>> child = multiprocessing.Process(target=receive_then_send, args=(there, here, 3))
    >>> child.start()
    >>> there.close()
    >>> here.send(np.zeros(3))
    >>> here.recv()
    array([1., 1., 1.])
    >>> child.join()
    >>> here.close()
    """
    other_end.close()
    with conn:
        array = conn.recv()
        print(f"received {array.nbytes:,} bytes, now sending mine")
        conn.send(np.ones(n))
