"""The built site says what the examples claim, and every link in it leads somewhere.

Run by `nox -s docs` over what it has just built.
"""

import ast
import json
import re
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import jsonschema
import pytest
from _ext.agreement import claims, contradictions, negative_shares
from _ext.main_guard import is_guard
from bs4 import BeautifulSoup
from tests.site.links import HTML, broken_links
from tests.site.links import soup as _soup

from ndpipe.compare.documents import schema

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").rglob("plot_*.py"))
FIRST_STEPS = "auto_examples/1_first_steps"

# Search and the indexes are made by Sphinx, and have no text of ours. The links of the page for
# what is not found begin at the server's root: test_sharing.py has them.
PAGES = sorted(
    page.relative_to(HTML).as_posix()
    for page in HTML.rglob("*.html")
    if "_static" not in page.parts and page.name != "404.html"
)


def _outputs(page: str) -> list[tuple[str, str]]:
    """Return (process, text) for each run of lines of a page's captured output."""
    return [
        (run["data-process"], run.get_text())
        for run in _soup(page).select(".sphx-glr-script-out .process")
    ]


def _page_of(example: Path) -> str:
    return f"auto_examples/{example.relative_to(ROOT / 'examples').with_suffix('.html').as_posix()}"


def test_the_site_is_built() -> None:
    """Without pages, every test below would pass."""
    assert HTML.is_dir(), "build it first: nox -s docs"
    assert {_page_of(example) for example in EXAMPLES} < set(PAGES)
    assert {"index.html", "symptoms.html", "glossary.html", "changelog.html"} < set(PAGES)


ONES, ZEROS = "[1. 1. 1. 1. 1.]", "[0. 0. 0. 0. 0.]"


def test_send_to_child_shows_ones_zeros_and_ones() -> None:
    """The child's ones, the child's zeros, the parent's ones, in that order."""
    runs = _outputs(f"{FIRST_STEPS}/plot_2_send_to_child.html")
    assert [process for process, _ in runs] == ["parent", "child", "parent"]
    _, child, parent = (text for _, text in runs)
    assert child.count(ONES) == child.count(ZEROS) == parent.count(ONES) == 5
    assert child.rindex(ONES) < child.index(ZEROS)
    assert ZEROS not in parent


def test_return_from_child_shows_the_same_corner_twice() -> None:
    """The child prints it, waits alive, and the parent prints it after receiving."""
    runs = _outputs(f"{FIRST_STEPS}/plot_3_return_from_child.html")
    assert [process for process, _ in runs] == ["child", "parent", "parent", "parent"]
    assert runs[0][1].count(ONES) == runs[2][1].count(ONES) == 5
    assert "still alive? True" in runs[1][1]


def test_what_a_pipe_is_shows_who_spoke_when() -> None:
    """Each line stands with its process, in the order in which they were printed."""
    runs = _outputs(f"{FIRST_STEPS}/plot_1_what_a_pipe_is.html")
    expected = [
        "parent: [1, 2, 3] True False",
        "parent: OSError: connection is read-only",
        "parent: parent sends",
        "child: echoing 'hello'",
        "parent: parent received 'hello'",
        "parent: anything to receive? False",
        "parent: TypeError: cannot pickle '_thread.lock' object",
        "child: echoing 'still there?'",
        "child: end of file: the other end is closed",
        "parent: the child's exit code: 0",
        "parent: BrokenPipeError: [Errno 32] Broken pipe",
    ]
    assert [f"{process}: {text.strip()}" for process, text in runs] == expected


def test_the_size_limit_is_answered_by_the_code() -> None:
    """33 MiB arrive, the largest size is named, and the figure has a text."""
    runs = _outputs(f"{FIRST_STEPS}/plot_4_size_limit.html")
    text = "".join(text for _, text in runs)
    assert {process for process, _ in runs} == {"parent"}
    assert re.search(r"^ +33 MiB  arrived intact$", text, re.MULTILINE)
    assert "The largest array that arrived intact has" in text
    figure = _soup(f"{FIRST_STEPS}/plot_4_size_limit.html").select_one("img.sphx-glr-single-img")
    assert figure is not None
    assert "A Pipe took arrays" in str(figure["alt"])


def test_the_first_screen_shows_a_captured_result() -> None:
    """The landing page has the code that made the output above it, and a measured figure."""
    outputs = _outputs("index.html")
    assert [process for process, _ in outputs] == ["parent", "child", "parent"]
    code = _soup("index.html").select_one(".highlight-python")
    assert code is not None
    assert "parent_end.send(array)" in code.get_text()
    assert len(code.get_text().strip().splitlines()) <= 12
    text = _soup("index.html").get_text()
    assert re.search(r"\d \([\d.]+ to [\d.]+\) times as fast", text)
    assert "not measured here" not in text


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_no_output_has_a_stray_traceback_address_or_warning(example: Path) -> None:
    """A page may show a failing child only where its file says that it means to."""
    soup = _soup(_page_of(example))
    text = "".join(block.get_text() for block in soup.select(".sphx-glr-script-out"))
    assert "\ue000" not in soup.get_text(), "a mark of the capture was left on the page"
    assert not re.search(r"0x[0-9a-f]{6,}", text)
    assert not re.search(r"\w*Warning\b", text)
    assert not re.search(r" (INFO|DEBUG) ", text), "a library's log is on the page"
    if "# sphinx_gallery_child_may_fail\n" not in example.read_text("utf-8"):
        assert "Traceback" not in text


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_a_page_says_what_it_was_built_on(example: Path) -> None:
    """The day, the machine and the versions stand below the page."""
    facts = _soup(_page_of(example)).select_one(".built-on")
    assert facts is not None
    for fact in (
        r"Built on \d{4}-\d\d-\d\d: ",
        r"\d+ cores?",
        r"Python 3\.",
        "NumPy",
        "start method",
    ):
        assert re.search(fact, facts.get_text())
    assert "memory usage" not in _soup(_page_of(example)).get_text()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_a_page_ends_with_assertions_and_fine_print(example: Path) -> None:
    """The rules for a page: what it claims is asserted, and *In practice* closes it."""
    source = example.read_text("utf-8")
    assert source.index("assert ") < source.index("# In practice\n# -----------\n")
    assert source.count("\n") <= 130
    assert all(len(line) <= 100 for line in source.splitlines())


def _guards(source: str) -> int:
    return sum(map(is_guard, ast.parse(source).body))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_a_page_ends_with_the_whole_script(example: Path) -> None:
    """It has the page's code and its tasks in one piece, with one guard; the blocks have none."""
    # A copy: the script is taken out of it.
    page = BeautifulSoup((HTML / _page_of(example)).read_text("utf-8"), "lxml")
    script = page.select_one("#the-whole-script .highlight")
    assert script is not None
    source = script.extract().get_text()
    assert _guards(source) == (_guards(example.read_text("utf-8")) > 0)
    assert "\nfrom ndpipe.tasks" not in source
    blocks = page.select(".highlight-Python")
    assert blocks
    assert sum(_guards(block.get_text()) for block in blocks) == 0


# The theme writes the headline of the search page with a script.
@pytest.mark.parametrize("page", [page for page in PAGES if page != "search.html"])
def test_a_page_has_one_h1(page: str) -> None:
    """A page has one title."""
    assert len(_soup(page).select("h1")) == 1


@pytest.mark.parametrize("page", PAGES)
def test_internal_links_and_fragments_resolve(page: str) -> None:
    """Each link within the site leads to a file and, if it names one, to a place in it."""
    hrefs = [str(link["href"]) for link in _soup(page).select("a[href]")]
    assert broken_links(page, hrefs) == []


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_loaded_from_elsewhere(page: str) -> None:
    """Scripts, styles, pictures and fonts are files of the site, and they exist."""
    loaded = [
        str(element[attribute])
        for selector, attribute in (
            ("[src]", "src"),
            ("link[rel~=stylesheet], link[rel~=icon], link[rel~=preload]", "href"),
        )
        for element in _soup(page).select(selector)
    ]
    for image in _soup(page).select("img[srcset]"):
        loaded += [part.split()[0] for part in str(image["srcset"]).split(",")]
    for url in loaded:
        if url.startswith("data:"):
            continue
        assert not urlsplit(url).netloc, url
        assert ((HTML / page).parent / urlsplit(unquote(url)).path).is_file(), url


def test_style_sheets_load_nothing_from_elsewhere() -> None:
    """No style sheet names an address."""
    sheets = sorted(HTML.rglob("*.css"))
    assert sheets
    for sheet in sheets:
        for url in re.findall(r"(?:url\(|@import )['\"]?([^'\")]+)", sheet.read_text("utf-8")):
            assert not urlsplit(url).netloc, (sheet, url)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_functions_and_pages_link_to_each_other(example: Path) -> None:
    """A page's code leads to the reference, and the reference back to the page."""
    page = _page_of(example)
    targets = {
        urldefrag(str(link["href"])) for link in _soup(page).select("pre a[href*='reference/']")
    }
    assert targets, "no code of the page leads to the reference"
    backs = set()
    for url, _ in targets:
        name = ((HTML / page).parent / url).resolve().relative_to(HTML.resolve()).as_posix()
        backs |= {
            Path(str(a["href"])).name for a in _soup(name).select(".sphx-glr-thumbcontainer a")
        }
    assert Path(page).name in backs


def test_thumbnails_can_be_told_apart_in_both_themes() -> None:
    """Each page of the gallery has a picture of its own, drawn for light and for dark."""
    for theme, other in (("light", "dark"), ("dark", "light")):
        sources = []
        for section in sorted({example.parent.name for example in EXAMPLES}):
            page = f"auto_examples/{section}/index.html"
            for card in _soup(page).select(".sphx-glr-thumbcontainer"):
                (image,) = card.select(f"img.only-{theme}")
                sources.append((HTML / page).parent / str(image["src"]))
                assert len(card.select(f"img.only-{other}")) == 1
        assert len(sources) == len(EXAMPLES)
        assert len({source.resolve().read_bytes() for source in sources}) == len(EXAMPLES)
        if theme == "dark":
            assert not any('fill="#fff"' in source.read_text("utf-8") for source in sources)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_downloads_are_there(example: Path) -> None:
    """A page offers its script, its notebook and both in an archive."""
    links = [str(a["href"]) for a in _soup(_page_of(example)).select(".sphx-glr-download a")]
    assert {Path(link).suffix for link in links} == {".ipynb", ".py", ".zip"}
    for link in links:
        assert ((HTML / _page_of(example)).parent / link).is_file()


def test_the_measurements_are_offered_in_their_schema() -> None:
    """The file that the page links to is what `python -m ndpipe compare --json` would print."""
    page = _page_of(ROOT / "examples/3_measurements/plot_2_every_way.py")
    (link,) = [
        str(a["href"])
        for a in _soup(page).select("a.download")
        if str(a["href"]).endswith("measurements.json")
    ]
    document = json.loads(((HTML / page).parent / link).read_text("utf-8"))
    jsonschema.validate(document, schema())
    measured = {m["transport"] for m in document["measurements"] if m["verified"]}
    assert {"memcpy", "pipe", "queue", "shared-memory", "ndpipe", "pyzmq", "joblib"} <= measured
    assert all(m["verified"] for m in document["measurements"] if m["error"] is None)


def test_figures_of_the_decision_table_were_measured() -> None:
    """Each row but two has a speed and its ratio to the standard Pipe, with intervals."""
    soup = _soup("explanation/choose.html")
    assert len(soup.select("table .ratio")) >= 7
    assert re.search(
        r"measured when this site was built \(\d{4}-\d\d-\d\d: .*NumPy", soup.get_text()
    )


def _html(page: str) -> str:
    return (HTML / page).read_text("utf-8")


def test_the_pages_agree() -> None:
    """No two pages give ratios for the same pair and size whose intervals do not overlap."""
    found = [claim for page in PAGES for claim in claims(page, _html(page))]
    assert len(found) > 60
    assert len({claim.page for claim in found}) >= 3
    assert contradictions(found) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_no_share_is_negative(example: Path) -> None:
    """A printed percentage below zero is no measurement."""
    assert negative_shares(_html(_page_of(example))) == []


MEASUREMENTS = [example for example in EXAMPLES if example.parent.name == "3_measurements"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_blocks_are_short_and_narrow(example: Path) -> None:
    """A block of code fits a glance, and no line of it is wider than 80 columns."""
    most = 9 if example in MEASUREMENTS else 15
    page = _soup(_page_of(example))
    for block in page.select(".highlight-Python"):
        code = [line for line in block.get_text().splitlines() if line.strip()]
        statements = [line for line in code if not line.startswith(("import ", "from "))]
        assert len(statements) <= most, block.get_text()
    for block in page.select(".highlight"):
        if not block.find_parent(class_="sphx-glr-script-out") and not block.find_parent("details"):
            assert all(len(line) <= 80 for line in block.get_text().splitlines()), block.get_text()


def _symptoms() -> dict[str, set[str]]:
    """Return the pages of the gallery that each entry of the index links to."""
    entries = _soup("symptoms.html").select("section[id^=symptom-], span[id^=symptom-]")
    found = {}
    for entry in entries:
        section = entry if entry.name == "section" else entry.find_parent("section")
        assert section is not None
        hrefs = [urldefrag(str(a["href"])).url for a in section.select("p a.internal")]
        found[str(entry["id"])] = {href for href in hrefs if "/plot_" in href}
    return found


def test_symptoms_and_pages_link_to_each_other() -> None:
    """A page of the gallery that an entry leads to leads back to the entry."""
    symptoms = _symptoms()
    assert len(symptoms) >= 50
    one_way = {
        (symptom, page)
        for symptom, pages in symptoms.items()
        for page in pages
        if not _soup(page).select(f"a[href$='symptoms.html#{symptom}']")
    }
    assert one_way == set()
    recipes = {_page_of(example) for example in EXAMPLES if example.parent.name == "2_in_practice"}
    assert recipes <= set.union(*symptoms.values())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_a_figure_exists_for_both_themes(example: Path) -> None:
    """As many light as dark ones, with the same words for those who cannot see them."""
    soup = _soup(_page_of(example))
    light, dark = (soup.select(f"img.sphx-glr-single-img.only-{t}") for t in ("light", "dark"))
    assert [image["alt"] for image in light] == [image["alt"] for image in dark]
    for image in light + dark:
        assert len(str(image["alt"]).split()) >= 3, "the title of a figure is a sentence"
        assert str(image["src"]).endswith(".svg")
    assert not {image["src"] for image in light} & {image["src"] for image in dark}
