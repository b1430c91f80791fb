"""A child that receives the rest of an interrupted send."""

from collections.abc import Iterable
from multiprocessing.connection import Connection

__all__ = ["receive_when_told"]


def receive_when_told(
    conn: Connection, control: Connection, other_ends: Iterable[Connection]
) -> None:
    """Receive objects at the parent's request, and report each, up to the first error.

    Parameters
    ----------
    conn : multiprocessing.connection.Connection
        The child's end of the pipe. Objects are received until one of them raises. The end is
        closed on return.
    control : multiprocessing.connection.Connection
        The child's end of a second, duplex pipe. The name of the method to receive with,
        ``"recv"`` or ``"recv_bytes"``, comes first. For each message a dict of str to int is
        sent, how many of each character it has; and at last the exception. The end is closed on
        return.
    other_ends : iterable of multiprocessing.connection.Connection
        The parent's ends of both pipes, of which the child closes its copies.

    Examples
    --------
    >>> import multiprocessing
    >>> from ndpipe.tasks import receive_when_told
    >>> here, there = multiprocessing.Pipe()
    >>> control, child_control = multiprocessing.Pipe()
    >>> ends = there, child_control, (here, control)
    >>> child = multiprocessing.Process(target=receive_when_told, args=ends)
    >>> child.start()
    >>> there.close(), child_control.close()
    (None, None)
    >>> here.send_bytes(b"AAAB")
    >>> control.send("recv_bytes")
    >>> control.recv()
    {'A': 3, 'B': 1}
    >>> here.close()
    >>> control.recv()
    EOFError()
    >>> child.join()
    >>> control.close()
    """
    for end in other_ends:
        end.close()
    with conn, control:
        receive = getattr(conn, control.recv())
        try:
            while True:
                message = receive()
                letters = sorted(set(message))
                control.send({chr(n): message.count(n) for n in letters})
        except Exception as error:
            control.send(error)
