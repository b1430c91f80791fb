"""Say under each example what it was built on; leave out what is not known.

sphinx-gallery's memory figure is the parent's alone, if it is anything: it is taken off the page.
"""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from ndpipe import describe_machine

_MEMORY = re.compile(r"^\*\*Estimated memory usage:\*\*.*\n", re.MULTILINE)


def _state_facts(app: Sphinx, docname: str, source: list[str]) -> None:
    # The file that sphinx-gallery writes when a page's run has succeeded. A change of the machine
    # makes the page run again (see freshness), so the machine of now is the machine of then.
    ran = Path(app.srcdir, f"{docname}.py.md5")
    if not ran.exists():
        return
    clock = float(os.environ.get("SOURCE_DATE_EPOCH", ran.stat().st_mtime))
    day = datetime.fromtimestamp(clock, tz=UTC).date()
    facts = f".. rst-class:: built-on\n\nBuilt on {day.isoformat()}: {describe_machine()}.\n"
    source[0] = _MEMORY.sub(lambda _: facts, source[0])


def setup(app: Sphinx) -> ExtensionMetadata:
    """Change the generated source of a page as Sphinx reads it."""
    app.connect("source-read", _state_facts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
