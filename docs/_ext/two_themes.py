"""Put each figure of a page on it twice: for the light and for the dark theme."""

from pathlib import Path
from typing import Any

from ndpipe.compare.plots import set_theme

_WIDTH = 500  # CSS pixels; the file has twice as many, for the screens that most people have


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
    from matplotlib import pyplot as plt

    parts = []
    for number in plt.get_fignums():
        figure = plt.figure(number)
        words = " ".join(figure.get_suptitle().split())
        if not words:
            raise ValueError("a figure needs a title: it is the text for those who cannot see it")
        for theme in ("light", "dark"):
            path = Path(next(block_vars["image_path_iterator"]))
            set_theme(figure, theme)
            figure.savefig(path, dpi=2 * _WIDTH / figure.get_figwidth())
            where = path.relative_to(gallery_conf["src_dir"]).as_posix()
            parts.append(
                f".. image:: /{where}\n   :alt: {words}\n   :width: {_WIDTH}px\n"
                f"   :class: sphx-glr-single-img only-{theme}\n"
            )
    plt.close("all")
    return "\n".join(parts)
