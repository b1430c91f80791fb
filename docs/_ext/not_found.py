"""A search box for the page that a server shows where there is none.

That page is shown at any address, so what it leads to is addressed from the root of the server.
"""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata


class SearchBox(SphinxDirective):
    """A field that leads to the search of the site."""

    def run(self) -> list[nodes.Node]:
        """Write it, with the address that sphinx-notfound-page puts before its own links."""
        prefix = self.config.notfound_urls_prefix
        form = (
            f'<form class="search-box" role="search" method="get" action="{prefix}search.html">'
            '<label for="not-found-search">Search this site</label> '
            '<input id="not-found-search" type="search" name="q"> '
            '<button type="submit">Search</button></form>'
        )
        return [nodes.raw("", form, format="html")]


def _from_the_root(app: Sphinx, doctree: nodes.document, name: str) -> None:
    """Do for the links in the text what sphinx-notfound-page does for those around it."""
    if name == app.config.notfound_pagename:
        for reference in doctree.findall(nodes.reference):
            if reference.get("internal"):
                reference["refuri"] = app.config.notfound_urls_prefix + reference["refuri"]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive, and the step that changes links."""
    app.add_directive("search-box", SearchBox)
    app.connect("doctree-resolved", _from_the_root)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
