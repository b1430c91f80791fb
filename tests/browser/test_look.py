"""In a real browser: the first screen, who printed what on a telephone, and no page at all."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

HTML = Path(__file__).parents[2] / "docs/_build/html"
SEND = "auto_examples/1_first_steps/plot_2_send_to_child.html"
WIDE = [("light", 1280), ("dark", 1280)]
PHONE = [("light", 360), ("dark", 360)]
COLOURS = "e => [getComputedStyle(e).borderLeftColor, getComputedStyle(e).borderLeftStyle]"


@pytest.mark.parametrize("page", WIDE, indirect=True, ids=lambda window: window[0])
def test_the_first_screen_has_it_all(page: Page) -> None:
    """Code at the left, output at the right, the measured figure below, without scrolling."""
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/index.html")
    boxes = {}
    for name in (".of-parent pre", ".of-child pre", ".sphx-glr-script-out", "table.speeds"):
        box = page.locator(name).first.bounding_box()
        assert box is not None
        assert box["y"] > 0
        assert box["y"] + box["height"] <= 800
        boxes[name] = box
    code, output = boxes[".of-parent pre"], boxes[".sphx-glr-script-out"]
    assert code["x"] + code["width"] <= output["x"]
    assert output["y"] + output["height"] <= boxes["table.speeds"]["y"]
    hidden = "blocks => blocks.map(e => e.scrollWidth - e.clientWidth)"
    assert page.locator(".first-screen pre").evaluate_all(hidden) == [0, 0, 0]


@pytest.mark.parametrize("page", [*WIDE, *PHONE], indirect=True, ids=str)
def test_a_process_has_one_colour_everywhere(page: Page) -> None:
    """The parent's code and its output share a colour and a line; the child's have others."""
    page.goto("/index.html")
    parent, child, _ = page.locator(".first-screen .process").all()
    assert page.locator(".of-parent pre").evaluate(COLOURS) == parent.evaluate(COLOURS)
    assert page.locator(".of-child pre").evaluate(COLOURS) == child.evaluate(COLOURS)
    both = zip(parent.evaluate(COLOURS), child.evaluate(COLOURS), strict=True)
    assert all(one != other for one, other in both)


@pytest.mark.parametrize("page", PHONE, indirect=True, ids=lambda window: window[0])
def test_output_says_whose_it_is_on_a_phone(page: Page) -> None:
    """The name stands above the lines, which begin near the edge of the screen."""
    page.goto(f"/{SEND}")
    for run in page.locator(".sphx-glr-script-out .process").all():
        name = "e => getComputedStyle(e, '::before').content.replaceAll('\"', '')"
        assert run.evaluate(name) == run.get_attribute("data-process")
        assert run.evaluate("e => getComputedStyle(e, '::before').display") == "block"
        assert run.evaluate("e => parseFloat(getComputedStyle(e).paddingLeft)") <= 16


@pytest.mark.parametrize("page", PHONE, indirect=True, ids=lambda window: window[0])
def test_a_new_reader_finds_both_ways(page: Page) -> None:
    """On a phone, from the first page: to the whole script, and to what 3 GB cost."""
    page.goto("/index.html")
    page.get_by_role("link", name="Send your first array").first.click()
    page.locator(".run-it a").click()
    page.locator("#the-whole-script summary").click()
    assert "if __name__" in page.locator("#the-whole-script pre").inner_text()
    page.wait_for_load_state("networkidle")
    page.goto("/index.html")
    page.locator(".routes .sd-card", has_text="What will it cost?").click()
    page.get_by_label("Shape, or size").fill("3 GB")
    page.locator("#cost-answer").filter(has_text=re.compile("^3 GB")).wait_for()


@pytest.mark.parametrize("address", ["/nothing.html", "/auto_examples/deep/below/nothing.html"])
def test_the_page_for_what_is_not_found_works_at_any_depth(page: Page, address: str) -> None:
    """It has its styles, its search finds pages, and its links lead to them."""
    page.route(f"**{address}", lambda route: route.fulfill(path=HTML / "404.html"))
    page.goto(address)
    assert page.locator("article h1").inner_text().startswith("There is no such page")
    assert page.locator("article h1").evaluate("e => getComputedStyle(e).fontFamily") != "serif"
    page.get_by_label("Search this site").fill("filled zeros")
    page.get_by_role("button", name="Search", exact=True).click()
    page.locator("#search-results li a").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.goto(address)
    page.locator("article").get_by_role("link", name="Symptoms").click()
    page.wait_for_url("**/symptoms.html")
    page.wait_for_load_state("networkidle")
