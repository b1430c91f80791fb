"""A scratch folder goes with its owner, or with the next start after its owner was killed."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from ndpipe._system import interrupts, scratch
from ndpipe._system.interrupts import interrupts_deferred
from ndpipe._system.scratch import scratch_folder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def _owner(place: Path) -> subprocess.Popen[bytes]:
    """Start a process that has made a folder with a file in it, and waits."""
    code = (
        "from ndpipe._system.scratch import scratch_folder\n"
        "with scratch_folder() as folder:\n"
        "    (folder / 'file').touch()\n"
        "    print(flush=True)\n"
        "    input()\n"
    )
    environment = {**os.environ, "TMPDIR": str(place)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    owner = subprocess.Popen([sys.executable, "-c", code], env=environment, **pipes)  # type: ignore[call-overload]  # pipes in a dict
    owner.stdout.readline()
    return owner  # type: ignore[no-any-return]  # by the line above


def test_a_folder_in_use_stays_and_one_of_a_killed_owner_goes(place: Path) -> None:
    """The lock of the folder tells the two apart."""
    with _owner(place) as killed, _owner(place) as alive:
        killed.kill()
        killed.wait(60)
        assert len(list(place.iterdir())) == 2
        with scratch_folder() as own:
            left = set(place.iterdir()) - {own}
            assert len(left) == 1
            assert (left.pop() / "file").exists()
        alive.communicate(b"\n", timeout=60)
    assert list(place.iterdir()) == []


def test_a_new_folder_that_another_process_removes_is_made_again(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its making and its locking a folder looks as if its owner were dead."""
    make, made = tempfile.mkdtemp, []

    def remove_first(**options: Any) -> str:
        made.append(make(**options))
        if len(made) == 1:
            Path(made[0]).rmdir()
        return made[-1]

    monkeypatch.setattr(scratch.tempfile, "mkdtemp", remove_first)
    with scratch_folder() as folder:
        assert folder == Path(made[1])
        assert folder.is_dir()


def _interrupted_at(point: int) -> bool:
    """Send SIGINT at one line, and at every line after it; return whether there is such a line."""
    modules = {interrupts.__file__, scratch.__file__}
    lines = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal lines
        if frame.f_code.co_filename not in modules:
            return None
        if event == "line":
            lines += 1
            if lines >= point:
                signal.raise_signal(signal.SIGINT)
        return trace

    sys.settrace(trace)
    try:
        with interrupts_deferred(), scratch_folder() as folder:
            (folder / "file").touch()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(None)
    return lines >= point


def test_interrupts_at_every_line_leave_no_folder(place: Path) -> None:
    """Ctrl-C held down from any line on, the clean-up included."""
    before = signal.getsignal(signal.SIGINT)
    point = 0
    try:
        while _interrupted_at(point := point + 1):
            assert list(place.iterdir()) == [], f"at line {point}"
    finally:
        signal.signal(signal.SIGINT, before)
    assert point > 20
