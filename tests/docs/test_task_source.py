"""A page and its notebook show a task's own source, and the page ends with the whole script."""

import ast
import json
from pathlib import Path

import pytest
from _ext.task_source import to_notebook
from tests.docs.gallery import Gallery

PAGE = """
print(1)

# %%
# Uses ``echo`` and others:
#
# .. task-source:: ndpipe.tasks.echo ndpipe.tasks.send_ones
#
# An excerpt of it:
#
# .. literalinclude:: /excerpt.py
#    :pyobject: Reader.read
#    :no-docstring:

if __name__ == "__main__":
    print(2)
"""
EXCERPT = '''
class Reader:
    def read(self):
        """Read."""
        return self.conn.recv()
'''


def test_the_page_and_the_notebook_show_the_source(gallery: Gallery) -> None:
    """Both have the imports and the code, not the docstring, and no guard around each block."""
    (gallery.docs / "excerpt.py").write_text(EXCERPT)
    gallery.page(PAGE)
    built = gallery.build()
    assert built.status == 0, built.log
    notebook = (gallery.docs / "auto_examples/plot_page.ipynb").read_text("utf-8")
    cells = json.loads(notebook)["cells"]
    page, _, script = built.page().get_text().partition("The whole script")
    for shown in (page, "\n".join("".join(cell["source"]) for cell in cells)):
        assert "from multiprocessing.connection import Connection\n\nimport numpy as np\n" in shown
        assert "message = conn.recv()" in shown
        assert "Parameters" not in shown
        assert "\ndef read(self):\n    return self.conn.recv()" in shown, "it can be pasted"
        assert "Read." not in shown
        assert "__main__" not in shown
        assert "\nprint(2)" in shown
    assert '\nif __name__ == "__main__":\n    print(2)\n' in script
    assert "literalinclude" not in notebook
    assert "task-source" not in notebook
    (text,) = ["".join(cell["source"]) for cell in cells if "```python" in "".join(cell["source"])]
    first, second = (part.split("```")[0] for part in text.split("```python\n")[1:])
    functions = [node for node in ast.parse(first).body if isinstance(node, ast.FunctionDef)]
    assert {function.name for function in functions} == {"echo", "send_ones"}
    ast.parse(second)


@pytest.mark.parametrize(
    ("text", "converted"),
    [
        ("See :func:`~ndpipe.tasks.echo`.", "See `ndpipe.tasks.echo`."),
        (":doc:`the page </a/b>` and :ref:`here <symptom-join>`", "the page and here"),
        ("A :term:`duplex` pipe", "A duplex pipe"),
    ],
)
def test_roles_become_plain_names_in_a_notebook(text: str, converted: str, tmp_path: Path) -> None:
    """A notebook cannot follow Sphinx's references."""
    conf: dict[str, object] = {"rst_link_targets": {}}
    assert to_notebook(tmp_path, text, conf, tmp_path, {}).strip() == converted
