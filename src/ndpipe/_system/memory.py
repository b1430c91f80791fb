"""The memory that is available, and the peak memory of a piece of code."""

import contextlib
import ctypes
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

__all__ = ["PeakMemory", "available_memory", "peak_resident_memory"]


def available_memory(root: Path = Path("/")) -> int:
    """Return how many bytes this process can still allocate, container limits included.

    Parameters
    ----------
    root : pathlib.Path, optional
        Folder of ``proc`` and ``sys``; tests have another one, with limits of their own.

    Returns
    -------
    int
        The smaller of the machine's available memory and what every control group around this
        process leaves, in bytes. Page cache that can be dropped counts as available.

    Raises
    ------
    ModuleNotFoundError
        If psutil is not installed.

    Notes
    -----
    The files are described in the kernel's *Control Group v2* and *Memory Resource Controller*
    documents. A container that hides its control group shows only the machine's memory.

    Examples
    --------
    >>> from ndpipe._system.memory import available_memory
    >>> available_memory() > 0
    True
    """
    import psutil

    available: int = psutil.virtual_memory().available
    return max(0, min([available, *_control_group_room(root)]))


def _control_group_room(root: Path) -> list[int]:
    """Return limit minus use, in bytes, for each control group with a limit around this process."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    room = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:  # version 2: one line, no controllers named
            mount, limit, used = "sys/fs/cgroup", "memory.max", "memory.current"
            cache = "inactive_file"
        elif "memory" in controllers.split(","):
            mount, limit, used = "sys/fs/cgroup/memory", *_VERSION_1
            cache = "total_inactive_file"
        else:
            continue
        group = root / mount / path.lstrip("/")
        # A limit on any group above binds too; inside a container the mount itself is the group.
        for folder in [group, *group.parents]:
            if not folder.is_relative_to(root / mount):
                break
            try:
                in_use = int((folder / used).read_text())
                statistics = (folder / "memory.stat").read_text().split()
                reclaimable = int(statistics[statistics.index(cache) + 1])
                room.append(int((folder / limit).read_text()) - in_use + reclaimable)
            except (OSError, ValueError):
                continue  # no such group here, or its limit is the word "max"
    return room


_VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes")


@dataclass
class PeakMemory:
    """The peak resident memory of this process while a ``with`` block runs.

    Attributes
    ----------
    before : int
        Resident memory when the block began, in bytes.
    peak : int
        The largest resident memory while it ran, in bytes.

    Notes
    -----
    Linux keeps a high-water mark for each process and lowers it to the present when 5 is written
    to ``/proc/self/clear_refs`` (:manpage:`proc(5)`), so the peak costs nothing to keep, and is
    right to within some pages a thread. Blocks do not nest: an inner one lowers the outer one's
    mark. It is read as ``VmHWM`` and not from :func:`resource.getrusage`, whose figure a spawned
    child inherits from the parent that forked it. Memory that the C library holds for reuse
    is given back first (:manpage:`malloc_trim(3)`): the block would take it from there, unseen.
    Elsewhere the system's peak is that of the whole life of the process, so a block smaller than
    an earlier one does not show.

    Examples
    --------
    >>> import numpy as np
    >>> from ndpipe._system.memory import PeakMemory
    >>> with PeakMemory() as memory:
    ...     array = np.ones(1_000_000)
    >>> memory.growth >= 0
    True
    """

    before: int = 0
    peak: int = 0

    @property
    def growth(self) -> int:
        """How far the peak rose above the resident memory before, in bytes."""
        return self.peak - self.before

    def start(self) -> Self:
        """Begin to measure, where a ``with`` block does not fit."""
        _give_back_free_memory()
        if sys.platform == "linux":
            # Some sandboxes leave the file out: the peak is then that of the whole life.
            with contextlib.suppress(OSError):
                Path("/proc/self/clear_refs").write_text("5")
        self.before = self.peak = _resident()
        return self

    def stop(self) -> Self:
        """Read the peak."""
        self.peak = max(self.before, _peak_resident())
        return self

    __enter__ = start

    def __exit__(self, *error: object) -> None:
        self.stop()


def _give_back_free_memory() -> None:
    # glibc alone has it.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def peak_resident_memory() -> int:
    """Return the largest resident memory of this process since it began, in bytes.

    Returns
    -------
    int
        Since the last :class:`PeakMemory` block began, where there was one on Linux.

    See Also
    --------
    PeakMemory : The peak while a part of the program runs.

    Examples
    --------
    >>> from ndpipe._system.memory import peak_resident_memory
    >>> peak_resident_memory() > 0
    True
    """
    return _peak_resident()


if sys.platform == "linux":

    def _status(key: str) -> int:
        # /proc/self/status counts in KiB.
        text = Path("/proc/self/status").read_text()
        return int(text.split(f"{key}:")[1].split()[0]) * 1024

    def _resident() -> int:
        return _status("VmRSS")

    def _peak_resident() -> int:
        return _status("VmHWM")

else:

    def _resident() -> int:
        import psutil

        resident: int = psutil.Process(os.getpid()).memory_info().rss
        return resident

    def _peak_resident() -> int:
        if sys.platform == "win32":
            import psutil

            peak: int = psutil.Process(os.getpid()).memory_info().peak_wset
            return peak
        import resource

        # Bytes on macOS, KiB on the other systems that have it.
        scale = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale
