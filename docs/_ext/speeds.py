"""Speeds from the record, drawn as bars of the page itself: text, and lines beside it."""

from html import escape

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from _ext.record import read_record
from ndpipe import format_bytes
from ndpipe.compare import Interval
from ndpipe.transports import TRANSPORTS


def bars(speeds: dict[str, Interval]) -> str:
    """Return speeds as the rows of an HTML table.

    Parameters
    ----------
    speeds : dict
        From a title to GB/s.

    Returns
    -------
    str
        The longest bar takes all the room that there is; a thin line shows the interval.

    Examples
    --------
    >>> print(bars({"Pipe": Interval(2, 1, 4)}))
    <tr><th scope="row">Pipe</th><td>2 (1 to 4) GB/s</td><td><span class="speed" \
style="--value: 50.0%; --low: 25.0%; --high: 100.0%"></span></td></tr>
    """
    most = max(speed.high for speed in speeds.values())
    rows = []
    for title, speed in speeds.items():
        places = {"value": speed.value, "low": speed.low, "high": speed.high}
        style = "; ".join(f"--{name}: {100 * place / most:.1f}%" for name, place in places.items())
        rows.append(
            f'<tr><th scope="row">{escape(title)}</th><td>{speed} GB/s</td>'
            f'<td><span class="speed" style="{style}"></span></td></tr>'
        )
    return "\n".join(rows)


class Speeds(SphinxDirective):
    """The speeds of the named transports, from parent to child."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {"bytes": directives.positive_int}  # noqa: RUF012, as docutils declares it

    def run(self) -> list[nodes.Node]:
        """Write them as a table, with the machine under it."""
        record, size = read_record(self.env), self.options["bytes"]
        names = self.arguments[0].split()
        speeds = {TRANSPORTS[n].info.title: record.speed(n, size) for n in names}
        where = f"{format_bytes(size, decimal=True)} to a child, measured {record.date[:10]}"
        text = (
            f'<table class="speeds"><caption>{where}: {escape(str(record.machine))}</caption>'
            f"<tbody>{bars(speeds)}</tbody></table>"
        )
        return [nodes.raw("", text, format="html")]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("speeds", Speeds)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
