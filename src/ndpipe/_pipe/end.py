"""One end of a pipe: what :class:`ndpipe.Connection` is."""

import math
import select
from multiprocessing import reduction
from typing import Any

from numpy.typing import NDArray

from ndpipe._pipe import receiving, sending, splice, wire
from ndpipe._pipe.buffers import flat, flat_writeable
from ndpipe._pipe.descriptors import READING
from ndpipe._pipe.files import open_file
from ndpipe._pipe.layouts import check_destination
from ndpipe._pipe.limits import Limits
from ndpipe._pipe.standard import StandardConnection
from ndpipe._pipe.stream import Stream

__all__ = ["Connection"]


class Connection(StandardConnection):
    """One end of a pipe: the standard connection, with large arrays carried out of band.

    Everything of :class:`multiprocessing.connection.Connection` is here and works as it does
    there: `poll`, `fileno`, `send_bytes`, `close`, ``with``, and, from outside,
    :func:`multiprocessing.connection.wait` and passing an end to a child process. Connections
    are made by `Pipe` and `wrap`.

    Parameters
    ----------
    handle : int
        The file descriptor, which the connection owns from now on.
    readable, writable : bool, default True
        Whether this end may receive, and may send.
    threshold : int, default 65536
        Arrays of at least so many bytes travel out of band. A message without any is, byte for
        byte, what the standard connection sends.
    splice_threshold : int or None, default 16777216
        Arrays of at least so many bytes in one message are spliced; None for never. See `Pipe`.
    allow_pickle : bool, default True
        Whether this end sends and receives pickles, as `Pipe` has it.
    max_bytes : int, optional
        The most memory that a message may ask for, as `Pipe` has it.

    See Also
    --------
    Pipe : Make two connected ends.
    wrap : Turn a standard connection into one of these.

    Notes
    -----
    Threads may share an end: they take turns, a whole message at a time, in each direction.
    """

    def __init__(
        self,
        handle: int,
        readable: bool = True,
        writable: bool = True,
        *,
        threshold: int = wire.THRESHOLD,
        splice_threshold: int | None = splice.THRESHOLD,
        allow_pickle: bool = True,
        max_bytes: int | None = None,
    ) -> None:
        self._limit(Limits.of(allow_pickle, max_bytes))
        self._stream = Stream(open_file(handle))
        self._readable, self._writable = readable, writable
        self._threshold = max(threshold, 1)  # an array of no bytes has none to send
        self._splice_threshold = splice_threshold

    def __del__(self) -> None:
        if hasattr(self, "_stream"):  # the constructor may have failed
            self._stream.close()

    def _limit(self, limits: Limits) -> None:
        """Set what this end accepts of its peer."""
        self._limits = limits

    @property
    def _handle(self) -> int | None:
        """What the standard connection's methods ask for the descriptor, or whether it is open."""
        return self._stream.handle

    def close(self) -> None:
        """Close this end, in this process. To close it once more does nothing."""
        self._stream.close()

    def _check_closed(self) -> None:
        if self._stream.file.fileno() < 0:
            raise OSError(self._stream.why_closed)

    def _poll(self, timeout: float | None) -> bool:
        if self._stream.refused:
            return True
        # Not the standard method, whose Python code makes other exceptions of a signal handler's.
        poller = select.poll()
        poller.register(self.fileno(), select.POLLIN)
        milliseconds = None if timeout is None else max(0, math.ceil(timeout * 1000))
        return bool(poller.poll(milliseconds))

    # Sending

    def send(self, obj: Any) -> None:
        """Send an object to the peer.

        Parameters
        ----------
        obj : object
            Any picklable object. Each array in it, at any depth, of at least `threshold` bytes is
            sent from its own memory if it is contiguous (C or Fortran order, which arrive as
            such), and from one copy in C order if not. Object arrays, and subclasses of ndarray
            that pickle themselves, are sent as the standard connection sends them.

        Raises
        ------
        BrokenPipeError
            If the peer has closed its end.
        OSError
            If the connection is closed or receive-only.
        pickle.PicklingError, TypeError, AttributeError
            If the object cannot be pickled. Nothing has been sent then.
        TypeError, ValueError
            If this end has ``allow_pickle=False`` and the object cannot be described: the error
            says what and where. Nothing has been sent then.

        See Also
        --------
        recv : The other end of it.

        Notes
        -----
        It blocks until the operating system has taken the last byte: for a large array, until the
        peer has received all but the last megabyte or so. An exception that a signal handler
        raises in the meantime closes the connection.

        Examples
        --------
        >>> import multiprocessing
        >>> import numpy as np
        >>> import ndpipe
        >>> from ndpipe.tasks import receive_and_zero
        >>> parent_end, child_end = ndpipe.Pipe()
        >>> child = multiprocessing.Process(target=receive_and_zero, args=(child_end,))
        >>> child.start()
        >>> child_end.close()  # the child has its own
        >>> parent_end.send(np.ones((1000, 1000)))
        >>> child.join()
        >>> child.exitcode
        0

        The child has ended, and its end is closed:

        >>> parent_end.send("more")
        Traceback (most recent call last):
        BrokenPipeError: [Errno 32] Broken pipe
        >>> parent_end.close()
        """
        if self._stream.file.fileno() < 0:
            self._check_closed()
        if not self._writable:
            self._check_writable()
        sending.send_object(
            self._stream,
            obj,
            self._threshold,
            self._splice_threshold,
            self._limits.allow_pickle,
        )

    def send_bytes(self, buf: Any, offset: int = 0, size: int | None = None) -> None:
        r"""Send the bytes of a buffer as one message.

        Parameters
        ----------
        buf : bytes-like
            Any C-contiguous buffer, an ndarray included.
        offset : int, default 0
            Where in `buf` to start, in bytes.
        size : int, optional
            How many bytes to send; all that follow `offset` by default.

        Raises
        ------
        BrokenPipeError
            If the peer has closed its end.
        OSError
            If the connection is closed or receive-only.
        TypeError
            If the buffer is not C-contiguous.
        ValueError
            If `offset` and `size` do not lie in the buffer.

        See Also
        --------
        recv_bytes_into : Receive into a buffer.
        send : Send an array together with its dtype and shape.

        Notes
        -----
        The standard method counts the rows of a buffer of several dimensions and one byte an
        element as if they were its bytes (https://github.com/numpy/numpy/issues/14067). This one
        sends all bytes of any buffer.

        Examples
        --------
        >>> import numpy as np
        >>> import ndpipe
        >>> a, b = ndpipe.Pipe()
        >>> a.send_bytes(np.zeros((2, 3), dtype=np.uint8))
        >>> b.recv_bytes()
        b'\x00\x00\x00\x00\x00\x00'
        >>> a.send_bytes(b"short", offset=9)
        Traceback (most recent call last):
        ValueError: buffer length < offset
        >>> a.close(), b.close()
        (None, None)
        """
        super().send_bytes(flat(buf), offset, size)

    def _send_bytes(self, buf: bytes | memoryview) -> None:
        """Send a standard message: what every sending method of the base class ends in."""
        sending.send_bytes(self._stream, buf)

    # Receiving. Each method holds its message until it returns it: an exception before that
    # closes the connection, unless the message was refused or has not begun.

    def recv(self) -> Any:
        """Receive an object from the peer, waiting for one if there is none.

        Returns
        -------
        object
            What the peer sent. Arrays in it are writeable and independent of the sender's, with
            the same dtype, byte order, shape and bytes; Fortran order stays Fortran order, and
            arrays that were not contiguous arrive in C order.

        Raises
        ------
        EOFError
            If the peer has closed its end and everything it sent has been received.
        OSError
            If the peer went away in the middle of a message, which then says how many of how many
            bytes came; if what came is not a message, or one that this end does not accept (a
            pickle, or more than `max_bytes`); if the connection is closed or send-only.
        MemoryError
            If there is no memory for what the peer sends. The connection is closed then.
        Exception
            Whatever unpickling the object raises. The message has been received then; it is
            unpickled once or twice more, to know that no signal handler has raised.

        See Also
        --------
        recv_into : Receive an array into memory that is already there.

        Notes
        -----
        On Linux, the memory of an array of 16 MiB or more is kept when nothing refers to it any
        more, and lent to the next one. The system may take its pages meanwhile
        (`MADV_FREE <https://man7.org/linux/man-pages/man2/madvise.2.html>`__).

        Examples
        --------
        >>> import multiprocessing
        >>> import ndpipe
        >>> from ndpipe.tasks import send_ones
        >>> parent_end, child_end = ndpipe.Pipe()
        >>> child = multiprocessing.Process(target=send_ones, args=(child_end, 500))
        >>> child.start()
        >>> child_end.close()  # the child has its own
        >>> array = parent_end.recv()
        >>> array.shape, array.dtype, array.flags.writeable, array.flags.owndata
        ((500, 500), dtype('float64'), True, True)

        There is nothing more to come, since the child has ended:

        >>> parent_end.recv()
        Traceback (most recent call last):
        EOFError
        >>> child.join()
        >>> parent_end.close()
        """
        if self._stream.file.fileno() < 0:
            self._check_closed()
        if not self._readable:
            self._check_readable()
        message = self._stream.next_message()
        try:
            try:
                return receiving.receive_object(message, self._limits)
            except BaseException:  # that came when the message was being returned
                message.stop()
                raise
        except BaseException:
            try:
                message.stop()
            finally:
                message.stop()  # where a second exception has interrupted the first
            raise

    def recv_into(self, out: NDArray[Any]) -> NDArray[Any]:
        """Receive an array into one that is already there.

        Memory that has been used before is faster to fill than new memory, and a loop that
        receives into one array uses no more than that array.

        Parameters
        ----------
        out : ndarray of any shape and plain dtype
            The array to fill: writeable, contiguous, and of the shape, dtype and order (C or
            Fortran) of the array that the peer sent.

        Returns
        -------
        ndarray
            `out`.

        Raises
        ------
        ValueError
            If `out` is read-only or not contiguous, or if the array in the message has another
            dtype, shape or order.
        TypeError
            If `out` is not an ndarray of plain bytes, or if the message is not an array.
        EOFError, OSError
            As `recv` does. After an `OSError` the contents of `out` are undefined.

        See Also
        --------
        recv : Receive any object.

        Notes
        -----
        Everything is checked before a byte of the array is received. A message refused with
        `ValueError` or `TypeError` stays, for the next receive.

        Examples
        --------
        >>> import numpy as np
        >>> import ndpipe
        >>> a, b = ndpipe.Pipe()
        >>> frame = np.empty((2, 3))
        >>> for i in range(2):
        ...     a.send(np.full((2, 3), float(i)))
        ...     print(b.recv_into(frame))
        [[0. 0. 0.]
         [0. 0. 0.]]
        [[1. 1. 1.]
         [1. 1. 1.]]

        An array that does not fit is refused, and can still be received:

        >>> a.send(np.arange(3))
        >>> b.recv_into(frame)
        Traceback (most recent call last):
        ValueError: the array in the message has dtype int64, out has float64
        >>> b.recv()
        array([0, 1, 2])
        >>> a.close(), b.close()
        (None, None)
        """
        check_destination(out)
        self._check_closed()
        self._check_readable()
        message = self._stream.next_message()
        try:
            try:
                return receiving.receive_array(message, out, self._limits)
            except BaseException:  # that came when the message was being returned
                message.stop()
                raise
        except BaseException:
            try:
                message.stop()
            finally:
                message.stop()  # where a second exception has interrupted the first
            raise

    def recv_bytes(self, maxlength: int | None = None) -> bytes:
        """Receive the bytes of one message.

        Parameters
        ----------
        maxlength : int, optional
            The longest message that is accepted, in bytes. A longer one ends receiving.

        Returns
        -------
        bytes

        Raises
        ------
        OSError
            If the message is longer than `maxlength`, and as `recv` does.
        TypeError
            If the message is an object with arrays that travel out of band. The message stays,
            for the next receive.
        ValueError
            If `maxlength` is negative.
        EOFError
            As `recv` does.

        See Also
        --------
        recv_bytes_into : Receive them into a buffer.

        Examples
        --------
        >>> import ndpipe
        >>> a, b = ndpipe.Pipe()
        >>> a.send_bytes(b"abcd")
        >>> b.recv_bytes()
        b'abcd'
        >>> a.close(), b.close()
        (None, None)
        """
        self._check_closed()
        self._check_readable()
        if maxlength is not None and maxlength < 0:
            raise ValueError("negative maxlength")
        message = self._stream.next_message()
        try:
            try:
                refuse = self._bad_message_length
                return receiving.receive_bytes(message, maxlength, refuse, self._limits)
            except BaseException:  # that came when the message was being returned
                message.stop()
                raise
        except BaseException:
            try:
                message.stop()
            finally:
                message.stop()  # where a second exception has interrupted the first
            raise

    def recv_bytes_into(self, buf: Any, offset: int = 0) -> int:
        """Receive the bytes of one message into a buffer.

        Parameters
        ----------
        buf : writeable bytes-like
            Any C-contiguous buffer, an ndarray included.
        offset : int, default 0
            Where in `buf` to start, in bytes.

        Returns
        -------
        int
            How many bytes came.

        Raises
        ------
        multiprocessing.BufferTooShort
            If the message is longer than the buffer. Its argument is the message.
        TypeError
            If the buffer is read-only or not C-contiguous, or if the message is an object with
            arrays that travel out of band. The message stays, for the next receive.
        EOFError, OSError
            As `recv` does.

        See Also
        --------
        recv_into : Receive an array that was sent as such.

        Notes
        -----
        The standard method counts the rows of `buf` as its size, and loses the end of a message
        that is not a whole number of elements. This one takes any buffer for its bytes.

        Examples
        --------
        >>> import numpy as np
        >>> import ndpipe
        >>> a, b = ndpipe.Pipe()
        >>> image = np.zeros((2, 2), dtype=np.uint8)
        >>> a.send_bytes(b"abcd")
        >>> b.recv_bytes_into(image)
        4
        >>> image
        array([[ 97,  98],
               [ 99, 100]], dtype=uint8)
        >>> b.recv_bytes_into(b"read-only")
        Traceback (most recent call last):
        TypeError: the buffer is read-only
        >>> a.close(), b.close()
        (None, None)
        """
        view = flat_writeable(buf)
        self._check_closed()
        self._check_readable()
        if offset < 0:
            raise ValueError("negative offset")
        if offset > len(view):
            raise ValueError("offset too large")
        message = self._stream.next_message()
        try:
            try:
                return receiving.receive_bytes_into(message, view[offset:], self._limits)
            except BaseException:  # that came when the message was being returned
                message.stop()
                raise
        except BaseException:
            try:
                message.stop()
            finally:
                message.stop()  # where a second exception has interrupted the first
            raise

    def __reduce__(self) -> tuple[Any, ...]:
        self._check_closed()
        self._stream.check_idle()
        descriptor = reduction.DupFd(self.fileno())
        kept = [reduction.DupFd(n) for n in self._stream.kept.calls(int, READING) if n >= 0]
        thresholds = self._threshold, self._splice_threshold
        state = self.readable, self.writable, thresholds, self._limits, self._stream.refused, kept
        return _rebuild, (type(self), descriptor, *state)


def _rebuild(
    cls: type[Connection],
    descriptor: Any,
    readable: bool,
    writable: bool,
    thresholds: tuple[int, int | None],
    limits: Limits,
    refused: bytes,
    kept: list[Any],
) -> Connection:
    first, second = thresholds
    handle = descriptor.detach()
    connection = cls(handle, readable, writable, threshold=first, splice_threshold=second)
    connection._stream.kept.add([READING], (pipe.detach() for pipe in kept))
    connection._limit(limits)
    connection._stream.refused = refused
    return connection
