"""How much memory a process has, from the kernel's own account, and how much it may have."""

import ctypes
import os
import resource
from pathlib import Path


def reset_peak() -> None:
    """Let the peak of this process begin anew."""
    Path("/proc/self/clear_refs").write_text("5")


def peak() -> int:
    """Return the peak of this process's resident memory in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    raise LookupError("VmHWM")


def resident() -> int:
    """Return this process's resident memory in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) << 10
    raise LookupError("VmRSS")


def allow_no_more() -> None:
    """Have the kernel refuse this process, for good, any memory but what it has."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0:
        os.seteuid(65534)  # the privileged have no limit
    if libc.mlockall(2):  # MCL_FUTURE: what comes is locked
        raise OSError(ctypes.get_errno(), "mlockall")
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (1, 1))
