"""Where the links of a built page lead."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

from bs4 import BeautifulSoup

HTML = Path(__file__).parents[2] / "docs/_build/html"


@cache
def soup(page: str) -> BeautifulSoup:
    """Return a page, named by its path within the site."""
    return BeautifulSoup((HTML / page).read_text("utf-8"), "lxml")


@cache
def _names(page: str) -> set[str]:
    return {str(element["id"]) for element in soup(page).select("[id]")}


def broken_links(page: str, hrefs: Iterable[str]) -> list[str]:
    """Return the links within the site that lead to no file, or to no place in it.

    Parameters
    ----------
    page : str
        The page that they stand on.
    hrefs : iterable of str
        As they are written there.
    """
    broken = []
    for href in sorted(set(hrefs) - {"#"}):
        if urlsplit(href).scheme:
            continue
        path, fragment = urldefrag(unquote(href))
        target = (HTML / page).parent / path if path else HTML / page
        if not target.is_file():
            broken.append(href)
        elif fragment and target.suffix == ".html":
            name = target.resolve().relative_to(HTML.resolve()).as_posix()
            if fragment not in _names(name):
                broken.append(href)
    return broken
