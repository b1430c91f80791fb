"""Keep what a page measured as a file of the site, and quote figures from it.

A page that puts a :class:`ndpipe.records.Comparison` into a variable has it written as
``measurements.json`` beside the generated page. Other pages quote it, so that no figure is typed.
"""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole
from sphinx.util.typing import ExtensionMetadata

from ndpipe.records import Comparison, from_json, to_json

_WHERE = "auto_examples/3_measurements/measurements.json"


def keep(page: Path, variables: dict[str, Any]) -> None:
    """Write the comparison that a page has made so far, if it has made one.

    Parameters
    ----------
    page : pathlib.Path
        The example file, below a folder ``examples`` that lies beside ``docs``.
    variables : dict
        The page's global variables.
    """
    found = [value for value in variables.values() if isinstance(value, Comparison)]
    if not found:
        return
    examples = next(parent for parent in page.parents if parent.name == "examples")
    target = examples.parent / "docs/auto_examples" / page.parent.relative_to(examples)
    (target / "measurements.json").write_text(to_json(found[-1]), "utf-8")


class Measured(SphinxRole):
    """The speed of a transport at a size in bytes, such as ``ndpipe 32000000``."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Look the figure up in the file that the build has written."""
        path = Path(self.env.srcdir, _WHERE)
        self.env.note_dependency(str(path))
        transport, size = self.text.split()
        # Parent to child comes first in the file; some transports have only the other direction.
        for m in from_json(path.read_text("utf-8")).measurements:
            if (m.transport, m.nbytes) == (transport, int(size)) and m.gigabytes_per_second:
                return [nodes.Text(f"{m.gigabytes_per_second:.2g} GB/s")], []
        return [nodes.Text("not measured here")], []


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the role."""
    app.add_role("measured", Measured())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
