"""The picture of a page that is shown where somebody shares a link to it."""

import textwrap
from pathlib import Path

from matplotlib import get_data_path
from PIL import Image, ImageDraw, ImageFont

SIZE = (1200, 630)
_INK, _GREY, _PAPER = "#16181d", "#555b66", "#ffffff"
_PARENT, _CHILD, _PIPE = "#2a7fbf", "#d9730d", "#8a8f98"  # the logo's
_FONTS = Path(get_data_path(), "fonts/ttf")


def draw(title: str, words: str, path: Path) -> None:
    """Draw the picture of a page.

    Parameters
    ----------
    title : str
        The page's title.
    words : str
        What stands below it, at most 200 characters.
    path : pathlib.Path
        The PNG file, of at most 16 colours: a picture of text is some 15 kB.
    """
    image = Image.new("RGB", SIZE, _PAPER)
    pen = ImageDraw.Draw(image)
    pen.rectangle((170, 108, 240, 128), fill=_PIPE)
    for left, colour in ((100, _PARENT), (220, _CHILD)):
        pen.rounded_rectangle((left, 78, left + 80, 158), 16, fill=colour)
        for step in (26, 53):
            pen.line((left + step, 78, left + step, 158), fill=_PAPER, width=4)
            pen.line((left, 78 + step, left + 80, 78 + step), fill=_PAPER, width=4)
    pen.text((330, 88), "ndpipe", fill=_INK, font=_font("DejaVuSans.ttf", 46))
    lines = textwrap.wrap(title, 27)[:3]
    size = 66 if len(lines) < 3 else 56
    pen.multiline_text(
        (100, 220), "\n".join(lines), fill=_INK, font=_font("DejaVuSans-Bold.ttf", size), spacing=14
    )
    below = 220 + len(lines) * (size + 26) + 8
    pen.multiline_text(
        (100, below),
        "\n".join(textwrap.wrap(words, 60)[:4]),
        fill=_GREY,
        font=_font("DejaVuSans.ttf", 30),
        spacing=12,
    )
    half = SIZE[0] // 2
    pen.rectangle((0, 612, half, 630), fill=_PARENT)
    pen.rectangle((half, 612, SIZE[0], 630), fill=_CHILD)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.quantize(16, dither=Image.Dither.NONE).save(path, optimize=True)


def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FONTS / name), size)
