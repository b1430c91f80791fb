"""The source on a page, and in its notebook, is the task's own, without its docstring."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from _ext.task_source import lines_without_docstring, to_notebook
from bs4 import BeautifulSoup
from sphinx_gallery.gen_gallery import DEFAULT_GALLERY_CONF
from sphinx_gallery.notebook import jupyter_notebook
from sphinx_gallery.py_source_parser import split_code_and_text_blocks

from ndpipe import tasks

ROOT = Path(__file__).parents[2]
SOURCE = '''
import x

@decorated
def f(
    a,
):
    """One.

    Two.
    """
    return a


def g():
    return 1
'''


def test_the_docstring_is_left_out() -> None:
    assert lines_without_docstring(SOURCE, "f") == [4, 5, 6, 7, 12]
    assert lines_without_docstring(SOURCE, "g") == [15, 16]
    with pytest.raises(LookupError, match="no function or class 'h'"):
        lines_without_docstring(SOURCE, "h")


PAGE = """print(1)

# %%
# Uses :func:`ndpipe.tasks.echo`, a :term:`duplex` pipe and :doc:`others </index>`:
#
# .. literalinclude:: /tasks.py
#    :pyobject: echo
#    :no-docstring:

print(2)
"""


def test_the_page_and_the_notebook_show_the_source(gallery: Any) -> None:
    (gallery.docs / "tasks.py").write_text(Path(tasks.__file__).read_text("utf-8"))
    text = PAGE.replace(":func:`ndpipe.tasks.echo`", "``echo``").replace(":term:`duplex`", "duplex")
    gallery.page(text)
    built = gallery.build()
    assert built.status == 0, built.log
    html = BeautifulSoup((built.html / "plot_page.html").read_text("utf-8"), "lxml")
    notebook = (gallery.docs / "auto_examples/plot_page.ipynb").read_text("utf-8")
    cells = ["".join(cell["source"]) for cell in json.loads(notebook)["cells"]]
    for shown in (html.get_text(), "\n".join(cells)):
        assert "def echo(conn: Connection, other_end: Connection | None = None) -> None:" in shown
        assert "message = conn.recv()" in shown
        assert "Parameters" not in shown
    assert "literalinclude" not in notebook
    (code,) = [cell for cell in cells if "```python" in cell]
    ast.parse(code.split("```python\n")[1].split("```")[0])


def test_roles_become_plain_names_in_a_notebook(tmp_path: Path) -> None:
    text = (
        "See :func:`~ndpipe.tasks.echo`, :doc:`the page </a/b>` and :ref:`here <symptom-join>`.\n"
    )
    conf = {"rst_link_targets": {}}
    converted = to_notebook(tmp_path, text, conf, tmp_path, {})
    assert converted.strip() == "See `ndpipe.tasks.echo`, the page and here."


EXECUTE = """
import sys, nbclient, nbformat
nbclient.NotebookClient(nbformat.read(sys.argv[1], as_version=4), timeout=300).execute()
"""


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "page", sorted((ROOT / "examples").rglob("plot_*.py")), ids=lambda page: page.stem
)
def test_a_notebook_runs(page: Path, tmp_path: Path) -> None:
    """The notebook that a reader downloads runs in a fresh kernel, in an empty directory."""
    _, blocks = split_code_and_text_blocks(str(page))
    settings = {**DEFAULT_GALLERY_CONF, "src_dir": str(tmp_path)}
    notebook = tmp_path / "page.ipynb"
    notebook.write_text(json.dumps(jupyter_notebook(blocks, settings, tmp_path)))
    work = tmp_path / "empty"
    work.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", EXECUTE, notebook],
        cwd=work,
        capture_output=True,
        text=True,
        timeout=350,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(work.iterdir()) == []
