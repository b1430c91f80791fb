"""A child that fails on a page fails the build, unless the page says that it means it."""

import pytest
from tests.docs.gallery import Built, Gallery

RUN = """
import multiprocessing
import {module}
if __name__ == "__main__":
    child = multiprocessing.Process(target={target}, args={arguments})
    child.start()
    {then}
"""
EXPECTED = "# sphinx_gallery_child_may_fail"
LATE = """
import multiprocessing
import os
import time

def late(seconds):
    time.sleep(seconds)
    os._exit(5)
"""


def _start(target: str, *arguments: object, then: str = "child.join()") -> str:
    module = target.split(".")[0]
    return RUN.format(module=module, target=target, arguments=arguments, then=then)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    """Make a gallery with a page for each way in which a child ends."""
    gallery = Gallery(tmp_path_factory.mktemp("children") / "project")
    gallery.page(_start("os.stat", "/does/not/exist"), name="plot_traceback")
    gallery.page(_start("os._exit", 3), name="plot_exit")
    gallery.page(_start("os.abort"), name="plot_abort")
    late = _start("time.sleep", 0.3, then="pass").replace("time.sleep,", "late,")
    gallery.page(LATE, late, "print('unaware')", name="plot_late")
    running = _start("time.sleep", 600, then="pass")
    gallery.page(running, "print('the end')", name="plot_running")
    gallery.page(_start("os.stat", "/does/not/exist"), name="plot_expected", header=EXPECTED)
    well = _start("time.sleep", 0, then="pass")
    gallery.page(well, "child.join()\nchild.close()", name="plot_well")
    return gallery


@pytest.fixture(scope="module")
def built(gallery: Gallery) -> Built:
    """Build it."""
    return gallery.build()


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("plot_traceback", "exited with code 1"),
        ("plot_exit", "exited with code 3"),
        ("plot_abort", "exited with code -6"),
        ("plot_late", "exited with code 5"),
        ("plot_running", "was still running when the page ended"),
    ],
)
def test_a_child_that_fails_fails_its_page(page: str, reason: str, built: Built) -> None:
    """By exception, exit code or signal, at once or blocks later, or because it does not end."""
    assert built.status != 0
    assert reason in built.failures[page]


def test_a_page_may_say_that_it_expects_a_failure(built: Built) -> None:
    """Its traceback is then shown as the child's, and the comment is not shown."""
    assert "plot_expected" not in built.failures
    ((process, text),) = built.runs("plot_expected")
    assert process == "child"
    assert "FileNotFoundError" in text
    assert "child_may_fail" not in str(built.page("plot_expected"))


def test_a_child_that_ends_well_is_no_failure(built: Built) -> None:
    """A child that the page has joined and closed is judged by its exit code 0."""
    assert len(built.failures) == 5
    assert "plot_well" not in built.failures


def test_a_failed_page_fails_the_next_build_too(gallery: Gallery, built: Built) -> None:
    """The failure is not forgotten because nothing has changed since."""
    (gallery.examples / "plot_running.py").unlink()  # to wait for it once is enough
    again = gallery.build()
    assert again.status != 0
    assert again.failures.keys() == built.failures.keys() - {"plot_running"}
