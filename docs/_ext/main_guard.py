"""Show an example's code without ``if __name__ == "__main__":`` around each block.

The file needs the guard: where children are spawned they import it. On the page and in the
notebook it would stand above every block; there, the code below it is shown without it. The whole
script at the end of the page has it, once.
"""

import ast
import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata
from sphinx_gallery import notebook

GUARD = 'if __name__ == "__main__":'

# sphinx-gallery writes "Python" with a capital, and indents by four.
_CODE = re.compile(r"(?<=^\.\. code-block:: Python\n\n)(?:(?: {4}.*)?\n)+", re.MULTILINE)
_add_code_cell = notebook.add_code_cell


def is_guard(node: ast.stmt) -> bool:
    """Return whether a statement is the guard, without an ``else``."""
    if not isinstance(node, ast.If) or node.orelse:
        return False
    return ast.unparse(node.test) == "__name__ == '__main__'"


def guarded_lines(code: str, node: ast.stmt) -> list[str]:
    """Return the lines below a guard, comments after the last statement too."""
    lines = code.splitlines()
    end = node.end_lineno or node.lineno
    while end < len(lines) and lines[end].startswith((" ", "\t")):
        end += 1
    return lines[node.lineno : end]


def dedented(lines: list[str]) -> list[str]:
    """Move statements to the left margin; the lines inside a string stay as they are."""
    inside = set()
    for node in ast.walk(ast.parse("\n".join(["if True:", *lines]))):
        if isinstance(node, ast.Constant | ast.JoinedStr) and node.end_lineno:
            inside |= set(range(node.lineno - 1, node.end_lineno - 1))
    return [line if i in inside else line.removeprefix("    ") for i, line in enumerate(lines)]


def without_guard(code: str) -> str:
    r"""Return code with what its guards hold moved to the left margin.

    Parameters
    ----------
    code : str
        Statements, some of which may be guards.

    Returns
    -------
    str
        The same statements without guards; a guard that has an ``else`` stays.

    Examples
    --------
    >>> print(without_guard('if __name__ == "__main__":\n    x = 1\n    print(x)'))
    x = 1
    print(x)
    """
    lines = code.splitlines()
    for node in reversed(ast.parse(code).body):
        if is_guard(node):
            body = guarded_lines(code, node)
            lines[node.lineno - 1 : node.lineno + len(body)] = dedented(body)
    return "\n".join(lines)


def _on_page(app: Sphinx, docname: str, source: list[str]) -> None:
    if Path(app.srcdir, f"{docname}.py").exists():  # a page of the gallery
        source[0] = _CODE.sub(_unguarded_block, source[0])


def _unguarded_block(match: re.Match[str]) -> str:
    code = "\n".join(line.removeprefix("    ") for line in match[0].splitlines())
    shown = without_guard(code).splitlines()
    return "".join(f"    {line}".rstrip() + "\n" for line in shown) + "\n"


def add_code_cell(work_notebook: notebook.NotebookContent, code: str) -> None:
    """Add a cell to a notebook, without guards: nothing imports a notebook."""
    _add_code_cell(work_notebook, without_guard(code))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Change pages as Sphinx reads them, and notebooks as sphinx-gallery writes them."""
    app.connect("source-read", _on_page)
    # sphinx-gallery has no hook here.
    notebook.add_code_cell = add_code_cell
    return {"parallel_read_safe": True, "parallel_write_safe": True}
