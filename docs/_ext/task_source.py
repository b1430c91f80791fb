"""Show a function's source without its docstring, on the page and in the notebook.

Adds the option ``:no-docstring:`` to ``literalinclude``: the reference has the docstring, a page
wants the ten lines that run.
"""

import ast
import re
from functools import partial
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.directives.code import LiteralInclude
from sphinx.util.typing import ExtensionMetadata
from sphinx_gallery import notebook

_DIRECTIVE = re.compile(
    r"^\.\. literalinclude:: (?P<path>\S+)\n +:pyobject: (?P<name>\S+)\n +:no-docstring:\n",
    re.MULTILINE,
)
_TITLED_ROLE = re.compile(r":[a-z:]+:`(?P<title>[^`<]+?)\s*<[^`>]+>`")
_TERM = re.compile(r":term:`(?P<term>[^`]+)`")
_ROLE = re.compile(r":[a-z:]+:`[~!]?(?P<target>[^`]+)`")

_rst2md = notebook.rst2md


def lines_without_docstring(source: str, name: str) -> list[int]:
    """Return the lines of a function or class, those of its docstring left out.

    Parameters
    ----------
    source : str
        A module.
    name : str
        A function or class at its top level.

    Returns
    -------
    list of int
        Line numbers in the module, from 1.

    Raises
    ------
    LookupError
        If the module defines no such name.
    """
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            lines = set(range(first, (node.end_lineno or first) + 1))
            if ast.get_docstring(node) is not None:
                docstring = node.body[0]
                lines -= set(range(docstring.lineno, (docstring.end_lineno or 0) + 1))
            return sorted(lines)
    raise LookupError(f"no function or class {name!r} at the top level")


class TaskSource(LiteralInclude):
    """``literalinclude`` with ``:no-docstring:``."""

    option_spec = {**LiteralInclude.option_spec, "no-docstring": directives.flag}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Work out which lines to show, and show them as ``literalinclude`` does."""
        if "no-docstring" in self.options:
            _, path = self.env.relfn2path(self.arguments[0])
            lines = lines_without_docstring(Path(path).read_text("utf-8"), self.options["pyobject"])
            # literalinclude counts from the first line of the object.
            self.options["lines"] = ",".join(str(line - lines[0] + 1) for line in lines)
        return super().run()


def to_notebook(source_directory: Path, text: str, *args: Any) -> str:
    """Give a notebook the source itself and plain names for what it cannot render."""

    def included(match: re.Match[str]) -> str:
        source = (source_directory / match["path"].removeprefix("/")).read_text("utf-8")
        module = source.splitlines()
        code = "\n".join(
            module[line - 1] for line in lines_without_docstring(source, match["name"])
        )
        return f"```python\n{code}\n```\n"

    text = _DIRECTIVE.sub(included, text)
    text = _TERM.sub(r"\g<term>", _TITLED_ROLE.sub(r"\g<title>", text))
    converted: str = _rst2md(_ROLE.sub(r"`\g<target>`", text), *args)
    return converted


def setup(app: Sphinx) -> ExtensionMetadata:
    """Extend the directive, and the conversion of a page's text for its notebook."""
    app.add_directive("literalinclude", TaskSource, override=True)
    # sphinx-gallery has no hook here: it knows images, links and notes, and leaves the rest as is.
    notebook.rst2md = partial(to_notebook, Path(app.srcdir))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
