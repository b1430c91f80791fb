"""In a real browser: every page, light and dark, wide and as narrow as a telephone."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
HTML = ROOT / "docs/_build/html"
PAGES = sorted(page.relative_to(HTML).as_posix() for page in HTML.rglob("*.html"))
SEND = "auto_examples/1_first_steps/plot_2_send_to_child.html"
WINDOWS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]

# The contrast of two colours as WCAG 2.1 defines it, for an element and the ground behind it.
CONTRAST = """element => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgb = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = c => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
  let ground = element;
  while (rgb(getComputedStyle(ground).backgroundColor)[3] < 255 && ground.parentElement)
    ground = ground.parentElement;
  const back = light(rgb(getComputedStyle(ground).backgroundColor));
  return ["::before", null].map(part => {
    const front = light(rgb(getComputedStyle(element, part).color));
    return (Math.max(front, back) + .05) / (Math.min(front, back) + .05);
  });
}"""


def test_there_are_pages() -> None:
    """Without pages, the tests below would pass."""
    assert SEND in PAGES


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "page", WINDOWS, indirect=True, ids=lambda window: f"{window[0]}-{window[1]}"
)
def test_a_page_opens_and_fits(page: Page, path: str) -> None:
    """No request leaves this machine, no script fails, and nothing hangs out to the right."""
    page.goto(f"/{path}")
    page.evaluate("document.fonts.ready")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    broken = "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
    assert page.evaluate(broken) == []


@pytest.mark.parametrize(
    "page", WINDOWS, indirect=True, ids=lambda window: f"{window[0]}-{window[1]}"
)
def test_the_processes_are_told_apart_and_legible(page: Page) -> None:
    """Each run of lines has its label, with the contrast that WCAG asks for, in its own colour."""
    page.goto(f"/{SEND}")
    label = "e => getComputedStyle(e, '::before').content.replaceAll('\"', '')"
    colour = "e => getComputedStyle(e, '::before').color"
    runs = page.locator(".sphx-glr-script-out .process").all()
    assert [run.evaluate(label) for run in runs] == ["parent", "child", "parent"]
    assert len({run.evaluate(colour) for run in runs}) == 2
    for run in runs:
        assert min(run.evaluate(CONTRAST)) >= 4.5


def test_copied_output_is_what_a_terminal_would_show(page: Page) -> None:
    """Neither a label nor a mark gets into the clipboard, by selection or by the button."""
    page.goto(f"/{SEND}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    block = page.locator(".sphx-glr-script-out").nth(1)
    select = "e => (getSelection().selectAllChildren(e), String(getSelection()))"
    selected = block.locator("pre").evaluate(select)
    block.hover()
    block.locator("button.copybtn").click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text.length > 20)")
    copied = page.evaluate("navigator.clipboard.readText()")
    expected = re.compile(
        r"received 10000 x 10000 float64, its corner:\n\[\[1\..*\]\]\n"
        r"filled with zeros, its corner:\n\[\[0\..*\]\]\s*",
        re.DOTALL,
    )
    assert expected.fullmatch(selected)
    assert expected.fullmatch(copied)


def test_the_whole_script_can_be_copied(page: Page) -> None:
    """It opens at a click, and its button copies code that compiles, with one guard."""
    page.goto(f"/{SEND}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    section = page.locator("#the-whole-script")
    section.locator("summary").click()
    section.locator(".highlight").hover()
    section.locator("button.copybtn").click()
    page.wait_for_function("navigator.clipboard.readText().then(text => text.length > 20)")
    script = page.evaluate("navigator.clipboard.readText()")
    compile(script, "pasted.py", "exec")
    assert script.startswith("import multiprocessing\n")
    assert script.count('if __name__ == "__main__":') == 1


def test_search_finds_a_page_by_what_its_processes_printed(page: Page) -> None:
    """Captured output is in the search index, without a server."""
    page.goto("/search.html?q=filled+zeros")
    results = page.locator("#search-results li a")
    results.filter(has_text="Send an array to a child").first.wait_for()
