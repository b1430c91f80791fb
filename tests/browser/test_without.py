"""The site without a script, and without a server."""

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.checks import HTML, PAGES, failed
from tests.browser.test_copies import SEND
from tests.browser.test_pages import FIGURES
from tests.browser.test_search import first_results

_TEXT = "() => document.querySelector('article').innerText.replace(/\\s+/g, ' ')"
_GROUND = "() => getComputedStyle(document.body).backgroundColor"


@pytest.mark.parametrize("path", ["index.html", "symptoms.html", SEND, FIGURES])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_without_scripts_content_and_theme_are_whole(
    browser: Browser, site: str, path: str, theme: str
) -> None:
    """The text is the same, the colours are the system's, and the figures are those of them."""
    texts, grounds, figures = [], [], []
    for scripts in (True, False):
        context = browser.new_context(
            base_url=site, color_scheme=theme, java_script_enabled=scripts
        )
        page = context.new_page()
        page.goto(f"/{path}")
        texts.append(page.evaluate(_TEXT))
        grounds.append(page.evaluate(_GROUND))
        figures.append(
            [image.get_attribute("src") for image in page.locator("article img:visible").all()]
        )
        context.close()
    assert texts[0] == texts[1] != ""
    assert (
        grounds[0]
        == grounds[1]
        == {"light": "rgb(255, 255, 255)", "dark": "rgb(19, 20, 22)"}[theme]
    )
    assert figures[0] == figures[1]


def test_every_page_opens_from_disk(browser: Browser) -> None:
    """Styles, scripts and images are found without a server."""
    context = browser.new_context()
    page = context.new_page()
    problems: list[str] = []
    page.on("requestfailed", lambda r: failed(r) and problems.append(r.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: m.type == "error" and problems.append(m.text))
    for path in PAGES:
        page.goto((HTML / path).as_uri())
        broken = """() => Promise.all([...document.images].map(async image => {
          image.loading = "eager";
          await image.decode().catch(() => {});
          return image.naturalWidth ? "" : image.src;
        }))"""
        problems += [f"{path}: {source}" for source in page.evaluate(broken) if source]
        assert page.evaluate("document.styleSheets.length") > 3
    context.close()
    assert problems == []


def test_search_works_from_disk(browser: Browser) -> None:
    """Results appear, and the first ones open."""
    context = browser.new_context()
    page: Page = context.new_page()
    results = first_results(page, (HTML / "index.html").as_uri(), "send array to child")
    assert (HTML / SEND).as_uri() in results
    page.locator("#search-results li a").first.click()
    page.locator("article h1").wait_for()
    context.close()
