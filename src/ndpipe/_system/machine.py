"""The description of a machine, which is part of every result."""

import multiprocessing
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ndpipe._system.units import format_bytes

__all__ = ["Machine", "describe_machine"]


@dataclass(frozen=True)
class Machine:
    """The machine and the versions behind a measured number.

    Attributes
    ----------
    system : str
        Operating system and its release.
    cpu : str
        Name of the processor.
    cores : int
        Logical processors that this process may run on.
    memory_bytes : int
        Physical memory in bytes; 0 where the system does not say.
    python, numpy : str
        Versions.
    start_method : str
        How multiprocessing starts a child here: ``fork``, ``spawn`` or ``forkserver``.
    """

    system: str
    cpu: str
    cores: int
    memory_bytes: int
    python: str
    numpy: str
    start_method: str

    def __str__(self) -> str:
        parts = [self.system, self.cpu, f"{self.cores} core{'s' if self.cores != 1 else ''}"]
        if self.memory_bytes:
            parts.append(format_bytes(self.memory_bytes))
        parts += [f"Python {self.python}", f"NumPy {self.numpy}"]
        return ", ".join([*parts, f"start method {self.start_method}"])


def describe_machine(start_method: str | None = None) -> Machine:
    """Describe the machine that runs this process.

    Parameters
    ----------
    start_method : str, optional
        The start method in use, where it is not the default.

    Returns
    -------
    Machine

    Examples
    --------
    >>> from ndpipe._system.machine import describe_machine
    >>> machine = describe_machine()
    >>> machine.cores >= 1
    True
    >>> describe_machine("spawn").start_method
    'spawn'
    """
    # The first of a context's methods is its default; asking so does not fix it for the caller.
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        cpu=_cpu(),
        cores=_cores(),
        memory_bytes=_memory(),
        python=platform.python_version(),
        numpy=np.__version__,
        start_method=start_method or _default_start_method(),
    )


def _default_start_method() -> str:
    chosen = multiprocessing.get_start_method(allow_none=True)
    return chosen or multiprocessing.get_all_start_methods()[0]


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    if sys.platform == "darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - a fixed command
    return platform.processor() or platform.machine()


def _memory() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 0
