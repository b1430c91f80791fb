"""What can be said of a dtype without looking at elements."""

from typing import Any

import numpy as np

__all__ = ["OWN", "has_metadata", "is_bytes", "is_usual"]

OWN = frozenset(type(np.dtype(code)) for code in np.typecodes["All"])
"""The classes of NumPy's own dtypes."""

# The kinds of dtype whose elements are nothing but their bytes. Not "O" (references), not "T"
# (strings of variable width, kept elsewhere).
_PLAIN_KINDS = frozenset("biufcmMSUV")


def is_bytes(dtype: np.dtype[Any]) -> bool:
    """Whether the elements of such a dtype are nothing but their bytes."""
    return dtype.kind in _PLAIN_KINDS and not dtype.hasobject


def is_usual(dtype: np.dtype[Any]) -> bool:
    """Whether a dtype is NumPy's own and its text says all of it.

    Not so of times, whose unit may be none, nor of voids, which may have a class, nor of fields,
    which a number may have too.
    """
    is_plain = dtype.kind in "biufcSU" and dtype.fields is None and dtype.metadata is None
    return is_plain and type(dtype) in OWN


def has_metadata(dtype: np.dtype[Any]) -> bool:
    """Whether a dtype, or one inside it, has metadata."""
    inner = [field[0] for field in (dtype.fields or {}).values()]
    inner += [dtype.base] if dtype.base is not dtype else []
    return dtype.metadata is not None or True in [has_metadata(part) for part in inner]
