"""How much fits into a pipe before ``send`` waits for a reader."""

import multiprocessing
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ndpipe._system.machine import describe_machine
from ndpipe._system.units import format_bytes
from ndpipe.compare._style import COLOURS, INK, finish, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["pipe_capacity", "plot_capacities"]


def _would_block(size: int, duplex: bool) -> bool:
    """Return whether ``send_bytes`` of so many bytes into an empty pipe waits for a reader."""
    receiver, sender = multiprocessing.Pipe(duplex)
    with receiver, sender:
        os.set_blocking(sender.fileno(), False)
        try:
            sender.send_bytes(bytes(size))
        except BlockingIOError:
            return True
    return False


def pipe_capacity(duplex: bool = True, *, limit: int = 1 << 26) -> int:
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
    >>> from ndpipe.experiments.capacity import pipe_capacity
    >>> pipe_capacity(duplex=False) > 1000
    True
    >>> pipe_capacity(limit=10)
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


def plot_capacities(capacities: Mapping[str, int], heading: str) -> "Figure":
    """Show capacities in a pyplot figure, beside the 64 KiB that are often quoted.

    Parameters
    ----------
    capacities : mapping of str to int
        From the kind of a pipe to its capacity in bytes.
    heading : str
        The title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib import pyplot as plt

    figure = new_figure(describe_machine(), 2.4, plt.figure())
    figure.suptitle(heading, fontsize=11)
    axes = figure.subplots()
    bars = axes.barh(list(capacities), list(capacities.values()), 0.5, color=COLOURS["pipe"])
    texts = [format_bytes(size) for size in capacities.values()]
    axes.bar_label(bars, texts, padding=3, fontsize=8, color=INK)
    axes.axvline(2**16, color=COLOURS["file"], linestyle="--", label="often quoted: 64 KB")
    axes.set_xlabel("largest message that does not block (bytes)")
    axes.margins(x=0.15)
    axes.legend(frameon=False, fontsize=8, labelcolor=INK)
    finish(axes)
    return figure
