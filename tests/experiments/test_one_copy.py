"""The ways with one copy, which one page measures."""

import mmap
import multiprocessing
import os
import sys

import numpy as np
import pytest

from ndpipe.compare import compare
from ndpipe.experiments import mpi
from ndpipe.experiments.one_copy import WAYS
from ndpipe.experiments.process_memory import grown_by_reading, read_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the calls are those of Linux")


def test_each_way_delivers_what_was_sent() -> None:
    """Below and above the size from which messages are spliced; a refusal of the system is said."""
    found = compare(WAYS, [80_000, 20_000_000], directions=["to-child"], repeat=2).measurements
    assert len(found) == 2 * len(WAYS)
    for m in found:
        refused = m.transport.startswith("peers-memory") and "PermissionError" in (m.error or "")
        assert m.verified or refused, m


def test_memory_that_is_not_there_is_an_error() -> None:
    """Nothing is read from an address without memory, and nothing crashes."""
    with pytest.raises(OSError, match=r"Bad address|not permitted"):
        read_memory(os.getpid(), 8, np.zeros(3))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork")
def test_reading_does_not_take_more_than_the_array() -> None:
    """A sender grows by no more than the array, though the allocator has memory to use again."""
    for count in 2, 12:
        used = [np.ones(2_700_000 - 512 * n) for n in range(count)]
        kept = used[-1]  # above the others
        del used
    try:
        grown = grown_by_reading(16_000_000)
    except OSError as error:
        pytest.skip(f"the system does not let a child read: {error}")
    assert 0 <= grown <= 16_000_000 + 2 * mmap.PAGESIZE
    del kept


def test_without_mpi_the_measurement_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names what to install."""
    monkeypatch.setattr(mpi.shutil, "which", lambda *_, **__: None)
    m = mpi.measure_mpi(80_000)
    assert not m.verified
    assert "pip install mpi4py mpich" in str(m.error)


def test_an_mpi_that_fails_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one that is found and does not run."""
    monkeypatch.setattr(mpi, "find_spec", lambda _: True)
    monkeypatch.setattr(mpi.shutil, "which", lambda *_, **__: "false")
    assert "returned non-zero exit status" in str(mpi.measure_mpi(80_000).error)
