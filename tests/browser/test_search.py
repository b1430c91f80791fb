"""Search, as a reader uses it: by what a page is about, what an error says, what a name is."""

import pytest
from playwright.sync_api import Page
from tests.browser.checks import HTML

STEPS = "auto_examples/1_first_steps"
QUERIES = {
    "what is a pipe": f"{STEPS}/plot_1_what_a_pipe_is.html",
    "send array to child": f"{STEPS}/plot_2_send_to_child.html",
    "return array from child": f"{STEPS}/plot_3_return_from_child.html",
    "how large may an array be": f"{STEPS}/plot_4_size_limit.html",
    "struct.error: 'i' format requires -2147483648 <= number <= 2147483647": "symptoms.html",
    "OSError: got end of file during message": "symptoms.html",
    "recv_into": "reference/connection.html",
    "ndpipe.Pipe": "reference/connection.html",
}


def first_results(page: Page, address: str, query: str) -> list[str]:
    """Return the addresses of the first three results of a search, within the site."""
    page.goto(address)
    page.locator(".sidebar-search").fill(query)
    page.locator(".sidebar-search").press("Enter")
    page.locator("#search-results .search-summary", has_text="ound").wait_for()
    page.locator("#search-results li a").first.wait_for()
    addresses = page.locator("#search-results li a").evaluate_all("all => all.map(a => a.href)")
    return [str(found).split("#")[0].split("?")[0] for found in addresses[:3]]


@pytest.mark.parametrize(("query", "wanted"), QUERIES.items())
def test_search_finds(page: Page, site: str, query: str, wanted: str) -> None:
    """The page that answers is among the first three results."""
    assert f"{site}/{wanted}" in first_results(page, f"{site}/index.html", query)


def test_captured_output_is_found(page: Page) -> None:
    """What the processes of a page printed is in the search index."""
    page.goto("/search.html?q=filled+zeros")
    results = page.locator("#search-results li a")
    results.filter(has_text="Send an array to a child").first.wait_for()
    assert (HTML / "searchindex.js").is_file()
