"""Subclasses of ndarray: NumPy's own, that of its guide, and such as users write."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class InfoArray(np.ndarray):
    """The class of NumPy's guide to subclassing: an attribute that views take along."""

    def __new__(cls, input_array: Any, info: Any = None) -> "InfoArray":
        self = np.asarray(input_array).view(cls)
        self.info = info
        return self

    def __array_finalize__(self, obj: Any) -> None:
        if obj is not None:
            self.info = getattr(obj, "info", None)


class Positional(np.ndarray):
    """Its constructor needs arguments of its own."""

    def __new__(cls, length: int, unit: str) -> "Positional":
        self = np.zeros(length).view(cls)
        self.unit = unit
        return self


class KeywordOnly(np.ndarray):
    """Its constructor takes names only."""

    def __new__(cls, *, data: Any) -> "KeywordOnly":
        return np.asarray(data).view(cls)


class NoArguments(np.ndarray):
    """Its constructor takes nothing at all."""

    def __new__(cls) -> "NoArguments":
        return np.zeros(3).view(cls)


class Swapped(np.ndarray):
    """Its constructor accepts what ndarray's does, and takes it for something else."""

    def __new__(cls, *_: Any, **__: Any) -> "Swapped":
        return np.full(7, 7).view(cls)


class Initialised(np.ndarray):
    """It has an __init__ that no array comes through."""

    def __new__(cls, data: Any, key: str) -> "Initialised":  # noqa: ARG004 - for __init__
        return np.asarray(data).view(cls)

    def __init__(self, data: Any, key: str) -> None:  # noqa: ARG002 - for __new__
        self.key = {"a": 1}[key]


class OwnCopy(np.ndarray):
    """Its copies are something else."""

    def copy(self, order: Any = "C") -> Any:  # noqa: ARG002 - numpy's signature
        return np.zeros(1)

    __copy__ = __deepcopy__ = copy  # type: ignore[assignment]  # wrong on purpose


class OwnView(np.ndarray):
    """Its views, and whatever else leads to its memory, raise or lead elsewhere."""

    def view(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("this class has no views")

    def reshape(self, *_: Any, **__: Any) -> Any:
        return np.zeros(1)

    def ravel(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("nor is it flat")

    def tobytes(self, *_: Any, **__: Any) -> Any:
        return b"other bytes"

    def __getitem__(self, key: Any) -> Any:
        raise RuntimeError("nor has it items")

    def __array__(self, *_: Any, **__: Any) -> Any:
        return np.zeros(1)

    def __len__(self) -> int:
        return 1

    def __eq__(self, other: object) -> Any:
        raise RuntimeError("nor can it be compared")

    __hash__ = None  # type: ignore[assignment]  # wrong on purpose


class OwnFacts(np.ndarray):
    """What it says of its size and memory is not so."""

    nbytes = size = itemsize = ndim = property(lambda _: 1)  # type: ignore[assignment]  # wrong on purpose
    T = base = data = property(lambda _: None)  # type: ignore[assignment]  # wrong on purpose


class Finalized(np.ndarray):
    """Its attributes come from the array that it was made from, which has to be there."""

    made = 0

    def __array_finalize__(self, obj: Any) -> None:
        self.made = getattr(obj, "made", 0) + 1
        self.kind = type(obj).__name__


def plainly(cls: type[Array]) -> Callable[[Array], Any]:
    """Return what makes an array into one of that class, by NumPy's own function."""
    return lambda array: np.ndarray.view(array, cls)


def matrix(array: Array) -> Any:
    """Return a matrix, which has two dimensions always."""
    return np.ndarray.view(array, np.matrix) if array.ndim == 2 else None


def chararray(array: Array) -> Any:
    """Return an array of strings, which NumPy has deprecated."""
    if array.dtype.kind not in "SU":
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return np.ndarray.view(array, np.char.chararray)


def masked(array: Array) -> Any:
    """Return a masked array, a third of whose elements are masked."""
    mask = (np.arange(array.size) % 3 == 0).reshape(array.shape)
    if array.dtype.names:
        return np.ma.MaskedArray(array)
    return np.ma.MaskedArray(array, mask)


def with_info(array: Array) -> Any:
    """Return the guide's array, with an attribute."""
    result = np.ndarray.view(array, InfoArray)
    result.info = {"unit": "metre"}
    return result


# Each makes an array into one of its class, or returns None where the class has no such arrays.
CLASSES: dict[str, Callable[[Array], Any]] = {
    "ndarray": lambda array: array,
    "recarray": plainly(np.recarray),
    "matrix": matrix,
    "memmap": plainly(np.memmap),
    "chararray": chararray,
    "MaskedArray": masked,
    "InfoArray": with_info,
    **{
        cls.__name__: plainly(cls)
        for cls in (
            Positional, KeywordOnly, NoArguments, Swapped, Initialised,
            OwnCopy, OwnView, OwnFacts, Finalized,
        )
    },
}  # fmt: skip
