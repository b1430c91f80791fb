"""A child that fails on a page fails the build, unless the page says that it means it."""

from typing import Any

import pytest

RUN = """
import multiprocessing
import {module}
if __name__ == "__main__":
    child = multiprocessing.Process(target={target}, args=({argument},))
    child.start()
    {then}
"""
JOIN = "child.join()"
EXPECTED = "# sphinx_gallery_child_may_fail"


def _page(target: str, argument: str, then: str = JOIN) -> str:
    return RUN.format(module=target.split(".")[0], target=target, argument=argument, then=then)


def test_a_child_that_dies_with_a_traceback_fails_the_build(gallery: Any) -> None:
    gallery.page(_page("os.stat", "'/does/not/exist'"))
    built = gallery.build()
    assert built.status != 0
    assert "exited with code 1" in built.log


@pytest.mark.parametrize(("target", "code"), [("os._exit", "3"), ("os.abort", "-6")])
def test_a_child_that_dies_silently_fails_the_build(target: str, code: str, gallery: Any) -> None:
    argument = code if target == "os._exit" else ""
    gallery.page(_page(target, argument).replace("(,)", "()"))
    built = gallery.build()
    assert built.status != 0
    assert f"exited with code {code}" in built.log


def test_a_child_that_dies_later_fails_the_build(gallery: Any) -> None:
    """It is noticed although the block that started it, and the next one, did not wait for it."""
    dies_later = _page("time.sleep", "0.3", "pass").replace("time.sleep,", "late,")
    task = "import time, os\ndef late(seconds):\n    time.sleep(seconds)\n    os._exit(5)\n"
    gallery.page(f"import multiprocessing\n{task}", dies_later, "print('unaware')")
    built = gallery.build()
    assert built.status != 0
    assert "exited with code 5" in built.log


def test_a_child_that_is_left_running_fails_the_build(gallery: Any) -> None:
    gallery.page(_page("time.sleep", "600", "pass"), "print('the end')")
    built = gallery.build()
    assert built.status != 0
    assert "was still running when the page ended" in built.log


def test_a_failed_page_fails_the_next_build_too(gallery: Any) -> None:
    """The failure is not forgotten because nothing has changed since."""
    gallery.page(_page("os._exit", "3"))
    assert gallery.build().status != 0
    assert "exited with code 3" in gallery.build().log


def test_a_page_may_say_that_it_expects_a_failure(gallery: Any) -> None:
    """Its traceback is then shown as the child's, and the comment is not shown."""
    gallery.page(_page("os.stat", "'/does/not/exist'"), header=EXPECTED)
    built = gallery.build()
    assert built.status == 0, built.log
    ((process, text),) = built.runs
    assert process == "child"
    assert "FileNotFoundError" in text
    assert "child_may_fail" not in (built.html / "plot_page.html").read_text("utf-8")


def test_a_child_that_ends_well_is_no_failure(gallery: Any) -> None:
    gallery.page(_page("time.sleep", "0", "pass"), "child.join()\nchild.close()")
    built = gallery.build()
    assert built.status == 0, built.log
