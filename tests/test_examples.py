"""Every page that a reader can download runs as a script, from an empty directory."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from ndpipe.memory import available_memory

EXAMPLES = Path(__file__).parents[1] / "examples"
PAGES = sorted(EXAMPLES.rglob("plot_*.py"))
NEEDED = 5 * 10**9  # an 800 MB array, and the copies that a standard Pipe makes of it


def test_there_are_pages() -> None:
    """An empty list of pages would pass every test below."""
    assert len(PAGES) >= 4


@pytest.mark.timeout(400)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_download_runs(
    page: Path, start_method: str, as_default: dict[str, str], tmp_path: Path
) -> None:
    """Exit code 0, nothing on stderr, no process left, no file written."""
    assert available_memory() > NEEDED, "the examples need 5 GB of free memory"
    with subprocess.Popen(
        [sys.executable, page],
        cwd=tmp_path,
        env={**os.environ, **as_default, "MPLBACKEND": "agg"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as script:
        try:
            out, err = script.communicate(timeout=300)
        finally:
            left = _session(script.pid)
            for process in left:
                process.kill()
    assert (script.returncode, err) == (0, "")
    assert out
    assert left == []
    assert list(tmp_path.iterdir()) == []


def _session(leader: int) -> list[psutil.Process]:
    """Return the processes of a session, its leader left out, that do not end by themselves."""
    deadline = time.monotonic() + 5
    while True:
        left = [
            process
            for process in psutil.process_iter()
            if process.pid != leader and _session_of(process.pid) == leader
        ]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None
