"""What a reader takes away from a page: copied code, and files."""

import json
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page
from tests.browser.checks import HTML

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").rglob("plot_*.py"))
SEND = "auto_examples/1_first_steps/plot_2_send_to_child.html"
QUICK = "auto_examples/1_first_steps/plot_1_what_a_pipe_is.html"


def _clipboard(page: Page) -> str:
    page.wait_for_function("navigator.clipboard.readText().then(text => text.length > 20)")
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_output_is_selected_as_a_terminal_would_show_it(page: Page) -> None:
    """No label gets into what is selected, and no button offers the output as code."""
    page.goto(f"/{SEND}")
    block = page.locator(".sphx-glr-script-out").nth(1)
    select = "e => (getSelection().selectAllChildren(e), String(getSelection()))"
    first, *_, last = block.locator("pre").evaluate(select).strip().splitlines()
    assert first == "received 10000 x 10000 float64, its corner:"
    assert last == " [0. 0. 0. 0. 0.]]"
    assert page.locator(".sphx-glr-script-out button.copybtn").count() == 0


def test_a_copy_button_copies_code_without_prompts(page: Page) -> None:
    """Of an interactive session, the button takes the statements, and neither prompt nor result."""
    page.goto("/reference/probe.html")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    session = page.locator(".highlight", has_text=">>> ").first
    session.hover()
    session.locator("button.copybtn").click()
    copied = _clipboard(page)
    compile(copied, "pasted.py", "exec")
    shown = session.inner_text()
    assert [f">>> {copied.splitlines()[0]}"] == shown.splitlines()[:1]
    assert len(copied.splitlines()) < len(shown.strip().splitlines())


def test_the_whole_script_can_be_copied(page: Page) -> None:
    """It opens at a click, and its button copies code that compiles, with one guard."""
    page.goto(f"/{SEND}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    section = page.locator("#the-whole-script")
    section.locator("summary").click()
    section.locator(".highlight").hover()
    section.locator("button.copybtn").click()
    script = _clipboard(page)
    compile(script, "pasted.py", "exec")
    assert script.startswith("import multiprocessing\n")
    assert script.count('if __name__ == "__main__":') == 1


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_downloads_are_the_files(page: Page, example: Path) -> None:
    """The script is the one in the repository, the notebook is one, the archive has both."""
    path = example.relative_to(ROOT / "examples").with_suffix(".html").as_posix()
    page.goto(f"/auto_examples/{path}")
    links = page.locator(".sphx-glr-download a").all()
    files = {}
    for link in links:
        url = link.evaluate("a => a.href")
        files[Path(url).suffix] = page.request.get(url).body()
    assert set(files) == {".py", ".ipynb", ".zip"}
    assert files[".py"] == example.read_bytes()
    assert json.loads(files[".ipynb"])["cells"]
    (archive,) = [HTML.parent / link.evaluate("a => a.pathname") for link in links[-1:]]
    with ZipFile(HTML / str(archive).lstrip("/")) as zipped:
        content = {Path(name).suffix: zipped.read(name) for name in zipped.namelist()}
    assert content == {suffix: files[suffix] for suffix in (".py", ".ipynb")}


def test_a_downloaded_script_runs(page: Page, tmp_path: Path) -> None:
    """What a click saves is a program, and prints what the page shows."""
    page.goto(f"/{QUICK}")
    with page.expect_download() as download:
        page.locator(".sphx-glr-download-python a").click()
    script = tmp_path / download.value.suggested_filename
    download.value.save_as(script)
    done = subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    shown = page.locator(".sphx-glr-script-out pre").all_text_contents()
    assert sorted(done.stdout.split()) == sorted(" ".join(shown).split())
