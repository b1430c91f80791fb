"""The page *What will my array cost?*: its form, its data, and the same as tables."""

import json
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from _ext.cost_data import capacities, limits, page_data, table
from _ext.process_labels import captured, parse
from _ext.record import read_record
from ndpipe import format_bytes
from ndpipe.compare import Comparison
from ndpipe.transports import DIRECTIONS

_FORM = Path(__file__).with_name("cost_tool.html")
_CAPACITY_PAGE = "auto_examples/3_measurements/plot_5_when_send_blocks"


class _CostDirective(SphinxDirective):
    """A directive that reads what the build measured."""

    def record(self) -> Comparison:
        """Return the record of this build."""
        return read_record(self.env)

    def limits(self) -> list[tuple[int, str, str]]:
        """Return the limits, with the capacities that the page about them printed."""
        printed = parse("".join(captured(self.env, _CAPACITY_PAGE)))
        found = capacities("".join(text for _, text in printed))
        if len(found) != 2:
            raise self.error(f"{_CAPACITY_PAGE} says the capacity of {len(found)} kinds of Pipe")
        return list(limits(found))

    def list_table(self, rows: list[list[str]]) -> list[nodes.Node]:
        """Return a table whose first row is the header."""
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: auto", ""]
        for row in rows:
            lines += [f"   {'*' if not i else ' '} - {cell}" for i, cell in enumerate(row)]
        container = nodes.container()
        self.state.nested_parse(StringList(lines, source=__file__), 0, container)
        return container.children


class CostTool(_CostDirective):
    """The form, the limits, and the script with its data.

    Without JavaScript the limits are shown and the form is not.
    """

    def run(self) -> list[nodes.Node]:
        """Embed the data: a page that is opened from disk can read no other file."""
        self.env.note_dependency(str(_FORM))
        met = self.limits()
        data = page_data(self.record()) | {"limits": [size for size, _, _ in met]}
        # The only sequence that would end the element; in JSON it can only be within a string.
        text = json.dumps(data, separators=(",", ":")).replace("</", "<\\/")
        root = "../" * self.env.docname.count("/")
        rows = [["beyond", "what happens", "run in"]]
        for size, happens, page in met:
            rows.append([_round_size(size), happens, f":doc:`{page}`"])
        scripts = [
            f'<script type="application/json" id="cost-data">{text}</script>',
            *(f'<script src="{root}_static/tools/{n}.js"></script>' for n in ("cost", "cost_page")),
        ]
        return [
            nodes.raw("", _FORM.read_text("utf-8"), format="html"),
            nodes.container("", *self.list_table(rows), ids=["cost-limits"]),
            # After the elements that it fills, and before the browser shows them.
            nodes.raw("", "\n".join(scripts), format="html"),
        ]


class CostTable(_CostDirective):
    """What was measured, as a table for each direction."""

    def run(self) -> list[nodes.Node]:
        """Write both."""
        record = self.record()
        return [
            nodes.container("", *self.list_table(table(record, way)), classes=["cost-table"])
            for way in DIRECTIONS
        ]


def _round_size(size: int) -> str:
    """Return a power of two in its units, any other size in decimal ones."""
    power = size if size & (size - 1) == 0 else size + 1
    return format_bytes(power) if power & (power - 1) == 0 else format_bytes(size, decimal=True)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directives."""
    app.add_directive("cost-tool", CostTool)
    app.add_directive("cost-table", CostTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
