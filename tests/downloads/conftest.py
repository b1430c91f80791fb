"""The pages that a reader can download."""

from pathlib import Path

import pytest

from ndpipe import available_memory

PAGES = sorted((Path(__file__).parents[2] / "examples").rglob("plot_*.py"))
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
