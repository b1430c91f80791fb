"""A page ends with a script that holds all its code once and does the same."""

import subprocess
import sys
from pathlib import Path

from _ext.whole_script import code_blocks, whole_script
from tests.docs.gallery import Gallery

PAGE = '''"""
Page
====

Text.
"""

# sphinx_gallery_thumbnail_path = "thumb.svg"
import multiprocessing

from ndpipe.tasks import echo

# %%
# Start
# -----
# Text.

LIMIT = 2

if __name__ == "__main__":
    here, there = multiprocessing.Pipe()
    # A comment.
    child = multiprocessing.Process(target=echo, args=(there, here))
    child.start()
    there.close()

# %%
# Text without a heading.

if __name__ == "__main__":
    for number in range(LIMIT):
        here.send(number)
        print(here.recv())
    here.close()
    child.join()
'''
MAIN = """\
LIMIT = 2


if __name__ == "__main__":
    # Start
    here, there = multiprocessing.Pipe()
    # A comment.
    child = multiprocessing.Process(target=echo, args=(there, here))
    child.start()
    there.close()

    for number in range(LIMIT):
        here.send(number)
        print(here.recv())
    here.close()
    child.join()
"""


def test_the_script_is_in_order(tmp_path: Path) -> None:
    """Imports, then the tasks themselves, then what was guarded, below one guard."""
    page = tmp_path / "plot_page.py"
    page.write_text(PAGE)
    script = whole_script(page)
    imports, task, rest = script.split("\n\n\n", 2)
    assert imports == "import multiprocessing\nfrom multiprocessing.connection import Connection"
    assert task.startswith("def echo(")
    assert rest == MAIN
    assert "ndpipe" not in script


def test_the_script_runs(as_default: dict[str, str], tmp_path: Path) -> None:
    """It prints what the page prints, under every start method, wherever it is pasted."""
    page, script = tmp_path / "plot_page.py", tmp_path / "pasted.py"
    page.write_text(PAGE)
    script.write_text(whole_script(page))
    done = subprocess.run(
        [sys.executable, script],
        env=as_default,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = sorted(done.stdout.splitlines())
    assert lines == ["0", "1", "echoing 0", "echoing 1", "end of file: the other end is closed"]


def test_a_script_without_processes_has_no_guard(tmp_path: Path) -> None:
    """Statements outside a guard stay in order, with their comments."""
    page = tmp_path / "plot_page.py"
    page.write_text('"""\nPage\n====\n"""\nimport os\n\n# Why.\nx = os.name\n# %%\n# Text.\n\nx\n')
    assert whole_script(page) == "import os\n\n\n# Why.\nx = os.name\n\n\nx\n"


def test_blocks_are_what_the_page_shows(tmp_path: Path) -> None:
    """Each block has neither guard nor settings of the gallery."""
    page = tmp_path / "plot_page.py"
    page.write_text(PAGE)
    blocks = code_blocks(page)
    assert [block.splitlines()[0] for block in blocks] == [
        "import multiprocessing",
        "LIMIT = 2",
        "for number in range(LIMIT):",
    ]


def test_the_introduction_leads_to_the_script(gallery: Gallery) -> None:
    """A reader who only wants to run it does not look for it below the explanations."""
    gallery.page("print(1)")
    page = gallery.build().page()
    link = page.select_one(".run-it a")
    assert link is not None
    assert link["href"] == "#the-whole-script"
    assert page.select_one("#the-whole-script pre") is not None
    following = [element.name for element in link.find_all_next(["pre", "section"])]
    assert following[0] == "pre"
