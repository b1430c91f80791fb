"""What a page says of itself to search engines and where its address is shared."""

from pathlib import Path

from _ext.preview import SIZE, draw
from _ext.sharing import describe
from docutils.core import publish_doctree
from PIL import Image


def _described(text: str) -> str:
    return describe(publish_doctree(text, settings_overrides={"doctitle_xform": False}))


def test_a_description_is_the_first_sentences() -> None:
    """As many whole ones as 200 characters hold, from the first paragraph of the page itself."""
    page = (
        f"Title\n=====\n\n.. note:: Not this.\n\n- Nor this.\n\nOne *sentence*. Two. {'x' * 190}.\n"
    )
    assert _described(page) == "One sentence. Two."


def test_a_description_announces_nothing() -> None:
    """A sentence that ends in a colon belongs to what follows it."""
    assert _described("Title\n=====\n\nIt needs NumPy. In a checkout:\n") == "It needs NumPy."
    assert _described("Title\n=====\n\nIn a checkout:\n\nThen go on.\n") == "Then go on."


def test_a_long_sentence_is_cut_between_words() -> None:
    """It ends in an ellipsis, and keeps to the length."""
    words = _described(f"Title\n=====\n\n{'word ' * 100}.\n")
    assert len(words) <= 200
    assert words.endswith("word …")


def test_a_page_without_text_has_no_description() -> None:
    """The caller says something else."""
    assert _described("Title\n=====\n\n- A list.\n") == ""


def test_a_picture_is_small_and_differs_from_page_to_page(tmp_path: Path) -> None:
    """It has the size that services ask for, whatever the title's length."""
    for number, title in enumerate(("Short", "A title of many words " * 6)):
        path = tmp_path / "folder" / f"{number}.png"
        draw(title, "A sentence. " * 16, path)
        with Image.open(path) as image:
            assert image.size == SIZE
        assert path.stat().st_size < 40_000
    assert (tmp_path / "folder/0.png").read_bytes() != (tmp_path / "folder/1.png").read_bytes()
