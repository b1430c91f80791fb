"""Put each figure of a page on it twice, as vector graphics: for the light and the dark theme."""

from pathlib import Path
from typing import Any

from ndpipe.compare.plots import set_theme

_WIDTH = 500  # CSS pixels


def scrape(_block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the open figures of pyplot, and return what shows them.

    Parameters
    ----------
    _block : tuple
        The code block.
    block_vars : dict
        Has the paths that the files shall get.
    gallery_conf : dict
        Settings of the gallery.

    Returns
    -------
    str
        reStructuredText, whose alternative text is the title of a figure.
    """
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    parts = []
    for number in plt.get_fignums():
        figure = plt.figure(number)
        words = " ".join(figure.get_suptitle().split())
        if not words:
            raise ValueError("a figure needs a title: it is the text for those who cannot see it")
        for theme in ("light", "dark"):
            path = Path(next(block_vars["image_path_iterator"])).with_suffix(".svg")
            set_theme(figure, theme)
            # The same figure gives the same file: no random names within, no date.
            with mpl.rc_context({"svg.hashsalt": path.stem}):
                figure.savefig(path, metadata={"Date": None})
            where = path.relative_to(gallery_conf["src_dir"]).as_posix()
            parts.append(
                f".. image:: /{where}\n   :alt: {words}\n   :width: {_WIDTH}px\n"
                f"   :class: sphx-glr-single-img only-{theme}\n"
            )
    plt.close("all")
    return "\n".join(parts)
