"""Every page that a reader can download runs as a notebook, from an empty directory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from _ext.main_guard import add_code_cell
from sphinx_gallery import notebook
from sphinx_gallery.gen_gallery import DEFAULT_GALLERY_CONF
from sphinx_gallery.py_source_parser import split_code_and_text_blocks

EXECUTE = """
import sys, nbclient, nbformat
nbclient.NotebookClient(nbformat.read(sys.argv[1], as_version=4), timeout=300).execute()
"""


@pytest.mark.timeout(400)
def test_a_notebook_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh kernel runs all cells, without guards as the site offers them, and leaves no file."""
    monkeypatch.setattr(notebook, "add_code_cell", add_code_cell)
    _, blocks = split_code_and_text_blocks(str(page))
    settings = {**DEFAULT_GALLERY_CONF, "src_dir": str(tmp_path)}
    document = tmp_path / "page.ipynb"
    document.write_text(json.dumps(notebook.jupyter_notebook(blocks, settings, tmp_path)))
    work = tmp_path / "empty"
    work.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", EXECUTE, document],
        cwd=work,
        capture_output=True,
        text=True,
        timeout=350,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(work.iterdir()) == []
