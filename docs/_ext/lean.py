"""Load on each page the style sheets and scripts that it uses, and no others.

Extensions add theirs to all pages, though few pages have what they are for.
"""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

# A part of the file's name, and what a page has in it that uses the file.
_USES = {
    "sphinx-design": "sd-",
    "design-tabs": "sd-tab",
    "sg_gallery": "sphx-glr",
    "sg-tags": "sphx-glr",
    "tools/tools.css": 'class="tool',
}


def is_used(file: str, body: str) -> bool:
    """Whether a page uses a style sheet or a script.

    Parameters
    ----------
    file : str
        Its name in the site.
    body : str
        The HTML of the page.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_used("_static/sphinx-design.min.css", '<div class="sd-card">')
    True
    >>> is_used("_static/sphinx-design.min.css", "<p>")
    False
    >>> is_used("_static/ndpipe.css", "<p>")
    True
    """
    return all(use in body for name, use in _USES.items() if name in file)


def _leave_out(
    _app: Sphinx, _page: str, _template: str, context: dict[str, Any], _tree: nodes.document | None
) -> None:
    body = context.get("body", "")
    for kind in ("css_files", "script_files"):
        files = context[kind]
        context[kind] = [file for file in files if is_used(str(file.filename or ""), body)]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Look through the files of each page when all others have added theirs."""
    app.connect("html-page-context", _leave_out, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
