"""A gallery of throw-away pages, built with the site's own helpers."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

DOCS = Path(__file__).parents[2] / "docs"

CONF = """
from _ext.capture import run_block
project = "throw-away"
extensions = [
    "sphinx_gallery.gen_gallery",
    "_ext.freshness", "_ext.page_facts", "_ext.process_output", "_ext.task_source",
]
html_theme = "basic"
package_directory = "../src/ndpipe"
suppress_warnings = ["config.cache"]
sphinx_gallery_conf = {
    "examples_dirs": "../examples", "gallery_dirs": "auto_examples", "show_memory": run_block,
    "capture_repr": (), "write_computation_times": False, "download_all_examples": False,
    "default_thumb_file": "thumb.svg", "remove_config_comments": True,
}
"""


@dataclass
class Built:
    """A finished build."""

    status: int
    log: str
    html: Path

    @property
    def runs(self) -> list[tuple[str, str]]:
        """(process, text) for each run of lines on the page."""
        soup = BeautifulSoup((self.html / "plot_page.html").read_text("utf-8"), "lxml")
        return [(span["data-process"], span.get_text()) for span in soup.select("pre .process")]


class Gallery:
    """A project with one page, `plot_page.py`, and a package of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.docs, self.examples = folder / "docs", folder / "examples"
        self.package = folder / "src/ndpipe"
        for new in (self.docs, self.examples, self.package):
            new.mkdir(parents=True)
        (self.docs / "conf.py").write_text(CONF)
        (self.docs / "index.rst").write_text("Top\n===\n\n.. toctree::\n\n   auto_examples/index\n")
        (self.docs / "thumb.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
        (self.examples / "GALLERY_HEADER.rst").write_text("Pages\n=====\n")
        (self.package / "__init__.py").write_text("from ndpipe.probe import probe_sizes\n")
        for module in ("tasks", "probe", "units"):
            (self.package / f"{module}.py").write_text("")
        self._environment = environment

    def page(self, *blocks: str, header: str = "") -> None:
        """Write the page from code blocks."""
        body = "\n# %%\n# Next:\n\n".join(blocks)
        (self.examples / "plot_page.py").write_text(
            f'"""\nPage\n====\n\nText.\n"""\n{header}\n{body}\n'
        )

    def build(self) -> Built:
        """Build as `nox -s docs` does."""
        paths = [str(DOCS), self._environment.get("PYTHONPATH", "")]
        environment = {**os.environ, **self._environment, "PYTHONPATH": os.pathsep.join(paths)}
        # What a terminal's or a CI's environment says must not decide the order of the lines.
        environment.pop("PYTHONUNBUFFERED", None)
        done = subprocess.run(
            [
                sys.executable,
                *["-m", "sphinx", "-b", "html", "-n", "-W", "--keep-going", ".", "_build"],
            ],
            cwd=self.docs,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=100,
            check=False,
        )
        return Built(done.returncode, done.stdout, self.docs / "_build/auto_examples")


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    """Make a gallery under the default start method."""
    return Gallery(tmp_path / "project", {})


@pytest.fixture
def gallery_under() -> Callable[[Path, dict[str, str]], Gallery]:
    """Make a gallery with an environment of its own."""
    return Gallery
