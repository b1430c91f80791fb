"""For tests of the harness and of its commands, whose processes are no children of the test."""

import importlib
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import psutil
import pytest


def run_command(
    *arguments: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m ndpipe`` with these arguments."""
    return subprocess.run(
        [sys.executable, "-m", "ndpipe", *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Transports that are broken on purpose, importable by the processes of the harness."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    return importlib.import_module("faulty_transports")


def _marked(mark: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("NDPIPE_TEST") == mark and process.pid != psutil.Process().pid:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


@pytest.fixture(autouse=True)
def scratch(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Where this test's temporary files go; neither they nor a process may outlive it."""
    tmp_path_factory.getbasetemp()  # pytest's own are to be elsewhere
    mark = uuid.uuid4().hex
    folder = Path(tempfile.mkdtemp(prefix="nd-", dir="/tmp"))
    monkeypatch.setenv("NDPIPE_TEST", mark)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv("PYTHONWARNINGS", "error")  # in the processes of the harness too
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    deadline = time.monotonic() + 5
    while (left := _marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    files = sorted(map(str, folder.rglob("*")))
    for process in left:
        process.kill()
    shutil.rmtree(folder)
    assert not left, "a process outlives the test"
    assert not files, "a temporary file outlives the test"
