"""What `ndpipe.Pipe` delivers otherwise than the standard Pipe: all of it, in one place.

Each difference has the sentence by which the reference states it, as a pattern, and a check of
an array that arrived, given what was sent and what the standard Pipe delivers for that.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Difference(NamedTuple):
    """One difference: what the tests call it, how the reference states it, how it is checked."""

    sentence: str
    stated: str
    check: Callable[[Any, Any, Any], bool]


def plain(array: Any) -> np.ndarray[Any, Any]:
    """Return the array without its class, by NumPy's own function."""
    return np.ndarray.view(array, np.ndarray)


def _owns(received: Any, sent: Any, standard: Any) -> bool:
    return not np.may_share_memory(plain(received), plain(sent))


DIFFERENCES = {
    "byte order": Difference(
        "Arrays keep their byte order, where the standard Pipe delivers this machine's.",
        r"(?is)byte\s+order",
        lambda received, sent, _: str(received.dtype) == str(sent.dtype),
    ),
    "writeable": Difference(
        "Arrays arrive writeable, where out-of-band pickles deliver what was read-only as such.",
        r"(?is)writeable",
        lambda received, _, __: bool(received.flags.writeable),
    ),
    "independent": Difference(
        "Arrays share no memory with what was sent.",
        r"(?is)independent\s+of\s+the\s+sender",
        _owns,
    ),
    "layout": Difference(
        "C and Fortran order stay; what is in neither arrives in C order.",
        r"(?is)not\s+\{term\}`contiguous`\s+arrives\s+in\s+C\s+order",
        lambda received, sent, _: (
            received.flags.f_contiguous
            if sent.flags.f_contiguous and not sent.flags.c_contiguous
            else received.flags.c_contiguous
        ),
    ),
    "aligned": Difference(
        "The memory of an array is aligned for its dtype.",
        r"(?is)aligned",
        lambda received, _, __: bool(received.flags.aligned),
    ),
}


def assert_as_the_standard(received: Any, sent: Any, standard: Any, elements: Any) -> None:
    """Assert that it is what the standard Pipe delivers but for the differences."""
    assert type(received) is type(standard)
    assert np.shape(plain(received)) == np.shape(plain(standard))
    assert attributes(received) == attributes(standard)
    if type(sent).__reduce__ is not np.ndarray.__reduce__:  # what it pickles is its own affair
        assert str(received.dtype) == str(standard.dtype)
        assert elements(plain(received)) == elements(plain(standard))
        return
    ours, theirs = received.dtype.newbyteorder("="), standard.dtype.newbyteorder("=")
    assert ours == theirs
    assert ours.type is theirs.type
    assert ours.metadata == theirs.metadata
    # The other byte order was checked to be the one that was sent: so can the bytes be.
    for name, difference in DIFFERENCES.items():
        assert difference.check(received, sent, standard), name
    assert elements(plain(received)) == elements(plain(sent))


def attributes(array: Any) -> dict[str, Any]:
    """Return what an array holds besides its elements, comparable."""
    held = dict(getattr(array, "__dict__", {}))
    if isinstance(array, np.ma.MaskedArray):
        return {
            "mask": np.ma.getmaskarray(array).tobytes(),
            "fill": repr(array.fill_value),
            "hard": array.hardmask,
        }
    return held
