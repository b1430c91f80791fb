"""What a pickle may say of a dtype. NumPy believes whatever it is given, and may crash of it."""

import pickle
import sys
from typing import Any

import numpy as np

__all__ = ["check_state"]


def check_state(dtype: np.dtype[Any], state: Any) -> None:
    """Raise unless `state` has the form in which NumPy writes that of a dtype of this kind.

    That is ``(3, order, subarray, names, fields, size, alignment, flags)``, or 4 and at the end the
    metadata, which times always have.
    """
    if type(state) is not tuple or not _is_sound(dtype.kind, state):
        raise pickle.UnpicklingError("not the state of a dtype")


def _is_sound(kind: str, state: tuple[Any, ...]) -> bool:
    is_time = kind in "mM"
    if not (len(state) == 8 and state[0] == 3 and not is_time):
        if not (len(state) == 9 and state[0] == 4):
            return False
        metadata = state[8]
        if not (_is_metadata_of_time(metadata) if is_time else type(metadata) is dict):
            return False
    _, order, subarray, names, fields, size, *rest = state[:8]
    return (
        type(order) is str
        and order in ("<", ">", "=", "|")
        and all(type(n) is int and -1 <= n <= sys.maxsize for n in (size, *rest))
        and (kind == "V" or subarray is names is fields is None)
        and (subarray is None or _is_subarray(subarray))
        and ((names is None and fields is None) or _are_fields(names, fields, size))
    )


def _is_metadata_of_time(metadata: Any) -> bool:
    if not (type(metadata) is tuple and len(metadata) == 2 and type(metadata[1]) is tuple):
        return False
    unit, *numbers = metadata[1] or (None,)
    # The last two have had no meaning since NumPy 1.7, which warns of other values.
    is_unit = (
        type(unit) is bytes and list(map(type, numbers)) == [int] * 3 and numbers[1:] == [1, 1]
    )
    return is_unit and (metadata[0] is None or type(metadata[0]) is dict)


def _is_subarray(subarray: Any) -> bool:
    if not (type(subarray) is tuple and len(subarray) == 2 and type(subarray[1]) is tuple):
        return False
    return isinstance(subarray[0], np.dtype) and all(type(n) is int for n in subarray[1])


def _are_fields(names: Any, fields: Any, size: int) -> bool:
    if not (type(names) is tuple and type(fields) is dict and fields.keys() >= set(names)):
        return False
    return all(type(name) is str for name in names) and all(
        type(field) is tuple
        and len(field) in (2, 3)  # the third is a title
        and isinstance(field[0], np.dtype)
        and type(field[1]) is int
        and 0 <= field[1] <= size - field[0].itemsize
        for field in fields.values()
    )
