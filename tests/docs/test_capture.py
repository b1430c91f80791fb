"""Every process's lines reach the page, in the order in which they were printed."""

import os
from pathlib import Path

import pytest
from _ext import capture
from tests.docs.gallery import Gallery

START = """
import multiprocessing
from ndpipe.tasks import echo
if __name__ == "__main__":
    print("before")
    here, there = multiprocessing.Pipe()
    child = multiprocessing.Process(target=echo, args=(there, here))
    child.start()
    there.close()
"""
TALK = """
if __name__ == "__main__":
    for word in ("one", "two"):
        here.send(word)
        print("back:", here.recv())
"""
END = """
if __name__ == "__main__":
    print("no newline", end="")
    here.close()
    child.join()
"""


def test_lines_come_in_true_order(
    start_method: str,
    as_default: dict[str, str],
    tmp_path: Path,
) -> None:
    """A child that lives through several blocks speaks in each, between its parent's lines."""
    gallery = Gallery(tmp_path / "project", as_default)
    gallery.page(START, TALK, END)
    built = gallery.build()
    assert built.status == 0, built.log
    assert built.runs() == [
        ("parent", "before"),
        ("child", "echoing 'one'\n"),
        ("parent", "back: one\n"),
        ("child", "echoing 'two'\n"),
        ("parent", "back: two"),
        ("child", "end of file: the other end is closed\n"),
        ("parent", "no newline"),  # a line is written when it is finished, as to a terminal
    ]
    assert "echoing" not in built.log, "a child's line leaked into the build's log"


def test_a_page_without_children_is_the_parents(gallery: Gallery) -> None:
    """Text with the characters that HTML gives a meaning is shown as it is; stderr is shown too."""
    gallery.page("import sys\nprint('<b> & \"q\"')\nprint('to stderr', file=sys.stderr)")
    built = gallery.build()
    assert built.status == 0, built.log
    assert built.runs() == [("parent", '<b> & "q"\nto stderr')]


def test_what_a_child_prints_between_two_blocks_is_not_lost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It goes to the next block's output, and what other pages' children print does not."""
    os.write(capture._record(), b"of another page\n")
    capture.run_block(lambda: None)
    os.write(capture._record(), b"late\n")
    with capture.recorded():
        print("a", end="", flush=True)
        print("b\rc")
    assert capsys.readouterr().out == f"late\n{capture.PARENT_MARK}ab\rc\n"
    os.close(capture._record())
    capture._record.cache_clear()


def test_no_memory_figure_is_shown(gallery: Gallery) -> None:
    """The page says what it was built on in place of the parent's memory."""
    gallery.page("print(1)")
    built = gallery.build()
    html = (built.html / "plot_page.html").read_text("utf-8")
    assert "Estimated memory" not in html
    assert "Built on 2" in html
