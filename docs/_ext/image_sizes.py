"""Write the size of each image into its element, so that nothing moves when it has loaded."""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.images import get_image_size
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.html5 import HTML5Translator


def _visit(translator: HTML5Translator, node: nodes.image) -> None:
    size = get_image_size(translator.builder.srcdir / node["uri"])
    # One theme's picture is hidden, and need not be loaded.
    node.setdefault("loading", "lazy")
    wanted = re.fullmatch(r"(\d+)px", node.attributes.pop("width", ""))
    HTML5Translator.visit_image(translator, node)
    if size is not None:
        width = int(wanted[1]) if wanted else size[0]
        sizes = f'width="{width}" height="{round(width * size[1] / size[0])}"'
        translator.body[-1] = translator.body[-1].replace("<img ", f"<img {sizes} ", 1)


def _depart(translator: HTML5Translator, node: nodes.image) -> None:
    HTML5Translator.depart_image(translator, node)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Replace how images are written."""
    app.add_node(nodes.image, override=True, html=(_visit, _depart))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
