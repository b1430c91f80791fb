"""Show each thumbnail of the gallery in the colours of the page's theme.

A figure has been drawn for both. A diagram is recoloured: parent and child, and the other colours
of the diagrams, take the tones that they have on dark pages.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

_DARK = {
    "#fff": "#131416",  # the ground of a dark page
    "#2a7fbf": "#74b8ec",  # parent
    "#d9730d": "#f2a154",  # child
    "#8a8f98": "#9aa0a8",
    "#3b4048": "#c9cdd3",
    "#3b8f5a": "#6cc48c",
    "#9a6700": "#e0b050",
    "#b8860b": "#e0b050",
    "#b42318": "#f08a7e",
    "#c0392b": "#f08a7e",
    "#f2c037": "#f2c037",
}


def recoloured(diagram: str) -> str:
    """Return a diagram for the dark theme.

    Parameters
    ----------
    diagram : str
        SVG in the colours of the diagrams for the light theme.

    Returns
    -------
    str
        The same drawing.

    Raises
    ------
    KeyError
        If it has a colour that is none of them.

    Examples
    --------
    >>> recoloured('<text fill="#2a7fbf">parent</text>')
    '<text fill="#74b8ec">parent</text>'
    """
    return re.sub(
        r'(?<=["\'])#[0-9a-fA-F]{3,8}\b', lambda colour: _DARK[colour[0].lower()], diagram
    )


def _write_dark(app: Sphinx) -> None:
    """Write the dark twin of each thumbnail that sphinx-gallery has made."""
    gallery = Path(app.srcdir, app.config.sphinx_gallery_conf["gallery_dirs"])
    for thumb in gallery.rglob("images/thumb/*_thumb.svg"):
        figure = thumb.parents[1] / thumb.name.replace("_thumb", "_002")
        if figure.exists():
            dark = figure.read_text("utf-8")
        else:
            dark = recoloured(thumb.read_text("utf-8"))
        _twin(thumb).write_text(dark, "utf-8")


def _twin(thumb: Path) -> Path:
    return thumb.with_stem(f"{thumb.stem}_dark")


def _show_both(app: Sphinx, doctree: nodes.document) -> None:
    for image in list(doctree.findall(nodes.image)):
        uri = Path(image["uri"])
        if uri.stem.endswith("_thumb") and _twin(Path(app.srcdir, uri.as_posix()[1:])).exists():
            dark = image.deepcopy()
            dark["uri"] = _twin(uri).as_posix()
            image["classes"].append("only-light")
            dark["classes"].append("only-dark")
            image.parent.insert(image.parent.index(image) + 1, dark)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Write the files after sphinx-gallery, and show them before Sphinx collects images."""
    app.connect("builder-inited", _write_dark, priority=600)
    app.connect("doctree-read", _show_both, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
