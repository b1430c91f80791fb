"""A temporary folder that does not outlive its owner for long."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["scratch_folder"]

_PREFIX = "ndpipe-"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a temporary folder, and remove it at the end of the ``with`` block.

    A process that is killed cannot remove its folder, so each call first removes the folders of
    owners that have ended. The owner holds a lock on its folder, which ends with the process.
    Windows has no such lock; a folder of a killed process stays there.

    Yields
    ------
    pathlib.Path

    Examples
    --------
    >>> from ndpipe._system.scratch import scratch_folder
    >>> with scratch_folder() as folder:
    ...     folder.is_dir()
    True
    >>> folder.exists()
    False
    """
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # in use, another user's, or removed meanwhile
            lock = _lock(left, wait=False)
            if lock is not None:
                shutil.rmtree(left, ignore_errors=True)
                os.close(lock)
    folder, lock = _locked_folder()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _locked_folder() -> tuple[Path, int | None]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        # Another process may take the new folder for one that was left, and remove it.
        with contextlib.suppress(FileNotFoundError):
            lock = _lock(folder, wait=True)
            if lock is None or os.path.samestat(os.fstat(lock), folder.stat()):
                return folder, lock


def _lock(folder: Path, *, wait: bool) -> int | None:
    """Return a descriptor that holds the lock of a folder, or None on Windows."""
    try:
        import fcntl
    except ImportError:
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
