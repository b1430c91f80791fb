"""How much fits into a pipe before ``send`` waits for a reader."""

import multiprocessing
import os

__all__ = ["blocking_threshold"]


def _would_block(size: int, duplex: bool) -> bool:
    """Tell whether ``send_bytes`` of so many bytes into an empty pipe waits for a reader."""
    receiver, sender = multiprocessing.Pipe(duplex)
    with receiver, sender:
        os.set_blocking(sender.fileno(), False)
        try:
            sender.send_bytes(bytes(size))
        except BlockingIOError:
            return True
    return False


def blocking_threshold(duplex: bool = True, *, limit: int = 1 << 26) -> int:
    """Return the largest message that goes into an empty standard pipe without waiting.

    Parameters
    ----------
    duplex : bool, default True
        The kind of pipe, as in :func:`multiprocessing.Pipe`.
    limit : int, default 64 MiB
        Where to stop searching, in bytes.

    Returns
    -------
    int
        Bytes given to ``send_bytes``, found by bisection. It depends on the kernel and its
        settings, not on Python.

    Raises
    ------
    RuntimeError
        If even `limit` bytes do not block.

    Notes
    -----
    For systems whose pipes are file descriptors: not Windows.

    Examples
    --------
    >>> from ndpipe.capacity import blocking_threshold
    >>> blocking_threshold(duplex=False) > 1000
    True
    >>> blocking_threshold(limit=10)
    Traceback (most recent call last):
        ...
    RuntimeError: 10 bytes do not block; raise the limit
    """
    fits, blocks = 0, limit
    if not _would_block(blocks, duplex):
        raise RuntimeError(f"{limit} bytes do not block; raise the limit")
    while blocks - fits > 1:
        size = (fits + blocks) // 2
        if _would_block(size, duplex):
            blocks = size
        else:
            fits = size
    return fits
