"""What every page is held to. Each check returns the faults that it finds, in words."""

import ast
import re
from collections.abc import Iterable

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Request, Route
from tests.site.links import HTML, broken_links

# Not the page for what is not found, whose addresses are the public site's: `test_look` has it.
PAGES = sorted(
    page.relative_to(HTML).as_posix() for page in HTML.rglob("*.html") if page.name != "404.html"
)
THEMES = ("light", "dark")
WIDTHS = (1280, 768, 360)
HEIGHT = 900

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
KILOBYTE = 1000
WITHOUT_FIGURES, WITH_FIGURES = 400 * KILOBYTE, 1000 * KILOBYTE
FIRST_PAINT = 1000  # milliseconds
LAYOUT_SHIFT = 0.05
# At a paper's width: A4 without Chromium's margins of 0.4 inches, in CSS pixels.
PAPER = round((210 / 25.4 - 2 * 0.4) * 96)

# The colours within code are the theme's, at any width. After the first look at them code has one
# colour: axe-core, which asks of each word what lies beneath it, is done in a third of the time.
_PLAIN_CODE = """
  for (const code of document.querySelectorAll(".highlight pre")) {
    code.coloured ??= [...code.childNodes];
    code.replaceChildren(code.textContent);
  }
"""
_COLOURED_CODE = """
  for (const code of document.querySelectorAll(".highlight pre"))
    code.replaceChildren(...code.coloured);
"""

# Runs before a page's own scripts.
_OBSERVE = """
  window.layoutShift = 0;
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) layoutShift += entry.value;
  }).observe({type: "layout-shift", buffered: true});
"""


def watch(page: Page, site: str) -> list[str]:
    """Return a list that grows by what goes wrong in a window: requests, errors, messages.

    A request to anywhere but the site is a fault, and is not made.
    """
    problems: list[str] = []

    def gate(route: Route) -> None:
        if route.request.url.startswith((site, "data:")):
            route.continue_()
        else:
            problems.append(f"request: {route.request.url}")
            route.abort()

    page.route(lambda url: not url.startswith(site), gate)
    page.on("requestfailed", lambda r: failed(r) and problems.append(f"failed: {r.url}"))
    page.on("response", lambda r: r.status >= 400 and problems.append(f"{r.status}: {r.url}"))
    page.on("pageerror", lambda error: problems.append(f"script: {error}"))
    page.on("console", lambda m: m.type == "error" and problems.append(f"console: {m.text}"))
    page.add_init_script(_OBSERVE)
    return problems


def failed(request: Request) -> bool:
    """Tell whether a request failed by itself; one that a page's end has cut short did not."""
    return request.failure != "net::ERR_ABORTED"


def faults(page: Page, path: str, widths: Iterable[int] = WIDTHS) -> list[str]:
    """Open a page and return its faults at each width; the window's size is changed, not more."""
    widths = list(widths)
    page.set_viewport_size({"width": widths[0], "height": HEIGHT})
    page.goto(f"/{path}", wait_until="load")
    page.evaluate("document.fonts.ready")
    found = [*weight(page), *images(page), *links(page, path), *shifts(page)]
    for width in widths:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        found += [
            f"{width} px: {fault}" for fault in [*fit(page), *covered(page), *accessibility(page)]
        ]
        page.evaluate(_PLAIN_CODE)
    page.evaluate(_COLOURED_CODE)
    return [*found, *copies(page)]


def accessibility(page: Page) -> list[str]:
    """Return where a page violates WCAG 2.2, levels A and AA."""
    options = {"runOnly": WCAG, "resultTypes": ["violations"]}
    # What observers of sizes do, they do before the next frame.
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    return [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in Axe().run(page, options=options).response["violations"]
        for node in violation["nodes"]
    ]


def fit(page: Page) -> list[str]:
    """Return what makes a page scroll sideways: all of it, or what is beside the menu."""
    wider = """() => {
      const places = [document.documentElement, document.querySelector(".content")];
      const place = places.find(place => place.scrollWidth > place.clientWidth);
      if (!place) return [];
      const wide = [...place.querySelectorAll("*")]
        .filter(e => e.getBoundingClientRect().right > innerWidth)
        .filter(e => !e.closest("pre *, .table-wrapper *"));
      return [...wide, place].map(e => e.outerHTML.slice(0, 100));
    }"""
    return [f"wider than the window: {element}" for element in page.evaluate(wider)[:5]]


def covered(page: Page) -> list[str]:
    """Return the pictures over whose lower edge something lies that follows them."""
    over = """() => {
      const pictures = [...document.querySelectorAll("article .sphx-glr-single-img")];
      return pictures.flatMap(picture => {
        const {bottom} = (picture.querySelector("img") ?? picture).getBoundingClientRect();
        for (let next = picture; next = next.nextElementSibling;) {
          const {height, top} = next.getBoundingClientRect();
          if (height) return top < bottom - 1 ? [next.outerHTML.slice(0, 100)] : [];
        }
        return [];
      });
    }"""
    return [f"covers a picture: {element}" for element in page.evaluate(over)]


def images(page: Page) -> list[str]:
    """Return the images that do not load, or have no size before they do."""
    state = """() => Promise.all([...document.images].map(async image => {
      image.loading = "eager";
      await image.decode().catch(() => {});
      return [
        image.getAttribute("src"),
        image.naturalWidth > 0,
        getComputedStyle(image).aspectRatio !== "auto",
      ];
    }))"""
    found = []
    for source, loaded, sized in page.evaluate(state):
        if not loaded:
            found.append(f"image does not load: {source}")
        if not sized:
            found.append(f"image without a size: {source}")
    return found


def weight(page: Page) -> list[str]:
    """Return what makes a page too heavy, or slow to appear, on a first view."""
    sizes = """() => [...performance.getEntriesByType("navigation"),
                      ...performance.getEntriesByType("resource")]
      .map(entry => [entry.name, entry.encodedBodySize])"""
    files = page.evaluate(sizes)
    total = sum(size for _, size in files)
    figures = sum(size for name, size in files if "/_images/" in name)
    found = []
    if total - figures >= WITHOUT_FIGURES:
        found.append(f"{total - figures} bytes without figures")
    if total >= WITH_FIGURES:
        found.append(f"{total} bytes with figures")
    painted = _first_paint(page)
    for _ in range(2):  # another load tells a slow page from a machine that was busy
        if painted >= FIRST_PAINT:
            page.reload(wait_until="load")
            painted = min(painted, _first_paint(page))
    if painted >= FIRST_PAINT:
        found.append(f"first contentful paint after {painted:.0f} ms")
    return found


def _first_paint(page: Page) -> float:
    paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    return float(page.wait_for_function(paint).json_value())


def shifts(page: Page) -> list[str]:
    """Return how far a page's content has jumped, if it has."""
    shift = page.evaluate("layoutShift")
    return [f"layout shift of {shift:.3f}"] if shift >= LAYOUT_SHIFT else []


def links(page: Page, path: str) -> list[str]:
    """Return the links of a page that lead nowhere within the site."""
    hrefs = "[...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))"
    return [f"link leads nowhere: {href}" for href in broken_links(path, page.evaluate(hrefs))]


def copies(page: Page) -> list[str]:
    """Return the copy buttons that copy anything but code."""
    # The button's script writes what it copies into a text area, and has the browser copy that.
    texts = """() => {
      const copied = [], copy = document.execCommand;
      document.execCommand = () => copied.push(document.querySelector("body > textarea").value);
      const buttons = [...document.querySelectorAll("button.copybtn")];
      for (const button of buttons) button.click();
      document.execCommand = copy;
      return buttons.map((button, number) => [
        copied[number],
        button.closest("[class*=highlight-]")?.className ?? "",
        button.closest(".sphx-glr-script-out") !== null,
      ]);
    }"""
    found = []
    for text, language, output in page.evaluate(texts):
        if output:
            found.append(f"output can be copied: {text[:60]}")
        elif re.search(r"^(>>> |\.\.\. |\$ )", text, re.MULTILINE):
            found.append(f"a prompt is copied: {text[:60]}")
        elif re.search("highlight-([Pp]ython|default)", language):
            try:
                ast.parse(text)
            except SyntaxError:
                found.append(f"what is copied is no code: {text[:60]}")
    return found


def printed(page: Page) -> list[str]:
    """Return what paper would not show of the page that is open, or would show dark."""
    page.emulate_media(media="print")
    page.set_viewport_size({"width": PAPER, "height": HEIGHT})
    cut = """() => [...document.querySelectorAll("article *")]
      .filter(e => !e.closest("svg") && e.getClientRects().length)
      .filter(e => e.getBoundingClientRect().right > innerWidth + 1
        || getComputedStyle(e).overflowX !== "visible" && e.scrollWidth > e.clientWidth + 1
        || getComputedStyle(e).overflowY !== "visible" && e.scrollHeight > e.clientHeight + 1)
      .map(e => e.outerHTML.slice(0, 120))"""
    found = [f"cut off on paper: {element}" for element in page.evaluate(cut)[:5]]
    hidden = """() => [...document.querySelectorAll("article pre")]
      .filter(e => !e.checkVisibility({contentVisibilityAuto: true}))
      .map(e => e.textContent.slice(0, 60))"""
    found += [f"not on paper: {text}" for text in page.evaluate(hidden)]
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return found if ground == "rgb(255, 255, 255)" else [*found, f"the paper is {ground}"]
