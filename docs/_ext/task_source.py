"""Show a function's source without its docstring, on the page and in the notebook.

``.. task-source:: ndpipe.tasks.echo`` shows a task with the imports that it needs: what is shown
can be pasted and runs. The option ``:no-docstring:`` of ``literalinclude`` shows an excerpt, a
method for example.
"""

import importlib
import inspect
import re
import textwrap
from functools import partial
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.directives.code import LiteralInclude
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata
from sphinx_gallery import notebook

from _ext.standalone import find, lines_without_docstring, standalone

_EXCERPT = re.compile(
    r"^\.\. literalinclude:: (?P<path>\S+)\n +:pyobject: (?P<name>\S+)\n +:no-docstring:\n",
    re.MULTILINE,
)
_TASK = re.compile(r"^\.\. task-source:: (?P<names>\S+(?: \S+)*)\n", re.MULTILINE)
_TITLED_ROLE = re.compile(r":[a-z:]+:`(?P<title>[^`<]+?)\s*<[^`>]+>`")
_TERM = re.compile(r":term:`(?P<term>[^`]+)`")
_ROLE = re.compile(r":[a-z:]+:`[~!]?(?P<target>[^`]+)`")

_rst2md = notebook.rst2md


class Excerpt(LiteralInclude):
    """``literalinclude`` with ``:no-docstring:``."""

    option_spec = {**LiteralInclude.option_spec, "no-docstring": directives.flag}  # noqa: RUF012 - as docutils declares it

    def run(self) -> list[nodes.Node]:
        """Work out which lines to show, and show them as ``literalinclude`` does."""
        if "no-docstring" in self.options:
            _, path = self.env.relfn2path(self.arguments[0])
            source = Path(path).read_text("utf-8")
            lines = lines_without_docstring(find(source, self.options["pyobject"]))
            # literalinclude counts from the first line of the object.
            self.options["lines"] = ",".join(str(line - lines[0] + 1) for line in lines)
            self.options["dedent"] = None  # a method that is copied is code by itself
        return super().run()


class TaskSource(SphinxDirective):
    """Show functions of one module, named with it, and all that they need to run."""

    required_arguments = 1
    optional_arguments = 20

    def run(self) -> list[nodes.Node]:
        """Show the source as a block of code."""
        source, path = task_source(*self.arguments)
        self.env.note_dependency(path)
        block = nodes.literal_block(source, source, language="python")
        self.set_source_info(block)
        return [block]


def task_source(*names: str) -> tuple[str, str]:
    """Return the source of functions of one module, and the module's file.

    Parameters
    ----------
    *names : str
        Functions by their full names, as ``ndpipe.tasks.echo``.
    """
    found = [name.rpartition(".") for name in names]
    functions = [getattr(importlib.import_module(module), name) for module, _, name in found]
    path = inspect.getsourcefile(functions[0])
    assert path is not None  # noqa: S101 - it is a module of Python code
    source = Path(path).read_text("utf-8")
    return str(standalone(source, *(name for _, _, name in found))), path


def to_notebook(source_directory: Path, text: str, *args: Any) -> str:
    """Give a notebook the source itself and plain names for what it cannot render."""

    def fenced(code: str) -> str:
        return f"```python\n{code.rstrip()}\n```\n"

    def excerpt(match: re.Match[str]) -> str:
        source = (source_directory / match["path"].removeprefix("/")).read_text("utf-8")
        module = source.splitlines()
        lines = lines_without_docstring(find(source, match["name"]))
        return fenced(textwrap.dedent("\n".join(module[line - 1] for line in lines)))

    text = _EXCERPT.sub(excerpt, text if text.endswith("\n") else f"{text}\n")
    text = _TASK.sub(lambda match: fenced(task_source(*match["names"].split())[0]), text)
    text = _TERM.sub(r"\g<term>", _TITLED_ROLE.sub(r"\g<title>", text))
    converted: str = _rst2md(_ROLE.sub(r"`\g<target>`", text), *args)
    return converted


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directives, and the conversion of a page's text for its notebook."""
    app.add_directive("literalinclude", Excerpt, override=True)
    app.add_directive("task-source", TaskSource)
    # sphinx-gallery has no hook here: it converts images, links and notes, and leaves the rest.
    notebook.rst2md = partial(to_notebook, Path(app.srcdir))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
