"""Make the archives of the gallery the same in each build: they say when a file was written."""

import os
import time
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

_FIRST_DAY = 315_532_800  # an archive has no earlier day than 1980-01-01


def make_reproducible(archive: Path) -> None:
    """Write an archive again, with the build's clock setting as the time of each file.

    Parameters
    ----------
    archive : pathlib.Path
        A ZIP file. Its entries keep their names, their contents and their order.
    """
    clock = max(_FIRST_DAY, int(os.environ.get("SOURCE_DATE_EPOCH", _FIRST_DAY)))
    with ZipFile(archive) as old:
        files = [(entry.filename, old.read(entry)) for entry in old.infolist()]
    with ZipFile(archive, "w") as new:
        for name, content in files:
            entry = ZipInfo(name, time.gmtime(clock)[:6])
            entry.external_attr = 0o644 << 16
            new.writestr(entry, content, ZIP_DEFLATED)


def _rewrite(app: Sphinx) -> None:
    gallery = Path(app.srcdir, app.config.sphinx_gallery_conf["gallery_dirs"])
    for archive in sorted(gallery.rglob("*.zip")):
        make_reproducible(archive)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Do so after sphinx-gallery has written them, and before Sphinx copies them."""
    app.connect("builder-inited", _rewrite, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
