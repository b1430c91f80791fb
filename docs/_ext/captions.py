"""Say of which level the captions of lists of pages are: they are headings to a screen reader.

Sphinx writes them so, in the text and in the sidebar, and leaves the level out.
"""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

_CAPTION = 'class="caption" role="heading"'


def _add_level(
    _app: Sphinx,
    _pagename: str,
    _templatename: str,
    context: dict[str, Any],
    _doctree: nodes.document | None,
) -> None:
    for part in ("body", "furo_navigation_tree"):
        if part in context:
            context[part] = context[part].replace(_CAPTION, f'{_CAPTION} aria-level="2"')


def setup(app: Sphinx) -> ExtensionMetadata:
    """Do so when the theme has made its part of the page."""
    app.connect("html-page-context", _add_level, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
