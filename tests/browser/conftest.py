"""The built site, served on this machine to a real browser."""

import functools
import os
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.browser.checks import watch
from tests.site.links import HTML

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# No sandbox: it cannot be set up where the tests run as root. No network of the browser's own.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Leave the test's output to the test."""


@pytest.fixture(autouse=True)
def _leaves_nothing_behind() -> None:
    """Lift the rule for all other tests: the browser and the server outlive each of these."""


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """Serve the built pages; yield their address."""
    assert (HTML / "index.html").is_file(), "build it first: nox -s docs"
    handler = functools.partial(_Quiet, directory=str(HTML))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the browser that is installed here; it is an error if there is none."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    assert found, f"no browser: install one of {', '.join(NAMES)}, or name it in CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def watched(
    browser: Browser, site: str, request: pytest.FixtureRequest
) -> Iterator[tuple[Page, list[str]]]:
    """Open a window with a list that grows by what goes wrong in it.

    The theme and the width are the parameter, of this fixture or of `page`, which is made from it.
    """
    callspec = getattr(request.node, "callspec", None)
    given = callspec.params if callspec else {}
    theme, width = given.get("watched") or given.get("page") or ("light", 1280)
    context = browser.new_context(
        base_url=site, color_scheme=theme, viewport={"width": width, "height": 900}
    )
    page = context.new_page()
    yield page, watch(page, site)
    context.close()


@pytest.fixture
def page(watched: tuple[Page, list[str]]) -> Iterator[Page]:
    """Open a window in which a request to anywhere else, or an error in a script, is a failure."""
    page, problems = watched
    yield page
    assert problems == []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much of the site has been seen: pages, themes, widths, and how many mutations."""
    seen = [
        value
        for report in terminalreporter.stats.get("passed", [])
        for name, value in report.user_properties
        if name == "seen"
    ]
    caught = sum(
        name == "caught"
        for report in terminalreporter.stats.get("passed", [])
        for name, _ in report.user_properties
    )
    counts = [len(set(values)) for values in zip(*seen, strict=True)] or [0, 0, 0]
    pages, themes, widths = counts
    terminalreporter.write_line(
        f"without a fault: {pages} pages, {themes} themes, {widths} widths, {len(seen)} views; "
        f"{caught} mutations caught"
    )
