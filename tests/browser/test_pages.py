"""In a real browser: every page, light and dark, wide, medium and as narrow as a telephone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from tests.browser.checks import PAGES, THEMES, WIDTHS, faults, printed

SEND = "auto_examples/1_first_steps/plot_2_send_to_child.html"
FIGURES = "auto_examples/3_measurements/plot_2_every_way.html"
WINDOWS = [(theme, width) for theme in THEMES for width in (1280, 360)]

# The contrast of two colours as WCAG defines it, for a label that is drawn by the style sheet:
# axe-core looks at text alone.
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


def _named(window: tuple[str, int]) -> str:
    return "-".join(map(str, window))


def test_there_are_pages() -> None:
    """Without pages, the tests below would pass."""
    assert SEND in PAGES


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "watched", [("light", 1280), ("dark", 360)], indirect=True, ids=["light", "dark"]
)
def test_a_page_has_no_fault(
    page: Page,
    path: str,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    """Accessible, all of it loads, fits, is light, does not jump, leads somewhere, and prints."""
    theme, first = request.node.callspec.params["watched"]
    widths = WIDTHS if first == WIDTHS[0] else WIDTHS[::-1]
    assert faults(page, path, widths) == []
    assert printed(page) == []
    for width in widths:
        record_property("seen", (path, theme, width))


@pytest.mark.parametrize("watched", WINDOWS, indirect=True, ids=_named)
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


@pytest.mark.parametrize("watched", WINDOWS, indirect=True, ids=_named)
def test_figures_and_thumbnails_follow_the_theme(page: Page) -> None:
    """The system's preference decides which is seen, and the reader's choice overrules it."""
    shown = """() => [...document.querySelectorAll("article img")]
      .filter(image => image.getClientRects().length)
      .map(image => image.className.match(/only-(light|dark)/)?.[1])"""
    other = {"light": "dark", "dark": "light"}
    for path in ("auto_examples/3_measurements/index.html", FIGURES):
        page.goto(f"/{path}")
        system = (
            "dark"
            if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
            else "light"
        )
        for theme, chosen in ((system, "auto"), (other[system], other[system])):
            page.evaluate("theme => { document.body.dataset.theme = theme; }", chosen)
            assert set(page.evaluate(shown)) == {theme}
