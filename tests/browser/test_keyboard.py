"""The site without a mouse."""

from typing import NamedTuple

import pytest
from playwright.sync_api import Page
from tests.browser.test_copies import SEND

WINDOWS = [("light", 1280), ("dark", 360)]

# The element that has the focus, in words.
_WHERE = """() => {
  const e = document.activeElement;
  return e === document.body ? "" : [e.tagName.toLowerCase(), e.id && `#${e.id}`,
    ...[...e.classList].map(name => `.${name}`)].join("");
}"""


class Stop(NamedTuple):
    """Where the Tab key stops, and whether it can be seen."""

    element: str
    visible: bool


def stops(page: Page) -> list[Stop]:
    """Press Tab until the focus leaves the page; a stop is visible if it changes the picture."""
    found: list[Stop] = []
    while len(found) < 400:
        page.keyboard.press("Tab")
        element = page.evaluate(_WHERE)
        if not element:
            return found
        options = {"animations": "disabled", "type": "jpeg", "quality": 100}
        focused = page.screenshot(**options)
        page.evaluate("document.activeElement.blur()")
        found.append(Stop(element, page.screenshot(**options) != focused))
    raise AssertionError("the focus never leaves the page")


@pytest.mark.parametrize("watched", WINDOWS, indirect=True, ids=["wide", "narrow"])
def test_all_is_reached_and_seen(page: Page) -> None:
    """Skip link, menu, search, copy buttons and theme are stops of the Tab key that are visible."""
    page.goto(f"/{SEND}")
    narrow = page.viewport_size is not None and page.viewport_size["width"] == 360
    found = stops(page)
    assert [stop.element for stop in found if not stop.visible] == []
    elements = [stop.element for stop in found]
    buttons = page.locator("button.copybtn:visible").count()
    assert sum(element.startswith("button.copybtn") for element in elements) == buttons > 3
    wanted = {"a.skip-to-content", "button.theme-toggle", "summary.sd-summary-title"}
    # The theme gives the menu and the contents buttons where they are folded away.
    wanted |= {"input#__navigation", "input#__toc"} if narrow else {"input.sidebar-search"}
    for name in wanted:
        assert any(element.startswith(name) for element in elements), name
    assert any(".toctree-checkbox" in element for element in elements) is not narrow


def _tab_to(page: Page, selector: str) -> None:
    for _ in range(400):
        page.keyboard.press("Tab")
        if page.evaluate(f"document.activeElement.matches('{selector}')"):
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


def test_the_skip_link_leads_past_the_menu(page: Page) -> None:
    """After it, the next stop is in the article."""
    page.goto(f"/{SEND}")
    _tab_to(page, ".skip-to-content")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.main') !== null")


@pytest.mark.parametrize("watched", [("dark", 360)], indirect=True, ids=["narrow"])
def test_the_menu_opens_and_its_links_are_reached(page: Page) -> None:
    """Closed, the menu is passed over; the space bar opens it, and it is gone through with Tab."""
    page.goto(f"/{SEND}")
    drawer = page.locator(".sidebar-drawer")
    assert not drawer.is_visible()
    _tab_to(page, "#__navigation")
    page.keyboard.press("Space")
    drawer.locator(".sidebar-search").wait_for(state="visible")
    _tab_to(page, ".sidebar-search")
    _tab_to(page, ".toctree-checkbox")
    page.keyboard.press("Space")
    _tab_to(page, ".sidebar-tree a")


def test_a_part_of_the_sidebar_opens_by_keyboard(page: Page) -> None:
    """The arrow is a stop, the space bar opens it, and the links below it follow."""
    page.goto("/install.html")
    _tab_to(page, ".toctree-checkbox")
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.checked")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.toctree-l2') !== null")


def test_the_theme_is_chosen_by_keyboard(page: Page) -> None:
    """Enter changes it."""
    page.goto(f"/{SEND}")
    before = page.evaluate("document.body.dataset.theme")
    _tab_to(page, ".theme-toggle")
    page.keyboard.press("Enter")
    assert page.evaluate("document.body.dataset.theme") != before


def test_code_is_copied_by_keyboard(page: Page) -> None:
    """Enter on a copy button fills the clipboard."""
    page.goto(f"/{SEND}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    _tab_to(page, ".copybtn")
    page.keyboard.press("Enter")
    page.wait_for_function("navigator.clipboard.readText().then(t => t.startsWith('import '))")


@pytest.mark.parametrize("watched", [("light", 360)], indirect=True, ids=["narrow"])
def test_a_box_that_scrolls_is_scrolled_by_keyboard(page: Page) -> None:
    """The arrow keys move code that is wider than the screen."""
    page.goto(f"/{SEND}")
    _tab_to(page, "article pre")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.activeElement.scrollLeft > 0")
