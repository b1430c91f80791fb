"""End a process and all that it has started."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

__all__ = ["end_session"]

_GRACE = 5.0  # seconds for each step


def end_session(leader: "subprocess.Popen[bytes]") -> None:
    """End a process that leads a session, and every process in the session.

    A resource tracker ends by itself after all others, and unlinks the shared memory that they
    have left. So it is killed last, and only if it does not end.
    """
    if sys.platform == "win32":
        _kill_tree(leader)
        return
    _signal_group(leader, signal.SIGTERM)
    _signal_group(leader, signal.SIGCONT)  # a stopped process gets no other signal but SIGKILL
    if not _ended(leader):
        for process in _members(leader):
            with contextlib.suppress(Exception):
                if "resource_tracker" not in " ".join(process.cmdline()):
                    process.kill()
        if not _ended(leader):
            _signal_group(leader, signal.SIGKILL)
            _ended(leader)
    leader.wait()


def _signal_group(leader: "subprocess.Popen[bytes]", number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader.pid, number)


def _ended(leader: "subprocess.Popen[bytes]") -> bool:
    """Wait until nothing runs in a session; return whether that is so."""
    deadline = time.monotonic() + _GRACE
    while _runs(leader):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def _runs(leader: "subprocess.Popen[bytes]") -> bool:
    leader.poll()
    try:
        os.killpg(leader.pid, 0)
    except ProcessLookupError:
        return False
    return bool(_members(leader))


def _members(leader: "subprocess.Popen[bytes]") -> "list[psutil.Process]":
    """Return the processes of a session, without zombies: init may not have reaped them yet."""
    import psutil

    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getpgid(process.pid) == leader.pid and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def _kill_tree(leader: "subprocess.Popen[bytes]") -> None:
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(leader.pid).children(recursive=True):
            child.kill()
    leader.kill()
    leader.wait()
