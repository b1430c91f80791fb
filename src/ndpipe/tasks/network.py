"""Servers that others connect to: a Listener with a key, made fast by `ndpipe.wrap`."""

from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener

import numpy as np

from ndpipe.connection import wrap

__all__ = ["serve_doubles", "serve_means"]


def serve_doubles(announce: Connection, authkey: bytes) -> None:
    """Listen on the loopback, and send back the double of each array that a client sends.

    The server refuses a client with another key, and waits for the next one. It ends when a client
    that it has served closes its end.

    Parameters
    ----------
    announce : multiprocessing.connection.Connection
        One end of a pipe. The address, a pair of host and port, is sent through it, and the end
        is closed.
    authkey : bytes
        The key that clients must have.

    See Also
    --------
    ndpipe.wrap : Turns the accepted connection into a fast one.

    Examples
    --------
    >>> import multiprocessing
    >>> from multiprocessing.connection import Client
    >>> import numpy as np
    >>> import ndpipe
    >>> from ndpipe.tasks import serve_doubles
    >>> here, there = multiprocessing.Pipe()
    >>> server = multiprocessing.Process(target=serve_doubles, args=(there, b"secret"))
    >>> server.start()
    >>> there.close()
    >>> with ndpipe.wrap(Client(here.recv(), authkey=b"secret")) as conn:
    ...     conn.send(np.arange(3))
    ...     print(conn.recv())
    [0 2 4]
    >>> server.join()
    >>> here.close()
    """
    with Listener(("127.0.0.1", 0), authkey=authkey) as listener:
        with announce:
            announce.send(listener.address)
        while True:
            try:
                client = listener.accept()
            except AuthenticationError:
                continue  # the client has got the refusal
            with wrap(client) as conn:
                print("accepted a client")
                try:
                    while True:
                        conn.send(2 * conn.recv())
                except EOFError:
                    return


def serve_means(announce: Connection, authkey: bytes) -> None:
    """Listen on the loopback, and send back the means of the columns of each table that comes.

    No message can run code here: pickles are refused, and so is what needs more than 16 MiB. Who
    sends such a message is disconnected, and the next client is waited for. When a client closes
    its end, the server ends.

    Parameters
    ----------
    announce : multiprocessing.connection.Connection
        One end of a pipe. The address, a pair of host and port, is sent through it, and the end
        is closed.
    authkey : bytes
        The key that clients must have.

    See Also
    --------
    ndpipe.wrap : Turns the accepted connection into one that takes no pickle.

    Examples
    --------
    >>> import multiprocessing
    >>> from multiprocessing.connection import Client
    >>> import numpy as np
    >>> import ndpipe
    >>> from ndpipe.tasks import serve_means
    >>> here, there = multiprocessing.Pipe()
    >>> server = multiprocessing.Process(target=serve_means, args=(there, b"secret"))
    >>> server.start()
    >>> there.close()
    >>> client = Client(here.recv(), authkey=b"secret")
    >>> with ndpipe.wrap(client, allow_pickle=False) as conn:
    ...     conn.send({"table": np.array([[1.0, 2.0], [3.0, 4.0]])})
    ...     print(conn.recv())
    ...     conn.send("a table")
    ...     print(conn.recv())
    {'means': array([2., 3.])}
    {'error': 'send {"table": a table of floats}'}
    >>> server.join()
    >>> here.close()
    """

    def reply(message: object) -> dict[str, object]:
        match message:  # of known types, with any values
            case {"table": np.ndarray(ndim=2) as table}:
                if table.dtype.kind == "f":
                    return {"means": table.mean(axis=0)}
        return {"error": 'send {"table": a table of floats}'}

    with Listener(("127.0.0.1", 0), authkey=authkey) as listener:
        with announce:
            announce.send(listener.address)
        while True:
            try:
                client = listener.accept()
            except (AuthenticationError, EOFError, ConnectionError):
                continue  # the key was wrong, or the client went away
            with wrap(client, allow_pickle=False, max_bytes=1 << 24) as conn:
                try:
                    while True:
                        conn.send(reply(conn.recv()))
                except EOFError:
                    return
                except OSError as error:
                    print("disconnected:", error)
