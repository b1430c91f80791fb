"""Dtypes as `.npy` files describe them, of which nothing is believed that was not checked.

:func:`numpy.lib.format.descr_to_dtype` takes whatever a file says. Here a description must be the
very one that NumPy gives of the dtype it describes, of plain bytes, not empty, and not large: that
is checked without NumPy first.
"""

import math
import re
from typing import Any

import numpy as np
from numpy.lib.format import descr_to_dtype, dtype_to_descr

from ndpipe._pipe.plain_dtypes import has_metadata, is_bytes
from ndpipe._pipe.raised import fails

__all__ = ["MAX_DIMENSIONS", "describe", "dtype_of"]

_PLAIN = re.compile(r"[<>|][biufcSUV]([1-9][0-9]{0,9})", re.ASCII)
_TIMES = re.compile(
    r"[<>][mM]8(\[([1-9][0-9]{0,8})?(Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as)\])?", re.ASCII
)
_MAX_ITEMSIZE = 0x7FFFFFFF  # bytes, as NumPy has it
_MAX_FIELDS, _MAX_NESTING = 1000, 8
MAX_DIMENSIONS = 64
"""The most dimensions that NumPy gives an array."""


def describe(dtype: np.dtype[Any]) -> Any:
    """Return the description of a dtype, or raise `ValueError` if it has none that is exact."""
    if not is_bytes(dtype):
        raise ValueError(f"{dtype!r} is more than its bytes")
    if has_metadata(dtype):
        raise ValueError(f"{dtype!r} has metadata")
    try:
        descr = _exact(dtype)
    except ValueError:  # fields that overlap, for example
        if not fails(_exact, dtype):
            raise
        descr = None
    if descr is None:
        raise ValueError(f"{dtype!r} has no exact description in the .npy format")
    return descr


def _exact(dtype: np.dtype[Any]) -> Any:
    descr = dtype_to_descr(dtype)
    return descr if _parts(dtype_of(descr)) == _parts(dtype) else None


def dtype_of(descr: Any) -> np.dtype[Any]:
    """Return the dtype of a description, or raise `ValueError`; it may come from anywhere."""
    if _size(descr) > _MAX_ITEMSIZE:
        raise ValueError("a dtype of too many bytes")
    descr = _as_numpy_has_it(descr)
    dtype = descr_to_dtype(descr)
    if not is_bytes(dtype) or dtype.subdtype is not None or dtype_to_descr(dtype) != descr:
        raise ValueError(f"no description of a dtype: {descr!r:.100}")
    return dtype


def _parts(dtype: np.dtype[Any]) -> tuple[Any, ...]:
    # Dtypes are equal whose alignment or class of records differs.
    return dtype, repr(dtype), dtype.isalignedstruct, dtype.type


def _size(descr: Any, nesting: int = 0) -> int:
    """Return how many bytes an element has, from 1 on, or raise `ValueError`."""
    if type(descr) is str:
        found = _PLAIN.fullmatch(descr)
        if found:
            return int(found[1]) * (4 if descr[1] == "U" else 1)
        if _TIMES.fullmatch(descr):
            return 8
    elif isinstance(descr, list | tuple) and descr and nesting < _MAX_NESTING:
        if len(descr) > _MAX_FIELDS:
            raise ValueError(f"a dtype of {len(descr)} fields")
        return sum([_size_of_field(field, nesting + 1) for field in descr])
    raise ValueError(f"no description of a dtype: {descr!r:.100}")


def _size_of_field(field: Any, nesting: int) -> int:
    if isinstance(field, list | tuple) and len(field) in (2, 3):
        name, descr, *shape = field
        is_titled = isinstance(name, list | tuple) and len(name) == 2
        names = name if is_titled else [name]
        are_texts = {type(part) for part in names} == {str}
        if are_texts and False not in [_is_shape(item) for item in shape]:
            return _size(descr, nesting) * math.prod(shape[0] if shape else ())
    raise ValueError(f"no field of a dtype: {field!r:.100}")


def _is_shape(shape: Any) -> bool:
    is_sequence = isinstance(shape, list | tuple) and len(shape) <= MAX_DIMENSIONS
    return is_sequence and False not in [type(n) is int and 0 < n <= _MAX_ITEMSIZE for n in shape]


def _as_numpy_has_it(descr: Any) -> Any:
    """Return a checked description with tuples where NumPy wants them and JSON has arrays."""
    if isinstance(descr, str):
        return descr
    fields = []
    for name, inner, *shape in descr:
        title_and_name = name if isinstance(name, str) else tuple(name)
        fields.append((title_and_name, _as_numpy_has_it(inner), *map(tuple, shape)))
    return fields
