"""A page runs again when what it depends on changes, and only then."""

from pathlib import Path

import pytest
from _ext.freshness import fingerprint, modules_used
from tests.docs.gallery import Gallery


def _names(source: str, package: Path) -> set[str]:
    return {path.stem for path in modules_used(source, package)}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Make a package with a public face and modules that import each other."""
    folder = tmp_path / "ndpipe"
    folder.mkdir()
    modules = {
        "__init__": "from ndpipe.probe import probe_sizes\nfrom ndpipe.tasks import echo as reply",
        "probe": "from ndpipe.memory import PeakMemory\n",
        "memory": "import os\n",
        "tasks": "",
        "units": "",
    }
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source)
    return folder


@pytest.mark.parametrize(
    ("source", "used"),
    [
        ("import numpy", set()),
        ("from ndpipe.units import format_bytes", {"units"}),
        ("from ndpipe import probe_sizes", {"probe", "memory"}),
        ("from ndpipe import reply", {"tasks"}),
        ("from ndpipe import units", {"units"}),
        ("import ndpipe.probe", {"probe", "memory"}),
        ("import ndpipe", {"probe", "memory", "tasks"}),
        ("def f():\n    from ndpipe.units import g", {"units"}),
        ("# .. literalinclude:: /../src/ndpipe/tasks.py", {"tasks"}),
    ],
)
def test_what_a_page_uses(source: str, used: set[str], package: Path) -> None:
    """Modules are found through imports, the package's face and included sources."""
    assert _names(source, package) == used | {"__init__"}


def test_a_fingerprint_changes_with_what_the_page_uses(package: Path, tmp_path: Path) -> None:
    """A module that the page does not use may change."""
    page = tmp_path / "plot_page.py"
    page.write_text("from ndpipe import probe_sizes")
    before = fingerprint(page, package)
    (package / "units.py").write_text("x = 1")
    assert fingerprint(page, package) == before
    (package / "memory.py").write_text("x = 1")
    assert fingerprint(page, package) != before


def test_a_page_runs_again_only_after_a_change_in_the_package(gallery: Gallery) -> None:
    """Three builds: the first, one after nothing has changed, one after a change in the package."""
    gallery.page("import time\nfrom ndpipe.probe import probe_sizes\nprint(time.time_ns())")
    first = gallery.build()
    assert first.status == 0, first.log
    printed = first.runs()
    second = gallery.build()
    assert second.status == 0, second.log
    assert second.runs() == printed
    (gallery.package / "probe.py").write_text("# changed")
    third = gallery.build()
    assert third.status == 0, third.log
    assert "plot_page.py will run again" in third.log
    assert third.runs() != printed
