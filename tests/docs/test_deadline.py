"""A page that waits for ever fails the build; it does not stall it."""

import time

import pytest
from tests.docs.gallery import Built, Gallery

NEVER_ANSWERS = """
import multiprocessing, time
if __name__ == "__main__":
    here, there = multiprocessing.Pipe()
    child = multiprocessing.Process(target=time.sleep, args=(600,))
    child.start()
    {wait}
"""
CATCHES = """for _ in range(2):
        try: here.recv()
        except Exception: pass
    here.recv()"""
WAITS = {
    "plot_recv": "here.recv()",
    "plot_join": "child.join()",
    "plot_send": "here.send(bytes(10**7))",
    "plot_catches": CATCHES,
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build a page for each way to wait for ever."""
    gallery = Gallery(tmp_path_factory.mktemp("waiting") / "project")
    for name, wait in WAITS.items():
        header = "# sphinx_gallery_deadline = 1"
        gallery.page(NEVER_ANSWERS.format(wait=wait), name=name, header=header)
    start = time.monotonic()
    built = gallery.build()  # returns when every process that holds its output has ended
    assert time.monotonic() - start < 60
    return built


@pytest.mark.parametrize("page", WAITS)
def test_a_page_whose_child_never_answers_fails(page: str, built: Built) -> None:
    """The build says which page waited too long, one that catches every exception too."""
    assert built.status != 0
    assert f"a block of {page}.py took longer than 1 s" in built.failures[page]


def test_a_page_may_take_its_time_between_two_deadlines(gallery: Gallery) -> None:
    """The deadline is a block's, not the page's, and the comment that sets it is not shown."""
    block = "import time\ntime.sleep(2)\nprint('done')"
    gallery.page(block, block, header="# sphinx_gallery_deadline = 3")
    built = gallery.build()
    assert built.status == 0, built.log
    assert [text for _, text in built.runs()] == ["done", "done"]
    assert "sphinx_gallery_deadline" not in (built.html / "plot_page.html").read_text("utf-8")
