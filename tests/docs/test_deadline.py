"""A page that waits for ever fails the build; it does not stall it."""

import time

import pytest
from tests.docs.gallery import Gallery

HEADER = "# sphinx_gallery_deadline = 3"
NEVER_ANSWERS = """
import multiprocessing, time
if __name__ == "__main__":
    here, there = multiprocessing.Pipe()
    child = multiprocessing.Process(target=time.sleep, args=(600,))
    child.start()
    {wait}
"""


@pytest.mark.parametrize("wait", ["here.recv()", "child.join()", "here.send(bytes(10**7))"])
def test_a_page_whose_child_never_answers_fails(wait: str, gallery: Gallery) -> None:
    """The build says which page waited too long, and ends: no process of it is left."""
    gallery.page(NEVER_ANSWERS.format(wait=wait), header=HEADER)
    start = time.monotonic()
    built = gallery.build()  # returns when every process that holds its output has ended
    assert time.monotonic() - start < 60
    assert built.status != 0
    assert "a block of plot_page.py took longer than 3 s" in built.log


def test_a_page_that_catches_everything_fails_too(gallery: Gallery) -> None:
    """The exception comes again: a page that goes on waiting does not get away with it."""
    wait = "for _ in range(2):\n        try: here.recv()\n        except Exception: pass"
    gallery.page(NEVER_ANSWERS.format(wait=f"{wait}\n    here.recv()"), header=HEADER)
    built = gallery.build()
    assert built.status != 0
    assert "took longer than 3 s" in built.log


def test_a_page_may_take_its_time_between_two_deadlines(gallery: Gallery) -> None:
    """The deadline is a block's, not the page's, and the comment that sets it is not shown."""
    block = "import time\ntime.sleep(2)\nprint('done')"
    gallery.page(block, block, header=HEADER)
    built = gallery.build()
    assert built.status == 0, built.log
    assert [text for _, text in built.runs()] == ["done", "done"]
    assert "sphinx_gallery_deadline" not in (built.html / "plot_page.html").read_text("utf-8")
