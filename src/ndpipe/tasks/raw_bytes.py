"""Bytes without pickle: an image as bytes, a safe view of them, the bytes before them."""

import contextlib
import multiprocessing
import os
import threading
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["bytes_of", "header_of", "send_image"]


def bytes_of(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the bytes of an array as a flat array, without a copy where it is contiguous.

    Parameters
    ----------
    array : ndarray of any shape and of any dtype without object references
        An array in C or Fortran order. Of any other, the bytes of a copy in C order are returned.

    Returns
    -------
    ndarray of shape (array.nbytes,), dtype uint8
        The bytes in memory order; a view, so that what is written to it is in `array`.

    Raises
    ------
    TypeError
        If the array holds references to Python objects.

    See Also
    --------
    send_image : Sends these bytes.

    Examples
    --------
    >>> import numpy as np
    >>> from ndpipe.tasks import bytes_of
    >>> array = np.array([[1, 2], [3, 4]], dtype=">u2", order="F")
    >>> bytes_of(array)
    array([0, 1, 0, 3, 0, 2, 0, 4], dtype=uint8)
    >>> bytes_of(array)[1] = 9
    >>> array[0, 0]
    np.uint16(9)
    >>> bytes_of(np.array([None]))
    Traceback (most recent call last):
    TypeError: Cannot change data-type for array of references.
    """
    return array.reshape(-1, order="A").view(np.uint8)


def send_image(
    conn: Connection,
    shape: tuple[int, ...],
    flat: bool = True,
) -> None:
    """Send the pixels of an image without pickle: only bytes, in one message.

    Parameters
    ----------
    conn : multiprocessing.connection.Connection
        The child's end of the pipe. One message of bytes is sent. The end is closed on return.
    shape : tuple of int
        Shape of the image, dtype uint8; its pixels count up from 0, modulo 256.
    flat : bool, default True
        Whether the bytes are sent as a flat buffer. If False, the array itself is given to
        ``send_bytes``, which the standard connection gets wrong.

    Raises
    ------
    BrokenPipeError
        If the peer has closed its end.

    See Also
    --------
    bytes_of : The safe form.

    Examples
    --------
    >>> import multiprocessing
    >>> from ndpipe.tasks import send_image
    >>> parent_end, child_end = multiprocessing.Pipe()
    >>> child = multiprocessing.Process(target=send_image, args=(child_end, (3, 4)))
    >>> child.start()
    >>> child_end.close()
    >>> len(parent_end.recv_bytes())
    12
    >>> child.join()
    >>> parent_end.close()
    """
    with conn:
        image: Any = np.arange(np.prod(shape)).astype(np.uint8).reshape(shape)
        conn.send_bytes(image.ravel() if flat else image)


def header_of(nbytes: int) -> bytes:
    """Return the first twelve bytes that a standard Pipe carries for a body of zeros.

    The transfer is given up when the header has been read. The body takes no memory: NumPy asks
    the system for zeros, which it need not store before somebody writes to them.

    Parameters
    ----------
    nbytes : int
        Size of the body in bytes, 12 or more.

    Returns
    -------
    bytes
        The header, and where it is shorter than twelve bytes, the zeros that follow it.

    See Also
    --------
    send_image : Sends a body and lets it arrive.

    Examples
    --------
    >>> from ndpipe.tasks import header_of
    >>> header_of(100_000)[:4].hex(" ")  # the length, in four bytes
    '00 01 86 a0'
    """
    here, there = multiprocessing.Pipe()
    body: Any = np.zeros(nbytes, np.uint8)

    def send() -> None:
        with contextlib.suppress(OSError):  # the other end is closed
            here.send_bytes(body)

    sender = threading.Thread(target=send)
    sender.start()
    header = b""
    while len(header) < 12:
        header += os.read(there.fileno(), 12 - len(header))
    there.close()
    sender.join()
    here.close()
    return header
