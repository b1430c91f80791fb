"""What each transport declares of itself, as a table: it cannot differ from the code."""

from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from ndpipe import transports
from ndpipe.transports import TRANSPORTS

_COLUMNS = ("name", "what it is", "the receiver", "processes", "may it write?", "cleaned up by")


class TransportTable(SphinxDirective):
    """One row a transport."""

    def run(self) -> list[nodes.Node]:
        """Write a list-table and parse it."""
        for module in Path(transports.__file__).parent.glob("*.py"):
            self.env.note_dependency(str(module))
        rows = [_COLUMNS]
        for kind in TRANSPORTS.values():
            info = kind.info
            moves = "gets a copy" if info.moves == "copies" else "shares the memory"
            name = f"``{info.name}``"
            rows.append((name, info.title, moves, info.topology, info.writeable, info.cleanup))
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 13 15 13 13 20 26", ""]
        for row in rows:
            lines += [f"   {'*' if not i else ' '} - {cell}" for i, cell in enumerate(row)]
        container = nodes.container()
        self.state.nested_parse(StringList(lines, source=__file__), 0, container)
        return container.children


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("transport-table", TransportTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
