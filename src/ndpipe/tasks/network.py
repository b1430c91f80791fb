"""A server that other machines connect to: a Listener with a key, made fast by `ndpipe.wrap`."""

from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener

from ndpipe.connection import wrap

__all__ = ["serve_doubles"]


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
