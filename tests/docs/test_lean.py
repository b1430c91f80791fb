"""A page loads the style sheets and scripts that it uses, and no others."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from _ext import lean
from sphinx.application import Sphinx

FILES = [
    "_static/styles/furo.css",
    "_static/sphinx-design.min.css",
    "_static/design-tabs.js",
    "_static/sg_gallery.css",
    "_static/tools/tools.css",
]


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ("<p>", FILES[:1]),
        ('<div class="sd-card">', FILES[:2]),
        ('<div class="sd-tab-set">', FILES[:3]),
        ('<div class="sphx-glr-thumbcontainer">', [FILES[0], FILES[3]]),
        ('<form class="tool">', [FILES[0], FILES[4]]),
    ],
)
def test_a_page_has_what_it_uses(body: str, kept: list[str]) -> None:
    """Of style sheets and of scripts, those stay that are for what is in the page."""
    files = [SimpleNamespace(filename=name) for name in FILES]
    context: dict[str, Any] = {"body": body, "css_files": files, "script_files": files}
    lean._leave_out(cast(Sphinx, None), "page", "page.html", context, None)
    for kind in ("css_files", "script_files"):
        assert [file.filename for file in context[kind]] == kept
