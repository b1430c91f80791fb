"""The site's search leads from an error, as Python printed it, to its entry and its fix."""

import re
from pathlib import Path
from urllib.parse import quote_plus

from playwright.sync_api import Page

INDEX = Path(__file__).parents[2] / "docs/symptoms.md"

# What stands in the place of `…` differs in each reader's traceback: no page of the site has it.
SEEN = "0x7f3a2c9d1e40_by_a_reader"

# As they were printed elsewhere: other names, numbers and paths than those of the index.
PRINTED = {
    "lambda": "_pickle.PicklingError: Can't pickle <function <lambda> at 0x7ff740a9c900>: "
    "attribute lookup <lambda> on __main__ failed",
    "no-attribute": "AttributeError: Can't get attribute 'f' on <module '__main__' (built-in)>",
    "local": "AttributeError: Can't pickle local object 'main.<locals>.<lambda>'",
    "memory": "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 7.45 GiB for an array "
    "with shape (1000000000,) and data type float64",
    "unpickling": "_pickle.UnpicklingError: invalid load key, '\\x80'.",
    "numpy-core": "ModuleNotFoundError: No module named 'numpy._core.multiarray'",
    "vanished": "FileNotFoundError: [Errno 2] No such file or directory: '/psm_4f1c22ab'",
    "stdin": "FileNotFoundError: [Errno 2] No such file or directory: '/home/ada/<stdin>'",
    "segfault": "Segmentation fault (core dumped)",
    "bus-error": "Bus error (core dumped)",
    "4gib": "OverflowError: cannot serialize a bytes object larger than 4 GiB",
}


def test_an_error_leads_to_its_entry(page: Page) -> None:
    """The first result is the entry: one click to the fix, a second to the page that shows it."""
    titles = re.findall(
        r"^\(symptom-([\w-]+)\)=\n### `([^`]+)`(?:, .*)?$", INDEX.read_text("utf-8"), re.M
    )
    assert len(titles) > 30
    asked = [(label, title.replace("…", SEEN)) for label, title in titles]
    lost = {}
    for label, text in [*asked, *PRINTED.items()]:
        page.goto(f"/search.html?q={quote_plus(text)}")
        page.locator("#search-results h2", has_text="Search Results").wait_for()
        first = page.locator("#search-results li a").first
        found = first.get_attribute("href") if first.count() else None
        if found is None or not found.endswith(f"symptoms.html#symptom-{label}"):
            lost[text] = found
    assert lost == {}


def test_an_entry_leads_to_its_page_and_back(page: Page) -> None:
    """From the entry a click opens the page, and from there another the entry."""
    page.goto("/symptoms.html#symptom-poll")
    page.locator("#symptom-poll a[href*=plot_05], #symptom-poll ~ * a[href*=plot_05]").first.click()
    page.locator("#symptoms a[href$='#symptom-poll']").click()
    page.wait_for_url("**/symptoms.html#symptom-poll")
