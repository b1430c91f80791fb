"""The standard Pipe, with large arrays carried out of band.

`Pipe` and `Connection` do what their namesakes in :mod:`multiprocessing` do, with the same names
and the same exceptions where those raise, so that changing one import is the whole migration.
What differs is how an object that holds large arrays travels: the standard connection pickles
each array into a copy and sends that; here the pickle holds a place for each array, and the
arrays' own bytes follow it, from the sender's memory into the receiver's. The bytes on the wire
are described in :mod:`ndpipe._pipe.wire`, on one page.

A message is sent and received whole or not at all. A send or receive that began and did not
finish, because the peer died, a signal handler raised or memory ran out, closes the connection,
since nobody can tell any longer where the next message begins; using it again raises `OSError`
with the reason.

As with the standard connection, `Connection.recv` unpickles what it is sent, and unpickling can
run any code: the peer must be trusted. With ``allow_pickle=False`` it does not.
"""

import multiprocessing
import socket
import sys
from multiprocessing import connection as standard
from typing import Any

from ndpipe._pipe import splice, wire
from ndpipe._pipe.end import Connection
from ndpipe._pipe.limits import Limits
from ndpipe._pipe.standard import take_handle

__all__ = ["Connection", "Pipe", "wrap"]


def Pipe(  # noqa: N802 - the name that multiprocessing has for it
    duplex: bool = True,
    *,
    threshold: int = wire.THRESHOLD,
    splice_threshold: int | None = splice.THRESHOLD,
    allow_pickle: bool = True,
    max_bytes: int | None = None,
) -> tuple[Connection, Connection]:
    """Return two connected ends of a pipe, for two processes to exchange objects and arrays.

    It is :func:`multiprocessing.Pipe`, faster for arrays and with errors where that one goes
    wrong in silence.

    Parameters
    ----------
    duplex : bool, default True
        Whether both ends can send and receive. If not, the first can only receive and the second
        can only send.
    threshold : int, default 65536
        Arrays of at least so many bytes travel out of band. Chiefly for tests, which reach that
        with small arrays.
    splice_threshold : int or None, default 16777216
        On Linux, where the arrays of a message have at least so many bytes together, they are
        copied once instead of twice: see the notes. None switches that off; so does the
        environment variable ``NDPIPE_SPLICE_THRESHOLD``, set to ``off`` when ndpipe is imported,
        for all connections that are made without this argument. It may be set to a number too.
        With ``allow_pickle=False`` nothing is spliced.
    allow_pickle : bool, default True
        If False, the ends send no pickle and refuse each that comes, with `OSError`, before
        anything is unpickled: no message can run code. Objects are then lists, tuples, dicts,
        str, bytes, numbers, bool, None and arrays of plain dtypes.
    max_bytes : int, optional
        The most memory that a message which comes may ask for, in bytes: what is made of it, and
        what that needs on the way. More than that is refused with `OSError` when it is declared.

    Returns
    -------
    tuple of Connection
        The two ends.

    Raises
    ------
    OSError
        If the process has no file descriptors left.

    See Also
    --------
    wrap : Make an end of a connection that is already there.

    Notes
    -----
    Both kinds are socket pairs, simplex ones with one half shut down: an :func:`os.pipe`, which
    the standard library takes for those, is slower. On Windows, arrays go through the standard
    connection's own messages.

    A socket copies what it carries twice. On Linux, arrays of `splice_threshold` bytes go through a
    pipe that is made for their message and is lent the sender's pages, which saves a copy. Where
    no such pipe can be had, they go through the socket.

    Examples
    --------
    >>> import multiprocessing
    >>> import numpy as np
    >>> import ndpipe
    >>> from ndpipe.tasks import send_ones
    >>> parent_end, child_end = ndpipe.Pipe()
    >>> child = multiprocessing.Process(target=send_ones, args=(child_end, 1000))
    >>> child.start()
    >>> child_end.close()  # the child has its own
    >>> parent_end.recv().sum()
    np.float64(1000000.0)
    >>> child.join()
    >>> parent_end.close()

    The ends of a simplex pipe have one use each:

    >>> receiver, sender = ndpipe.Pipe(duplex=False)
    >>> receiver.send(np.ones(3))
    Traceback (most recent call last):
    OSError: connection is read-only
    >>> receiver.close(), sender.close()
    (None, None)
    """
    options: Any = {
        "threshold": threshold,
        "splice_threshold": splice_threshold,
        "allow_pickle": allow_pickle,
        "max_bytes": max_bytes,
    }
    Limits.of(allow_pickle, max_bytes)  # raises before there is anything to close
    if sys.platform == "win32":
        first, second = multiprocessing.Pipe(duplex)
        return wrap(first, **options), wrap(second, **options)
    a, b = socket.socketpair()
    with a, b:
        if not duplex:
            a.shutdown(socket.SHUT_WR)
        first = Connection(a.detach(), writable=duplex, **options)
        second = Connection(b.detach(), readable=duplex, **options)
    for end in (first, second):
        end._stream.file.enlarge_buffer()
    return first, second


def wrap(
    connection: standard.Connection,
    *,
    threshold: int = wire.THRESHOLD,
    splice_threshold: int | None = splice.THRESHOLD,
    allow_pickle: bool = True,
    max_bytes: int | None = None,
) -> Connection:
    """Take over a standard connection and return one that carries arrays out of band.

    Parameters
    ----------
    connection : multiprocessing.connection.Connection
        A connection from anywhere: a :class:`multiprocessing.connection.Listener` or
        :func:`multiprocessing.connection.Client`, say. It is closed for its present holder, and
        lives on in what is returned.
    threshold : int, default 65536
        Arrays of at least so many bytes travel out of band.
    splice_threshold : int or None, default 16777216
        Arrays of at least so many bytes in one message are spliced, as `Pipe` describes, where
        the connection is a socket on this machine (``AF_UNIX``); None for never.
    allow_pickle : bool, default True
        Whether pickles are sent and received, as `Pipe` has it.
    max_bytes : int, optional
        The most memory that a message may ask for, as `Pipe` has it.

    Returns
    -------
    Connection
        The same end of the same connection.

    Raises
    ------
    OSError
        If the connection is closed.

    See Also
    --------
    Pipe : Two connected ends from the start.

    Notes
    -----
    Messages without large arrays are the standard connection's, so the peer may be a standard
    one as long as it is sent none. A standard peer that is sent one fails with `OverflowError`.
    So it does at every object from an end with ``allow_pickle=False``: wrap both ends alike.

    An end that is wrapped again goes on to refuse what it has refused.

    Examples
    --------
    >>> import multiprocessing
    >>> import numpy as np
    >>> import ndpipe
    >>> first, second = multiprocessing.Pipe()
    >>> a, b = ndpipe.wrap(first), ndpipe.wrap(second)
    >>> a.send({"small": np.arange(3)})
    >>> b.recv()
    {'small': array([0, 1, 2])}
    >>> first.send("gone")
    Traceback (most recent call last):
    OSError: handle is closed
    >>> a.close(), b.close()
    (None, None)
    """
    connection.fileno()  # raises if it is closed
    limits = Limits.of(allow_pickle, max_bytes)
    if isinstance(connection, Connection):
        connection._threshold = max(threshold, 1)
        connection._splice_threshold = splice_threshold
        connection._limit(connection._limits.and_of(limits))
        return connection
    if sys.platform == "win32":
        from ndpipe._pipe import windows

        return windows.wrap(connection, threshold, limits)
    handle = take_handle(connection)
    taken = Connection(
        handle,
        connection.readable,
        connection.writable,
        threshold=threshold,
        splice_threshold=splice_threshold,
    )
    taken._limit(limits)
    taken._stream.file.enlarge_buffer()
    return taken
