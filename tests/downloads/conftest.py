"""The pages that a reader can download."""

from pathlib import Path

import pytest

from ndpipe import available_memory

EXAMPLES = Path(__file__).parents[2] / "examples"
PAGES = sorted(EXAMPLES.rglob("plot_*.py"))
LARGE = {"plot_2_send_to_child", "plot_3_return_from_child", "plot_4_size_limit"}
# What they measure is not in the record of the site.
MEASURING = {"plot_1b_can_it_copy_less", "plot_1c_one_pipe_two_speeds", "plot_6_what_a_start_costs"}
# What the site's build has measured, where it was built: half an hour of the other pages' time.
RECORD = Path(__file__).parents[2] / "docs/auto_examples/3_measurements"
HAS_RECORD = (RECORD / "elsewhere.json").exists()
NEEDED = 5 * 10**9  # bytes: an 800 MB array, and the copies that a standard Pipe makes of it


@pytest.hookimpl(tryfirst=True)  # before marks are looked at
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark pages that measure, which run alone, and large ones, of which one runs at a time."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        page = callspec.params.get("page") if callspec else None
        if not isinstance(page, Path) or not page.is_relative_to(EXAMPLES):
            continue
        if page.stem in MEASURING or (page.parent.name == "3_measurements" and not HAS_RECORD):
            item.add_marker("alone")
        if page.stem in LARGE:
            item.add_marker(pytest.mark.xdist_group("large"))


@pytest.fixture(params=PAGES, ids=lambda page: page.stem)
def page(request: pytest.FixtureRequest) -> Path:
    """Return each page of the gallery, where there is the memory to run it."""
    assert available_memory() > NEEDED, "the examples need 5 GB of free memory"
    path: Path = request.param
    return path


@pytest.fixture(autouse=True)
def _record(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pages read the record of the site."""
    if HAS_RECORD:
        monkeypatch.setenv("NDPIPE_RECORD", str(RECORD))
