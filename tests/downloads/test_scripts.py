"""Every page that a reader can download or copy runs as a script, from an empty directory."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from _ext.whole_script import whole_script

EXAMPLES = Path(__file__).parents[2] / "examples"
PAGES = sorted(EXAMPLES.rglob("plot_*.py"))
WITH_TASKS = [page for page in PAGES if "ndpipe.tasks" in page.read_text("utf-8")]

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no sessions to look into"),
]


def test_a_download_runs(page: Path, as_default: dict[str, str], tmp_path: Path) -> None:
    """Its exit code is 0 under every start method, with nothing on stderr and nothing left."""
    _run(page, tmp_path, as_default)


# The others' scripts are the same code as their downloads.
@pytest.mark.parametrize("page", WITH_TASKS, indirect=True, ids=lambda page: page.stem)
@pytest.mark.parametrize("start_method", ["spawn"])
def test_the_whole_script_runs(page: Path, as_default: dict[str, str], tmp_path: Path) -> None:
    """What a page shows in one piece runs where children import the file that holds their task."""
    pasted = tmp_path / "pasted.py"
    pasted.write_text(whole_script(page))
    empty = tmp_path / "empty"
    empty.mkdir()
    _run(pasted, empty, as_default)


def _run(script: Path, folder: Path, environment: dict[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, script],
        cwd=folder,
        env={**os.environ, **environment, "MPLBACKEND": "agg"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=300)
        finally:
            left = _session(process.pid)
            for other in left:
                other.kill()
    assert (process.returncode, err) == (0, "")
    assert out
    assert left == []
    assert list(folder.iterdir()) == []


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
