"""The built site can be found and shared, and helps where there is no page."""

from functools import cache
from pathlib import Path
from urllib.parse import urldefrag, urlsplit
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from PIL import Image

ROOT = Path(__file__).parents[2]
HTML = ROOT / "docs/_build/html"
BY_SPHINX = {"genindex.html", "py-modindex.html", "search.html"}
PAGES = sorted(
    page.relative_to(HTML).as_posix()
    for page in HTML.rglob("*.html")
    if "_static" not in page.parts
)
OWN = [page for page in PAGES if page not in BY_SPHINX]


@cache
def _soup(page: str) -> BeautifulSoup:
    return BeautifulSoup((HTML / page).read_text("utf-8"), "lxml")


def _meta(page: str, name: str) -> str:
    found = _soup(page).select(f'meta[name="{name}"], meta[property="{name}"]')
    assert len(found) == 1, (page, name)
    return str(found[0]["content"])


@cache
def _base() -> str:
    address = str(_soup("index.html").select_one("link[rel=canonical]")["href"])  # type: ignore[index]
    return address.removesuffix("index.html")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_it_is(page: str) -> None:
    """Its description has a sentence, its picture exists, its address is below the one setting."""
    assert 20 <= len(_meta(page, "description")) <= 200
    assert _meta(page, "og:title")
    assert _meta(page, "og:url") == _base() + page
    picture = _meta(page, "og:image")
    assert picture.startswith(_base())
    file = HTML / picture.removeprefix(_base())
    assert file.stat().st_size < 40_000
    with Image.open(file) as image:
        assert image.size == (1200, 630)


@pytest.mark.parametrize("page", OWN)
def test_a_page_has_one_address(page: str) -> None:
    """The canonical one, made from the one setting."""
    links = _soup(page).select("link[rel=canonical]")
    assert [str(link["href"]) for link in links] == [_base() + page]


def test_descriptions_and_pictures_tell_pages_apart() -> None:
    """No two pages have the same."""
    for name in ("description", "og:image"):
        said = [_meta(page, name) for page in OWN]
        assert len(set(said)) == len(said), name


def test_the_site_map_has_every_page() -> None:
    """Each once, but for the page that is none; robots.txt leads to the map."""
    tree = ElementTree.parse(HTML / "sitemap.xml")  # noqa: S314, it is ours
    found = [str(element.text) for element in tree.iter() if element.tag.endswith("loc")]
    assert sorted(found) == [_base() + page for page in OWN if page != "404.html"]
    assert f"Sitemap: {_base()}sitemap.xml" in (HTML / "robots.txt").read_text("utf-8")


def test_llms_txt_lists_the_pages() -> None:
    """A title, a summary, and each page of the contents with its description."""
    title, summary, *rest = (HTML / "llms.txt").read_text("utf-8").split("\n\n")
    assert title == "# ndpipe"
    assert summary == f"> {_meta('index.html', 'description')}"
    for page in OWN:
        if page not in {"index.html", "404.html"}:
            line = f"]({_base()}{page}): {_meta(page, 'description')}"
            assert any(line in part for part in rest), page


def test_the_page_for_what_is_not_found_works_at_any_address() -> None:
    """What it loads and leads to is addressed from the root, exists, and a search is offered."""
    prefix = urlsplit(_base()).path
    soup = _soup("404.html")
    addresses = [str(tag[key]) for key in ("href", "src") for tag in soup.select(f"[{key}]")]
    local = [
        urldefrag(a).url for a in addresses if not a.startswith("#") and not urlsplit(a).netloc
    ]
    assert len(local) > 20
    for address in local:
        assert address.startswith(prefix), address
        assert (HTML / urlsplit(address).path.removeprefix(prefix)).is_file(), address
    box = soup.select_one("article form[role=search]")
    assert box is not None
    assert box["action"] == f"{prefix}search.html"
    assert len(soup.select("article li a")) >= 5
