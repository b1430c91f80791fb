"""The pages that a reader can download."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ndpipe import available_memory

PAGES = sorted((Path(__file__).parents[2] / "examples").rglob("plot_*.py"))
LARGE = {"plot_2_send_to_child", "plot_3_return_from_child", "plot_4_size_limit"}
NEEDED = 5 * 10**9  # bytes: an 800 MB array, and the copies that a standard Pipe makes of it


@pytest.fixture(params=PAGES, ids=lambda page: page.stem)
def page(request: pytest.FixtureRequest) -> Path:
    """Return each page of the gallery, where there is the memory to run it."""
    assert available_memory() > NEEDED, "the examples need 5 GB of free memory"
    path: Path = request.param
    return path


@pytest.fixture(autouse=True)
def _record_of_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pages read what the site's build has measured, where it was built: half an hour."""
    folder = Path(__file__).parents[2] / "docs/auto_examples/3_measurements"
    if (folder / "elsewhere.json").exists():
        monkeypatch.setenv("NDPIPE_RECORD", str(folder))


@pytest.fixture(autouse=True)
def _turn(page: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let a page that measures run alone, and one large page at a time beside other pages."""
    fcntl = pytest.importorskip("fcntl", reason="Windows has no such locks")
    shared = tmp_path_factory.getbasetemp().parent  # by the processes that run these tests
    with (shared / "large").open("w") as large, (shared / "all").open("w") as every:
        if page.stem in LARGE:
            fcntl.flock(large, fcntl.LOCK_EX)
        measures = page.parent.name == "3_measurements"
        fcntl.flock(every, fcntl.LOCK_EX if measures else fcntl.LOCK_SH)
        yield
