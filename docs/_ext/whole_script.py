"""End each page of the gallery with the whole script in one piece, and begin it with a link there.

The script is made from the page's blocks: imports first, then the tasks that the page imports
from ``ndpipe.tasks``, as functions of the script itself, then all guarded blocks below one guard.
The directive ``example-code`` shows some of the blocks on another page.
"""

import ast
import importlib
import inspect
import re
import textwrap
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata
from sphinx_gallery.py_source_parser import remove_config_comments, split_code_and_text_blocks

from _ext.main_guard import GUARD, guarded_lines, is_guard, without_guard
from _ext.standalone import Import, formatted, imports_of, standalone

_TASKS = "ndpipe.tasks"
_HEADING = re.compile(r"^(\S.*)\n[-=~^]{3,}$", re.MULTILINE)
_END = ".. rst-class:: sphx-glr-timing\n"
_FIRST_CODE = "\n.. GENERATED FROM PYTHON SOURCE LINES"  # below the page's introduction
_RUN_IT = """
.. rst-class:: run-it

To run it, copy `the whole script <#the-whole-script>`__ from the end of this page.
"""

_SECTION = """
The whole script
----------------

{why}

.. dropdown:: {name}

   .. code-block:: python

{script}

"""
_PLAIN = "All code of this page in one file:"
_WITH_GUARD = """\
All code of this page in one file. Children that are :term:`spawned <spawn>`, or started by
a :term:`fork server <forkserver>`, import the file again: what stands below
``{guard}`` runs in the parent alone, and :ref:`must <symptom-no-guard>`."""


def whole_script(page: Path) -> str:
    """Return a page's code in one piece.

    Parameters
    ----------
    page : pathlib.Path
        An example of the gallery.

    Returns
    -------
    str
        A script that does what the page does and needs nothing of `ndpipe.tasks`.
    """
    _, blocks = split_code_and_text_blocks(str(page))
    imports: set[Import] = set()
    top: list[str] = []
    main: list[str] = []
    title = ""
    for kind, content, _ in blocks[1:]:
        if kind == "text":
            headings = _HEADING.findall(content)
            title = f"# {headings[-1]}\n" if headings else ""
            continue
        code = remove_config_comments(content)
        lines, done = code.splitlines(), 0
        for node in ast.parse(code).body:
            if is_guard(node):
                body = "\n".join(guarded_lines(code, node))
                main.append(textwrap.indent(title, "    ") + body.rstrip())
                title = ""
            elif found := imports_of(node):
                imports.update(found)
            else:
                # From the end of the statement before: comments belong to what follows.
                top.append("\n".join(lines[done : node.end_lineno]).strip("\n"))
            done = node.end_lineno or 0
    tasks = {item for item in imports if _is_task(item)}
    imports -= tasks
    definitions = []
    for source, names in sorted(_by_module(tasks).items()):
        extract = standalone(source, *names)
        imports |= extract.imports
        definitions += extract.definitions
    parts = [formatted(imports), *definitions, *top]
    if main:
        parts.append(f"{GUARD}\n" + "\n\n".join(main))
    return "\n\n\n".join(part for part in parts if part) + "\n"


def code_blocks(page: Path) -> list[str]:
    """Return a page's blocks of code as the page shows them."""
    _, blocks = split_code_and_text_blocks(str(page))
    return [
        without_guard(remove_config_comments(content)).strip("\n")
        for kind, content, _ in blocks
        if kind == "code"
    ]


class ExampleCode(SphinxDirective):
    """Show code of an example on another page.

    The argument is the example's document; ``:blocks:`` says which of its blocks of code, from 1.
    """

    required_arguments = 1
    option_spec = {"blocks": directives.positive_int_list}  # noqa: RUF012 - as docutils declares it

    def run(self) -> list[nodes.Node]:
        """Read the blocks from the copy of the example that sphinx-gallery made."""
        page = Path(self.env.srcdir, f"{self.arguments[0]}.py")
        self.env.note_dependency(str(page))
        blocks = code_blocks(page)
        wanted = self.options.get("blocks", [*range(1, len(blocks) + 1)])
        if max(wanted) > len(blocks):
            raise self.error(f"{self.arguments[0]} has {len(blocks)} blocks, not {max(wanted)}")
        code = "\n".join(blocks[number - 1] for number in wanted)
        return [nodes.literal_block(code, code, language="python")]


def _is_task(item: Import) -> bool:
    return bool(re.match(rf"{re.escape(_TASKS)}\b", item.module or "")) and item.alias is None


def _by_module(tasks: set[Import]) -> dict[str, list[str]]:
    """Return the names of tasks for each source that defines some."""
    found: dict[str, list[str]] = {}
    for item in sorted(tasks, key=lambda task: task.name):
        task = getattr(importlib.import_module(str(item.module)), item.name)
        module = inspect.getmodule(task) or importlib.import_module(str(item.module))
        found.setdefault(inspect.getsource(module), []).append(item.name)
    return found


def _append(app: Sphinx, docname: str, source: list[str]) -> None:
    page = Path(app.srcdir, f"{docname}.py")  # sphinx-gallery's copy of the example
    if not page.exists():
        return
    script = whole_script(page)
    why = _WITH_GUARD.format(guard=GUARD) if GUARD in script else _PLAIN
    section = _SECTION.format(why=why, name=page.name, script=textwrap.indent(script, "      "))
    source[0] = source[0].replace(_END, section + _END, 1)
    source[0] = source[0].replace(_FIRST_CODE, _RUN_IT + _FIRST_CODE, 1)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the section to each page of the gallery as Sphinx reads it, and the directive."""
    # After main_guard, which would take the guard away here too.
    app.connect("source-read", _append, priority=600)
    app.add_directive("example-code", ExampleCode)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
