"""A gallery of throw-away pages, built with the site's own helpers."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bs4 import BeautifulSoup

DOCS = Path(__file__).parents[2] / "docs"

CONF = """
from _ext.capture import run_block
project = "throw-away"
extensions = [
    "sphinx_design", "sphinx_gallery.gen_gallery",
    "_ext.freshness", "_ext.main_guard", "_ext.page_facts", "_ext.process_labels",
    "_ext.task_source", "_ext.whole_script",
]
html_theme = "basic"
package_directory = "../src/ndpipe"
suppress_warnings = ["config.cache"]
sphinx_gallery_conf = {
    "examples_dirs": "../examples", "gallery_dirs": "auto_examples", "show_memory": run_block,
    "capture_repr": (), "write_computation_times": False, "download_all_examples": False,
    "default_thumb_file": "thumb.svg", "remove_config_comments": True,
    "reset_modules": ("_ext.page_environment.restore",),
}
"""

INDEX = """
.. _symptom-no-guard:

Top
===

.. toctree::

   auto_examples/index

.. glossary::

   spawn
   forkserver
      Start methods.
"""


@dataclass
class Built:
    """A finished build."""

    status: int
    log: str
    html: Path

    def page(self, name: str = "plot_page") -> BeautifulSoup:
        """Return a page."""
        return BeautifulSoup((self.html / f"{name}.html").read_text("utf-8"), "lxml")

    def runs(self, name: str = "plot_page") -> list[tuple[str, str]]:
        """Return (process, text) for each run of lines on a page."""
        spans = self.page(name).select("pre .process")
        return [(str(span["data-process"]), span.get_text()) for span in spans]

    @property
    def failures(self) -> dict[str, str]:
        """The traceback of each page that failed, by the page's name."""
        _, *parts = re.split(r"(\w+)\.py failed leaving traceback:", self.log)
        return dict(zip(parts[::2], parts[1::2], strict=True))


class Gallery:
    """A project with pages, and a package of its own."""

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.docs, self.examples = folder / "docs", folder / "examples"
        self.package = folder / "src/ndpipe"
        for new in (self.docs, self.examples, self.package):
            new.mkdir(parents=True)
        (self.docs / "conf.py").write_text(CONF)
        (self.docs / "index.rst").write_text(INDEX)
        (self.docs / "thumb.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
        (self.examples / "GALLERY_HEADER.rst").write_text("Pages\n=====\n")
        (self.package / "__init__.py").write_text("from ndpipe.probe import probe_sizes\n")
        for module in ("tasks", "probe", "units"):
            (self.package / f"{module}.py").write_text("")
        self.environment = environment or {}

    def page(self, *blocks: str, name: str = "plot_page", header: str = "") -> None:
        """Write a page from code blocks."""
        body = "\n# %%\n# Next:\n\n".join(blocks)
        (self.examples / f"{name}.py").write_text(
            f'"""\nPage\n====\n\nText.\n"""\n{header}\n{body}\n'
        )

    def build(self) -> Built:
        """Build as `nox -s docs` does."""
        environment = {**os.environ, **self.environment}
        paths = [str(DOCS), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        # What a terminal's or a CI's environment says must not decide the order of the lines.
        environment.pop("PYTHONUNBUFFERED", None)
        done = subprocess.run(
            [
                sys.executable,
                *["-m", "sphinx", "-N", "-b", "html", "-n", "-W", "--keep-going", ".", "_build"],
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
