"""The contents of the site as one short text for language models: llms.txt.

Its form is that of llmstxt.org: a title, a summary, and lists of links with a line about each.
"""

from pathlib import Path

from bs4 import BeautifulSoup
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.typing import ExtensionMetadata


def sections(env: BuildEnvironment, root: str) -> list[tuple[str, list[str]]]:
    """Return the captions of a page's contents, each with its documents in reading order.

    Parameters
    ----------
    env : BuildEnvironment
    root : str
        The page.

    Returns
    -------
    list of (str, list of str)
    """

    def below(name: str) -> list[str]:
        found = [name]
        for child in env.toctree_includes.get(name, ()):
            found += below(child)
        return found

    trees = env.get_doctree(root).findall(addnodes.toctree)
    return [
        (
            tree["caption"] or env.titles[root].astext(),
            [document for name in tree["includefiles"] for document in below(name)],
        )
        for tree in trees
    ]


def _description(page: Path) -> str:
    head = BeautifulSoup(page.read_text("utf-8"), "lxml").head
    found = head.select_one('meta[name="description"]') if head else None
    return str(found["content"]) if found else ""


def _write(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    env, out, base = app.env, Path(app.outdir), app.config.html_baseurl

    def link(name: str) -> str:
        uri = app.builder.get_target_uri(name)
        title = env.titles[name].astext()
        about = _description(out / uri)
        return f"- [{title}]({base}{uri})" + (f": {about}" if about else "")

    root = app.config.root_doc
    summary = _description(out / app.builder.get_target_uri(root))
    parts = [f"# {app.config.project}", f"> {summary}"]
    for caption, names in sections(env, root):
        parts.append(f"## {caption}")
        parts.append("\n".join(map(link, names)))
    (out / "llms.txt").write_text("\n\n".join(parts) + "\n", "utf-8")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Write the file when the pages are written."""
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
