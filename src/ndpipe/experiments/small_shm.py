"""A process that writes more into shared memory than there is room for."""

import shutil
import subprocess
import sys

__all__ = ["fill_too_much"]


def fill_too_much(*, room: str = "1m", size: int = 4_000_000) -> int | None:
    """Fill a segment in a process whose ``/dev/shm`` is too small, and return its exit code.

    Parameters
    ----------
    room : str, default "1m"
        Size of the process's own ``/dev/shm``, as the mount option of a tmpfs takes it.
    size : int, default 4 MB
        Bytes that are written.

    Returns
    -------
    int or None
        Minus the number of the signal that ended the process, or 0. None where the system does not
        let a process have a ``/dev/shm`` of its own.

    See Also
    --------
    ndpipe.tasks.fill_segment : What the process runs.

    Examples
    --------
    >>> from ndpipe.experiments.small_shm import fill_too_much
    >>> fill_too_much() in (None, -7)  # on Linux, minus the number of the signal SIGBUS
    True
    >>> fill_too_much(size=4000) in (None, 0)
    True
    """
    unshare = shutil.which("unshare")
    if unshare is None:
        return None
    code = f"from ndpipe.tasks import fill_segment; fill_segment({size})"
    shell = f"mount -t tmpfs -o size={room} tmpfs /dev/shm && exec '{sys.executable}' -c '{code}'"
    done = subprocess.run(  # noqa: S603
        [unshare, "--user", "--map-root-user", "--mount", "sh", "-c", shell],
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode if done.stdout else None  # it prints where the mount was allowed
