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
    """The speed of a transport at a size in bytes: ``ndpipe 32000000``.

    From parent to child, or the other way: ``pool-result 32000000 from-child``.
    """

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Look the figure up in the file that the build has written."""
        path = Path(self.env.srcdir, _WHERE)
        self.env.note_dependency(str(path))
        transport, size, *direction = self.text.split()
        wanted = transport, int(size), *(direction or ["to-child"])
        for m in from_json(path.read_text("utf-8")).measurements:
            if (m.transport, m.nbytes, m.direction) == wanted and m.gigabytes_per_second:
                return [nodes.Text(f"{m.gigabytes_per_second:.2g} GB/s")], []
        return [nodes.Text("not measured here")], []


class MeasuredOn(SphinxRole):
    """The machine and the day of the measurements."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Read both from the file that the build has written."""
        path = Path(self.env.srcdir, _WHERE)
        self.env.note_dependency(str(path))
        comparison = from_json(path.read_text("utf-8"))
        return [nodes.Text(f"{comparison.date[:10]}: {comparison.machine}")], []


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the roles."""
    app.add_role("measured", Measured())
    app.add_role("measured-on", MeasuredOn())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
