"""The tests of the tests: a page that is changed for the worse in one way does not pass."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route
from tests.browser.checks import HTML, faults, printed
from tests.browser.test_keyboard import stops
from tests.browser.test_pages import FIGURES

PATH = FIGURES
_ARTICLE = '<article role="main" id="furo-main-content">'


def _insert(text: str) -> Callable[[str], str]:
    return lambda html: html.replace(_ARTICLE, f"{_ARTICLE}{text}", 1)


def _first(text: str) -> Callable[[str], str]:
    return lambda html: html.replace("<head>", f"<head>{text}", 1)


def _style(rules: str) -> Callable[[str], str]:
    return lambda html: html.replace("</head>", f"<style>{rules}</style></head>", 1)


def _without(pattern: str) -> Callable[[str], str]:
    return lambda html: re.sub(pattern, "", html)


_SIZED = 'width="1" height="1" alt=""'
_OUTPUT = (
    '<div class="sphx-glr-script-out"><div><div class="highlight"><pre>1</pre></div></div></div>'
)
_LATE = """<script>setTimeout(() => document.querySelector("article").prepend(
  Object.assign(document.createElement("div"), {style: "height: 500px"})), 50);</script>"""
_SLOW = """<script>for (const end = performance.now() + 1100; performance.now() < end;);</script>"""

#: What is done to the page, and the fault that must be found.
MUTATIONS = {
    "an alternative text is gone": (_without(r' alt="[^"]+"'), "image-alt"),
    "a contrast is too small": (_style("article p {color: #aaa !important}"), "color-contrast"),
    "a link has no text": (_insert('<a href="#furo-main-content"></a>'), "link-name"),
    "a heading has no level": (_without('aria-level="2"'), "aria-required-attr"),
    "a box scrolls without focus": (
        _without("<script[^>]*scrolling.js[^>]*>"),
        "scrollable-region",
    ),
    "a target is too small": (
        _insert('<button style="width: 9px; height: 9px; padding: 0">a</button>' * 3),
        "target-size",
    ),
    "an outside image": (_insert(f'<img src="https://example.org/a.png" {_SIZED}>'), "request:"),
    "an image that is not there": (_insert(f'<img src="nowhere.png" {_SIZED}>'), "does not load"),
    "an image without a size": (_without(r'(?<=<img )width="\d+" height="\d+"'), "without a size"),
    "a link to no page": (_insert('<a href="nowhere.html">a</a>'), "nowhere: nowhere.html"),
    "a link to no place": (_insert('<a href="#nowhere">a</a>'), "nowhere: #nowhere"),
    "too wide a table": (_insert('<div style="width: 1300px">a</div>'), "wider than the window"),
    "a picture that is covered": (
        _style("a.sphx-glr-single-img {display: block; margin-bottom: -2rem}"),
        "covers a picture",
    ),
    "an error in a script": (_insert("<script>nothing()</script>"), "script: "),
    "an error on the console": (_insert("<script>console.error('a')</script>"), "console: "),
    "a page that jumps": (_insert(_LATE), "layout shift"),
    "a page too heavy": (_insert(f"<!--{'a' * 400_000}-->"), "without figures"),
    "a page that is slow to appear": (_first(_SLOW), "first contentful paint"),
    "output that is copied": (_insert(_OUTPUT), "output can be copied"),
    "code cut off on paper": (_style("pre {white-space: pre !important}"), "cut off on paper"),
    "code left out on paper": (_style("@media print {pre {display: none}}"), "not on paper"),
    "dark paper": (_style("body {background: #131416 !important}"), "the paper is"),
    "a focus that is not seen": (_style("* {outline: none !important}"), "focus is not seen"),
}


def _open_mutated(page: Page, change: Callable[[str], str]) -> None:
    html = (HTML / PATH).read_text("utf-8")
    mutated = change(html)

    def answer(route: Route) -> None:
        route.fulfill(body=mutated, content_type="text/html")

    page.route(f"**/{PATH}", answer)


def _all_faults(page: Page, problems: list[str], fault: str) -> list[str]:
    """Return what the session would find: on paper and by keyboard, where it is about them."""
    # The menu, whose headings they are, is folded away where the window is narrow.
    found = faults(page, PATH, [1280] if "aria-required-attr" in fault else [360])
    if "focus" in fault:
        found += [f"focus is not seen: {stop.element}" for stop in stops(page) if not stop.visible]
    if "paper" in fault:
        found += printed(page)
    return [*found, *problems]


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_is_caught(
    watched: tuple[Page, list[str]], name: str, record_property: Callable[[str, object], None]
) -> None:
    """The fault is found that the change has made."""
    page, problems = watched
    change, fault = MUTATIONS[name]
    assert change((HTML / PATH).read_text("utf-8")) != (HTML / PATH).read_text("utf-8")
    _open_mutated(page, change)
    found = _all_faults(page, problems, fault)
    assert any(fault in line for line in found), found
    record_property("caught", name)


def test_without_a_mutation_there_is_no_fault(watched: tuple[Page, list[str]]) -> None:
    """What the mutations are made to is without fault, so they are what is found."""
    page, problems = watched
    _open_mutated(page, lambda html: html)
    assert _all_faults(page, problems, "focus, paper") == []
