"""An archive of the gallery depends on what is in it, and on the clock setting."""

import os
from pathlib import Path
from zipfile import ZipFile

import pytest
from _ext.archives import make_reproducible


def _archive(folder: Path, changed: int) -> Path:
    script = folder / "page.py"
    script.write_text("print('one')\n")
    os.utime(script, (changed, changed))
    with ZipFile(folder / "page.zip", "w") as archive:
        archive.write(script, "page.py")
    return folder / "page.zip"


def test_the_day_on_which_a_file_was_written_does_not_matter(tmp_path: Path) -> None:
    """Two archives of the same files are the same, and hold them."""
    contents = []
    for changed in (1_000_000_000, 1_700_000_000):
        archive = _archive(tmp_path, changed)
        make_reproducible(archive)
        contents.append(archive.read_bytes())
        with ZipFile(archive) as opened:
            assert opened.read("page.py") == b"print('one')\n"
    assert contents[0] == contents[1]


@pytest.mark.parametrize(("setting", "year"), [("1700000000", 2023), ("0", 1980)])
def test_the_clock_setting_is_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, year: int
) -> None:
    """Each file is from the time that the build is told, or the first that an archive can say."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", setting)
    archive = _archive(tmp_path, 1_000_000_000)
    make_reproducible(archive)
    with ZipFile(archive) as opened:
        assert opened.infolist()[0].date_time[0] == year
