"""Say in the head of each page what search engines and shared links show: words and a picture."""

import re
import textwrap
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from _ext.preview import SIZE, draw

_FOLDER = "_images/previews"
_LONGEST = 200
# Sphinx gives these their titles in its templates, too late for here.
_TITLES = {"genindex": "Index", "py-modindex": "Python modules", "search": "Search"}


def describe(doctree: nodes.document) -> str:
    """Return the first sentences of a page.

    Parameters
    ----------
    doctree : docutils.nodes.document

    Returns
    -------
    str
        At most 200 characters, of the first paragraph that is not in a note, a list or a table; no
        sentence that announces what it does not have. Empty where there is no such paragraph.
    """
    for paragraph in doctree.findall(nodes.paragraph):
        if not isinstance(paragraph.parent, nodes.section):
            continue
        sentences = re.split(r"(?<=[.!?])\s+", " ".join(paragraph.astext().split()))
        said = ""
        for sentence in (one for one in sentences if not one.endswith(":")):
            if said and len(said) + 1 + len(sentence) > _LONGEST:
                break
            said = f"{said} {sentence}".strip()
        if said:
            return textwrap.shorten(said, _LONGEST, placeholder=" …")
    return ""


def _add(
    app: Sphinx, page: str, _template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    if app.builder.format != "html":
        return
    base, site = app.config.html_baseurl, app.config.project
    title, words, picture = _TITLES.get(page, page), "", app.config.root_doc
    if doctree is not None:
        title, words, picture = app.env.titles[page].astext(), describe(doctree), page
        draw(title, words, Path(app.outdir, _FOLDER, f"{page}.png"))
    words = words or f"{title}: a page of {site}."
    tags = {
        ("name", "description"): words,
        ("property", "og:title"): title,
        ("property", "og:description"): words,
        ("property", "og:type"): "website",
        ("property", "og:site_name"): site,
        ("property", "og:url"): base + app.builder.get_target_uri(page),
        ("property", "og:image"): f"{base}{_FOLDER}/{picture}.png",
        ("property", "og:image:alt"): f"The title: {title}",
        ("property", "og:image:width"): str(SIZE[0]),
        ("property", "og:image:height"): str(SIZE[1]),
        ("name", "twitter:card"): "summary_large_image",
    }
    context["metatags"] = context.get("metatags", "") + "".join(
        f'\n<meta {kind}="{name}" content="{escape(text)}">' for (kind, name), text in tags.items()
    )


def setup(app: Sphinx) -> ExtensionMetadata:
    """Draw a page's picture and name it before the page is written."""
    app.connect("html-page-context", _add)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
