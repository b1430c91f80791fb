"""Find what the pages claim about ratios, and where two claims contradict each other.

Claims are read from the built pages, as a reader reads them: the sentence of
``Comparison.describe_ratio``, the rows of ``Comparison.table``, and the role ``ratio``.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from bs4 import BeautifulSoup

from ndpipe import parse_bytes
from ndpipe.compare import DIRECTION_NAMES

_NUMBER = r"(\d[\d.]*)"
_INTERVAL = rf"{_NUMBER} \({_NUMBER} to {_NUMBER}\)"
_WAYS = {words: name for name, words in DIRECTION_NAMES.items()}
_WAY = "(" + "|".join(_WAYS) + ")"
_SENTENCE = re.compile(
    rf"(\S+) is {_NUMBER} times \({_NUMBER} to {_NUMBER}\) as fast as (\S+) "
    rf"at ([\d.]+ \w+), {_WAY}"
)
_TITLE = re.compile(rf"^([\d.]+ [kMG]?B), {_WAY}$")
_ROW = re.compile(rf"^ *(?:\d+|=) +([\w-]+) +{_INTERVAL} +{_INTERVAL} ")
_NEGATIVE_SHARE = re.compile(r"(?<![\w.])-\d+(?:\.\d+)? ?%")


@dataclass(frozen=True)
class Claim:
    """A ratio on a page.

    Attributes
    ----------
    page : str
    about : tuple of (str, str, int, str)
        The two transports, the size in bytes and the direction.
    value, low, high : float
        The ratio and its interval.
    """

    page: str
    about: tuple[str, str, int, str]
    value: float
    low: float
    high: float


def claims(page: str, html: str) -> list[Claim]:
    """Return the ratios that a built page states.

    Parameters
    ----------
    page : str
        Its name.
    html : str
        Its content.

    Returns
    -------
    list of Claim
    """
    soup = BeautifulSoup(html, "lxml")
    found = []
    text = soup.get_text()
    for one, value, low, high, two, size, way in _SENTENCE.findall(" ".join(text.split())):
        about = one, two, parse_bytes(size), _WAYS[way]
        found.append(Claim(page, about, float(value), float(low), float(high)))
    where = None
    for line in text.splitlines():
        if title := _TITLE.match(line.strip()):
            where = parse_bytes(title[1]), _WAYS[title[2]]
        elif where and (row := _ROW.match(line)):
            found.append(Claim(page, (row[1], "pipe", *where), *map(float, row.groups()[4:])))
    for element in soup.select(".ratio"):
        name = next(name for name in element["class"] if name.startswith("ratio_"))
        _, one, two, size, way = name.split("_")
        figures = re.fullmatch(_INTERVAL, element.get_text())
        if figures is None:
            raise ValueError(f"{page}: not a ratio with its interval: {element.get_text()}")
        found.append(Claim(page, (one, two, int(size), way), *map(float, figures.groups())))
    return found


def contradictions(found: Iterable[Claim]) -> list[str]:
    """Return the pairs of claims about one thing whose intervals do not overlap.

    Parameters
    ----------
    found : iterable of Claim

    Returns
    -------
    list of str
        A sentence for each pair.
    """
    return [
        f"{one.about}: {one.low} to {one.high} on {one.page}, {two.low} to {two.high} on {two.page}"
        for one, two in combinations(found, 2)
        if one.about == two.about and (one.low > two.high or two.low > one.high)
    ]


def negative_shares(html: str) -> list[str]:
    """Return the negative percentages in the output of a page's code.

    Parameters
    ----------
    html : str
        A built page.

    Returns
    -------
    list of str
    """
    outputs = BeautifulSoup(html, "lxml").select(".sphx-glr-script-out")
    return [share for output in outputs for share in _NEGATIVE_SHARE.findall(output.get_text())]
