"""Children that look at an array in shared memory instead of receiving it."""

from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory

import numpy as np

__all__ = ["double_shared", "fill_segment", "fill_slots", "read_after_close"]


def double_shared(conn: Connection) -> None:
    """Receive a shared array's handle, double the array where it is, and say when it is done.

    Parameters
    ----------
    conn : multiprocessing.connection.Connection
        The child's end of a duplex pipe. Received are the
        :class:`~multiprocessing.shared_memory.SharedMemory`, which travels as its name, and the
        shape and dtype of the array in it. The text ``done`` is sent. The end is closed on return.

    Raises
    ------
    EOFError
        If the peer closes its end before it sends the handle.
    FileNotFoundError
        If the segment has been unlinked.

    See Also
    --------
    fill_slots : Many arrays, one after the other, through one segment.

    Examples
    --------
    >>> import multiprocessing
    >>> from multiprocessing.shared_memory import SharedMemory
    >>> import numpy as np
    >>> from ndpipe.tasks import double_shared
    >>> segment = SharedMemory(create=True, size=24)
    >>> array = np.ndarray(3, buffer=segment.buf)
    >>> array[:] = [1, 2, 3]
    >>> parent_end, child_end = multiprocessing.Pipe()
    >>> child = multiprocessing.Process(target=double_shared, args=(child_end,))
    >>> child.start()
    >>> child_end.close()
    >>> parent_end.send((segment, array.shape, array.dtype))
    >>> parent_end.recv()
    'done'
    >>> array
    array([2., 4., 6.])
    >>> child.join()
    >>> parent_end.close()
    >>> del array  # before the memory under it goes
    >>> segment.close()
    >>> segment.unlink()
    """
    with conn:
        segment, shape, dtype = conn.recv()
        array = np.ndarray(shape, dtype, buffer=segment.buf)
        print("found", array[:5])
        array *= 2
        del array  # before the memory under it goes
        segment.close()
        conn.send("done")


def fill_slots(
    conn: Connection,
    segment: SharedMemory,
    shape: tuple[int, ...],
) -> None:
    """Write a frame into each slot that the parent says is free, and say which one is full.

    Parameters
    ----------
    conn : multiprocessing.connection.Connection
        The child's end of a duplex pipe. Numbers of free slots are received, until None; each is
        sent back when its slot is full. The end is closed on return.
    segment : multiprocessing.shared_memory.SharedMemory
        The memory of all slots.
    shape : tuple of int
        Shape of the ring of slots, dtype float64; the first axis counts the slots. All elements
        of the i-th frame are i.

    Raises
    ------
    EOFError
        If the peer closes its end without sending None.

    See Also
    --------
    double_shared : One array, once.

    Examples
    --------
    >>> import multiprocessing
    >>> from multiprocessing.shared_memory import SharedMemory
    >>> import numpy as np
    >>> from ndpipe.tasks import fill_slots
    >>> shape = (2, 3)  # two slots, of three elements each
    >>> segment = SharedMemory(create=True, size=48)
    >>> parent_end, child_end = multiprocessing.Pipe()
    >>> child = multiprocessing.Process(target=fill_slots, args=(child_end, segment, shape))
    >>> child.start()
    >>> child_end.close()
    >>> for slot in (0, 1, 0, None):
    ...     parent_end.send(slot)
    >>> [parent_end.recv() for _ in range(3)]
    [0, 1, 0]
    >>> print(np.ndarray(shape, buffer=segment.buf))
    [[2. 2. 2.]
     [1. 1. 1.]]
    >>> child.join()
    >>> parent_end.close()
    >>> segment.close()
    >>> segment.unlink()
    """
    with conn:
        ring = np.ndarray(shape, buffer=segment.buf)
        number = 0
        while (slot := conn.recv()) is not None:
            ring[slot] = number
            number += 1
            conn.send(slot)
        del ring  # before the memory under it goes
        segment.close()


def fill_segment(size: int) -> None:
    """Make a shared-memory segment and write to all of it.

    Parameters
    ----------
    size : int
        Size of the segment in bytes. Making it succeeds even where ``/dev/shm`` has less room
        than that; writing to the part without room ends the process with a bus error.

    See Also
    --------
    read_after_close : Another way for shared memory to end a process.

    Examples
    --------
    >>> from ndpipe.tasks import fill_segment
    >>> fill_segment(8000)
    made 8000 bytes
    """
    segment = SharedMemory(create=True, size=size)
    segment.unlink()  # the memory lives on while it is mapped
    print("made", size, "bytes", flush=True)
    np.ndarray(size, np.uint8, buffer=segment.buf).fill(1)
    segment.close()


def read_after_close() -> None:
    """Read an array whose shared memory has been closed: it ends the process with a crash.

    Call it in a process that may die; the crash cannot be caught.

    See Also
    --------
    fill_segment : Another way for shared memory to end a process.

    Notes
    -----
    ``np.ndarray(..., buffer=segment.buf)`` keeps the buffer's address, but does not count as a
    user of it, so ``close`` unmaps the memory under the array
    (https://github.com/numpy/numpy/issues/22190).

    Examples
    --------
    >>> import multiprocessing
    >>> from ndpipe.tasks import read_after_close
    >>> child = multiprocessing.get_context("spawn").Process(target=read_after_close)
    >>> child.start()
    >>> child.join()
    >>> child.exitcode  # on Linux, minus the number of the signal SIGSEGV
    -11
    """
    segment = SharedMemory(create=True, size=8000)
    array = np.ndarray(1000, buffer=segment.buf)
    segment.unlink()
    segment.close()
    print(array[0])
