"""Four questions that lead to one way to move an array: the form, and the same as a table."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from itertools import product
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from ndpipe.transports import TRANSPORTS

_SIZE = 32_000_000


@dataclass(frozen=True)
class Question:
    """A question, its name, and its answers by their names."""

    name: str
    asks: str
    answers: Mapping[str, str]


@dataclass(frozen=True)
class Way:
    """A recommendation, and the answers that lead to it where no earlier one fits."""

    when: Mapping[str, str]
    take: str
    card: str
    section: str
    page: str
    transport: str = ""


@dataclass(frozen=True)
class Ways:
    """The questions and the ways, in their order."""

    questions: tuple[Question, ...]
    ways: tuple[Way, ...]

    @classmethod
    def read(cls, path: Path) -> "Ways":
        """Read them from a TOML file."""
        document = tomllib.loads(path.read_text("utf-8"))
        return cls(
            tuple(Question(**question) for question in document["questions"]),
            tuple(Way(**way) for way in document["ways"]),
        )

    def recommend(self, answers: Mapping[str, str]) -> Way:
        """Return the first way whose conditions the answers meet."""
        return next(way for way in self.ways if way.when.items() <= answers.items())

    def combinations(self) -> list[dict[str, str]]:
        """Return each combination of answers."""
        names = [question.name for question in self.questions]
        values = (question.answers for question in self.questions)
        return [dict(zip(names, answers, strict=True)) for answers in product(*values)]

    def need(self, way: Way) -> str:
        """Return the conditions of a way in words."""
        return ", ".join(q.answers[way.when[q.name]] for q in self.questions if q.name in way.when)


class WhichWay(SphinxDirective):
    """The form and the table; the argument is the file of questions and ways."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Show both: without JavaScript, the table alone."""
        path = Path(self.env.srcdir, self.arguments[0])
        self.env.note_dependency(str(path))
        ways = Ways.read(path)
        data = {
            "questions": {q.name: list(q.answers) for q in ways.questions},
            "ways": [{"when": way.when, "section": way.section} for way in ways.ways],
        }
        root = "../" * self.env.docname.count("/")
        table = nodes.container("", *self._table(ways), ids=["which-table"])
        script = (
            f'<script type="application/json" id="which-data">{json.dumps(data)}</script>\n'
            f'<script src="{root}_static/tools/which_way.js" defer></script>'
        )
        form = nodes.raw("", _form(ways), format="html")
        return [form, table, nodes.raw("", script, format="html")]

    def _table(self, ways: Ways) -> list[nodes.Node]:
        rows: list[tuple[str, ...]] = [
            ("you need", "take", "GB/s", "times Pipe", "from a child", "memory", "page")
        ]
        for way in ways.ways:
            take = f"`{way.take} <#{way.section}>`__"
            rows.append((ways.need(way), take, *_figures(way), f":doc:`{way.page}`"))
        lines = [".. list-table::", "   :header-rows: 1", ""]
        for row in rows:
            lines += [f"   {'*' if not i else ' '} - {cell}" for i, cell in enumerate(row)]
        parsed = nodes.container()
        self.state.nested_parse(StringList(lines, source=__file__), 0, parsed)
        return parsed.children


def _figures(way: Way) -> tuple[str, ...]:
    name = way.transport
    if not name:
        return "", "", "", ""
    if name == "inherited-global":
        return "nothing is sent", "", "", ""
    first, *_ = directions = TRANSPORTS[name].info.directions
    ratios = {d: "1" if name == "pipe" else f":ratio:`{name} pipe {_SIZE} {d}`" for d in directions}
    where = f"{name} {_SIZE} {first}"
    both = (ratios.get(direction, "") for direction in ("to-child", "from-child"))
    return f":speed:`{where}`", *both, f":copies:`{where}`"


def _form(ways: Ways) -> str:
    parts = ['<form class="tool" id="which-form" aria-label="Which way should I use?">']
    parts.append('<div class="tool-questions">')
    for question in ways.questions:
        parts.append(f"<fieldset><legend>{escape(question.asks)}</legend>")
        for name, words in question.answers.items():
            key = f"which-{question.name}-{name}"
            parts.append(
                f'<span class="tool-choice"><input type="radio" id="{key}" name="{question.name}" '
                f'value="{name}"><label for="{key}">{escape(words)}</label></span>'
            )
        parts.append("</fieldset>")
    parts.append('</div><p class="tool-answer" id="which-answer" role="status"></p>')
    parts.append('<div id="which-card"></div>')
    parts.append('<button type="reset">Start again</button></form>')
    return "\n".join(parts)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("which-way", WhichWay)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
