"""Show which process printed each line, and keep the text what a terminal would show.

The labels are drawn by the style sheet from an attribute: they are not in the text, so nobody
copies them, and a search does not find them.
"""

import re
from itertools import groupby
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator

from _ext.capture import PARENT_MARK

_OUTPUT_CLASS = "sphx-glr-script-out"


class ProcessOutput(nodes.literal_block):
    """Captured output: the text is clean, ``runs`` says whose lines they are."""


def parse(captured: str) -> list[tuple[str, str]]:
    """Split marked text into runs of lines by one process.

    Parameters
    ----------
    captured : str
        Lines, those of the parent beginning with the mark.

    Returns
    -------
    list of (str, str)
        ``parent`` or ``child``, and the text of consecutive lines, without marks.
    """
    # A child that has not finished its line shares it with the parent's next one.
    captured = re.sub(f"(?<=[^\n]){PARENT_MARK}", f"\n{PARENT_MARK}", captured)
    lines = re.findall(r"[^\n]*\n|[^\n]+", captured)
    return [
        ("parent" if parents else "child", "".join(line.lstrip(PARENT_MARK) for line in run))
        for parents, run in groupby(lines, key=lambda line: line.startswith(PARENT_MARK))
    ]


def output_node(captured: str) -> ProcessOutput:
    """Return the node that shows `captured`."""
    runs = parse(captured)
    text = "".join(text for _, text in runs)
    return ProcessOutput(text, text, runs=runs, classes=[_OUTPUT_CLASS], language="none")


def _label_outputs(_app: Sphinx, doctree: nodes.document) -> None:
    for block in list(doctree.findall(nodes.literal_block)):
        if _OUTPUT_CLASS in block["classes"] and not isinstance(block, ProcessOutput):
            block.replace_self(output_node(block.astext()))


def _visit_html(translator: HTML5Translator, node: ProcessOutput) -> None:
    spans = "".join(
        f'<span class="process" data-process="{process}">{translator.encode(text)}</span>'
        for process, text in node["runs"]
    )
    translator.body.append(
        f'<div class="{_OUTPUT_CLASS} notranslate"><div class="highlight">'
        f"<pre>{spans}</pre></div></div>\n"
    )
    raise nodes.SkipNode


class CapturedOutput(SphinxDirective):
    """Show the captured output of an example on another page.

    The argument is the example's document; ``:blocks:`` says which of its outputs, from 1.
    """

    required_arguments = 1
    option_spec = {"blocks": directives.positive_int_list}  # noqa: RUF012 - as docutils declares it

    def run(self) -> list[nodes.Node]:
        """Show the wanted outputs in one box."""
        outputs = captured(self.env, self.arguments[0])
        wanted = self.options.get("blocks", [1])
        if max(wanted) > len(outputs):
            raise self.error(f"{self.arguments[0]} has {len(outputs)} outputs, not {max(wanted)}")
        return [output_node("".join(outputs[number - 1] for number in wanted))]


def captured(env: BuildEnvironment, example: str) -> list[str]:
    """Return the outputs of an example, marked, from the page that sphinx-gallery wrote."""
    page = Path(env.srcdir, f"{example}.rst")
    env.note_dependency(str(page))
    outputs = []
    for part in page.read_text("utf-8").split(f".. rst-class:: {_OUTPUT_CLASS}")[1:]:
        body = part.split(".. code-block:: none\n", 1)[1]
        lines = []
        for line in body.splitlines():
            if line and not line.startswith("    "):
                break
            lines.append(line[4:])
        outputs.append("\n".join(lines).strip("\n") + "\n")
    return outputs


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the node, the directive and the step that labels generated pages."""
    app.add_node(ProcessOutput, html=(_visit_html, None))
    app.add_directive("captured-output", CapturedOutput)
    app.connect("doctree-read", _label_outputs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
