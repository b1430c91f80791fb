"""What the whole site may weigh, and that it is the same when it is built again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.browser.checks import HTML, KILOBYTE

ROOT = Path(__file__).parents[2]
CLOCK = 1_700_000_000  # any day
# A copy of what a build reads, the examples as they have run: measured output is the same.
INPUTS = ("docs", "examples", "src", "README.md", "pyproject.toml")


def test_the_site_is_small() -> None:
    """All files together have less than 40 MB."""
    assert (
        sum(file.stat().st_size for file in HTML.rglob("*") if file.is_file()) < 40_000 * KILOBYTE
    )


@pytest.mark.timeout(400)
def test_two_builds_are_the_same(tmp_path: Path) -> None:
    """The same commit, clock setting and measurements give the same files, wherever they are."""
    builds = []
    for name in ("one", "two"):
        for source in INPUTS:
            copy, ignored = (
                tmp_path / name / source,
                shutil.ignore_patterns("_build", "__pycache__"),
            )
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, copy, ignore=ignored)
            else:
                shutil.copy2(ROOT / source, copy)
        command = ["-m", "sphinx", "-q", "-b", "html", "-d", "../doctrees", ".", "../html"]
        # Sets and dictionaries of text have another order in each.
        settings = {"SOURCE_DATE_EPOCH": str(CLOCK), "PYTHONHASHSEED": str(len(builds))}
        builds.append(
            subprocess.Popen(
                [sys.executable, *command],
                cwd=tmp_path / name / "docs",
                env={**os.environ, **settings},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    for build in builds:
        log, _ = build.communicate(timeout=380)
        assert build.returncode == 0, log
    one, two = (_files(tmp_path / name / "html") for name in ("one", "two"))
    assert len(one) > 200
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []


def _files(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
