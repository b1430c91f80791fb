"""Measure once for the whole site, and quote figures from the record.

The record is made before the pages run, by `ndpipe.experiments.record`, and again when the code
that it measures, or the machine, has changed. It stands beside the generated pages.
"""

import hashlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole
from sphinx.util.typing import ExtensionMetadata

from ndpipe import describe_machine
from ndpipe.compare import Comparison
from ndpipe.compare.documents import from_json

logger = logging.getLogger(__name__)

_FOLDER = "auto_examples/3_measurements"
_FILES = ("connection.py", "experiments/ladder.py", "experiments/record.py")
_MEASURED = ("compare", "transports", "_pipe", "_system")


def _fingerprint(package: Path) -> str:
    """Return a digest of the machine and of all code that takes part in measuring."""
    digest = hashlib.sha256(str(describe_machine()).encode())
    digest.update(os.environ.get("NDPIPE_PYTHONS", "").encode())
    files = [package / name for name in _FILES]
    for room in _MEASURED:
        files += sorted((package / room).rglob("*.py"))
    for file in files:
        if file.name not in {"plots.py", "_drawing.py", "_style.py", "tables.py"}:  # they only show
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def _make_record(app: Sphinx) -> None:
    folder = Path(app.srcdir, _FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["NDPIPE_RECORD"] = str(folder)
    stamp, now = folder / "record.fingerprint", _fingerprint(Path(app.srcdir, "../src/ndpipe"))
    made = [folder / "measurements.json", folder / "elsewhere.json", stamp]
    if all(file.exists() for file in made) and stamp.read_text() == now:
        return
    logger.info("measuring for all pages, which takes about three minutes")
    command = [sys.executable, "-m", "ndpipe.experiments.record", str(folder)]
    environment = {name: value for name, value in os.environ.items() if name != "NDPIPE_RECORD"}
    subprocess.run(command, env=environment, check=True, timeout=900)  # noqa: S603 - our own command
    stamp.write_text(now)


@cache
def _read(path: Path, _changed: float) -> Comparison:
    return from_json(path.read_text("utf-8"))


def read_record(env: BuildEnvironment) -> Comparison:
    """Return the record of this build, and note that the page being read depends on it."""
    path = Path(env.srcdir, _FOLDER, "measurements.json")
    env.note_dependency(str(path))
    return _read(path, path.stat().st_mtime)


class _RecordRole(SphinxRole):
    """A role that quotes the record."""

    def record(self) -> Comparison:
        """Return the record of this build."""
        return read_record(self.env)


class Speed(_RecordRole):
    """The speed of a transport in GB/s, at a size in bytes: ``ndpipe 32000000``.

    From parent to child, or the other way: ``pool-result 32000000 from-child``.
    """

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Write the speed with its interval."""
        transport, size, *direction = self.text.split()
        speed = self.record().speed(transport, int(size), *direction)  # type: ignore[arg-type]  # text of the page
        return [nodes.Text(f"{speed}")], []


class Ratio(_RecordRole):
    """How many times as fast as another a transport is: ``ndpipe pipe 32000000``.

    The classes of the written element name the pair and the size, for the check that pages agree.
    """

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Write the ratio with its interval."""
        one, two, size, *rest = self.text.split()
        direction = rest[0] if rest else "to-child"
        ratio = self.record().ratio(one, two, int(size), direction)  # type: ignore[arg-type]  # text of the page
        classes = ["ratio", f"ratio_{one}_{two}_{size}_{direction}"]
        return [nodes.inline("", f"{ratio}", classes=classes)], []


class Copies(_RecordRole):
    """Peak memory of both processes beyond the array that is sent: ``ndpipe 32000000``."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Write it in multiples of the array."""
        transport, size, *direction = self.text.split()
        found = self.record().find(transport, int(size), *direction)  # type: ignore[arg-type]
        return [nodes.Text(f"{found.copies:.1f}")], []


class MeasuredOn(_RecordRole):
    """The date and the machine of the record."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Write both."""
        record = self.record()
        return [nodes.Text(f"{record.date[:10]}: {record.machine}")], []


def setup(app: Sphinx) -> ExtensionMetadata:
    """Make the record before pages are looked at, and register the roles."""
    # Freshness looks at priority 400; sphinx-gallery generates at the default, 500.
    app.connect("builder-inited", _make_record, priority=390)
    app.add_role("speed", Speed())
    app.add_role("ratio", Ratio())
    app.add_role("copies", Copies())
    app.add_role("measured-on", MeasuredOn())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
