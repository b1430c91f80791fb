"""Available memory respects containers; the peak is that of the block and of this process."""

import multiprocessing
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import psutil
import pytest

from ndpipe._system.memory import PeakMemory, available_memory

MIB = 1024**2


def _write(path: Path, text: str | int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")


def test_without_limits_the_machine_decides(tmp_path: Path) -> None:
    """Where there are no control groups, the available memory is the machine's."""
    available = available_memory(tmp_path)
    assert available == pytest.approx(psutil.virtual_memory().available, rel=0.5)


@pytest.mark.parametrize("limited", ["", "/outer", "/outer/inner"])
def test_version_2_limits_bind_on_every_level(tmp_path: Path, limited: str) -> None:
    """A limit on the group, on one above it, or on the mount (inside a container) is respected."""
    _write(tmp_path / "proc/self/cgroup", "0::/outer/inner")
    group = tmp_path / f"sys/fs/cgroup{limited}"
    _write(group / "memory.max", 100 * MIB)
    _write(group / "memory.current", 60 * MIB)
    _write(group / "memory.stat", f"anon {30 * MIB}\ninactive_file {20 * MIB}")
    assert available_memory(tmp_path) == 60 * MIB


def test_version_1_limits_bind(tmp_path: Path) -> None:
    """A limit of the older kind of control group is respected."""
    _write(tmp_path / "proc/self/cgroup", "5:cpu:/a\n4:memory:/a")
    group = tmp_path / "sys/fs/cgroup/memory/a"
    _write(group / "memory.limit_in_bytes", 100 * MIB)
    _write(group / "memory.usage_in_bytes", 90 * MIB)
    _write(group / "memory.stat", "total_inactive_file 0")
    assert available_memory(tmp_path) == 10 * MIB


def test_the_word_max_is_no_limit(tmp_path: Path) -> None:
    """A control group without a limit leaves the machine's memory."""
    _write(tmp_path / "proc/self/cgroup", "0::/")
    group = tmp_path / "sys/fs/cgroup"
    _write(group / "memory.max", "max")
    _write(group / "memory.current", 60 * MIB)
    _write(group / "memory.stat", "inactive_file 0")
    assert available_memory(tmp_path) > 100 * MIB


def test_a_group_over_its_limit_leaves_nothing(tmp_path: Path) -> None:
    """What is available is never negative."""
    _write(tmp_path / "proc/self/cgroup", "0::/")
    group = tmp_path / "sys/fs/cgroup"
    _write(group / "memory.max", 50 * MIB)
    _write(group / "memory.current", 60 * MIB)
    _write(group / "memory.stat", "inactive_file 0")
    assert available_memory(tmp_path) == 0


def test_the_peak_is_the_blocks_own() -> None:
    """Memory given back inside the block shows; an earlier, larger peak does not."""
    np.ones(40 * MIB // 8)
    with PeakMemory() as memory:
        np.ones(20 * MIB // 8)
    assert 19 * MIB < memory.growth < 30 * MIB


def test_memory_that_was_freed_before_counts_again() -> None:
    """What the allocator kept of an earlier array is no free lunch for the next one."""
    kept = [np.ones(MIB // 8) for _ in range(20)]
    kept.append(np.ones(1))  # on top of the heap: the others' memory cannot shrink away
    del kept[:20]
    with PeakMemory() as memory:
        arrays = [np.ones(MIB // 8) for _ in range(20)]
    del arrays
    assert 19 * MIB < memory.growth < 30 * MIB


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can lower its high-water mark")
def test_a_child_does_not_inherit_the_parents_peak(start_method: str) -> None:
    """The reason to read VmHWM: rusage would show a spawned child the parent's memory."""
    array = np.ones(200 * MIB // 8)
    context = multiprocessing.get_context(start_method)
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_report_peak, args=(there,))
    child.start()
    there.close()
    with here:
        assert here.poll(60)
        before, peak = here.recv()
    child.join(60)
    child.close()
    del array
    assert 9 * MIB < peak - before < 20 * MIB


def _report_peak(conn: Connection) -> None:
    with PeakMemory() as memory:
        np.ones(10 * MIB // 8)
    conn.send((memory.before, memory.peak))
