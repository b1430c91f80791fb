"""Without large arrays, the bytes are the standard connection's, whoever registered what."""

import copyreg
import multiprocessing
import os
import types
from collections.abc import Callable
from multiprocessing.reduction import ForkingPickler
from typing import Any

import array_zoo
import connection_peers
import numpy as np
import pytest
from array_classes import CLASSES

import ndpipe

pytestmark = [
    pytest.mark.filterwarnings("ignore:The 'generic' unit:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The chararray class:DeprecationWarning"),
]


def written(make: Callable[[], tuple[Any, Any]], obj: Any) -> bytes:
    """Return the bytes that an end of such a pipe writes for the object."""
    a, b = make()
    with b:
        with a:
            a.send(obj)
        data = b""
        while chunk := os.read(b.fileno(), 1 << 16):
            data += chunk
    return data


def same_bytes(obj: Any) -> None:
    """Check that both write the same."""
    assert written(ndpipe.Pipe, obj) == written(multiprocessing.Pipe, obj)


def function() -> None:
    """Be pickled."""


METADATA = np.dtype("f8", metadata={"function": function, "class": connection_peers.Frame})
OBJECTS = {
    "function": function,
    "class": connection_peers.Frame,
    "both": [function, {"class": connection_peers.Frame}, np.zeros(3)],
    "array": np.arange(3),
    "arrays": [np.arange(3), np.arange(3)[::-1], np.asfortranarray(np.eye(3))],
    "metadata": np.zeros(3, METADATA),
    "metadata, nested": [np.zeros(3, METADATA)],
    "dtype": METADATA,
    "strings": np.array(["a", "bc"]),
    "objects": np.array([function, None], dtype=object),
    "object with state": connection_peers.Frame(1, [np.zeros(2)]),
}


def reduce_function(obj: Any) -> Any:
    """Reduce a function in a way that one can see."""
    return len, ([obj.__name__],)


def reduce_class(obj: Any) -> Any:
    """Reduce a class in a way that one can see."""
    return len, ((obj.__name__, "a class"),)


def reduce_dtype(obj: Any) -> Any:
    """Reduce a dtype in a way that one can see."""
    return np.dtype, (obj.str, False, True)


def reduce_array(obj: Any) -> Any:
    """Reduce an array in a way that one can see."""
    return np.array, (obj.tolist(), obj.dtype.str)


REGISTERED: dict[str, tuple[type, Any]] = {
    "functions": (types.FunctionType, reduce_function),
    "classes": (type, reduce_class),
    "dtypes": (type(np.dtype("f8")), reduce_dtype),
    "arrays": (np.ndarray, reduce_array),
    "an object": (connection_peers.Frame, lambda obj: (connection_peers.Frame, (obj.number, []))),
}


TABLES = {
    "ForkingPickler": ForkingPickler._extra_reducers,  # what its register() writes to
    "copyreg": copyreg.dispatch_table,
}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("kind", REGISTERED)
@pytest.mark.parametrize("name", OBJECTS)
def test_registered_reducers(
    name: str, kind: str, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reducer that somebody registered holds where it holds in the standard connection."""
    monkeypatch.setitem(TABLES[table], *REGISTERED[kind])
    same_bytes(OBJECTS[name])


@pytest.mark.parametrize("name", OBJECTS)
def test_without_registered_reducers(name: str) -> None:
    """The same bytes where nobody registered any."""
    same_bytes(OBJECTS[name])


@pytest.mark.parametrize("cls", CLASSES)
def test_arrays_of_this_machines_byte_order(cls: str) -> None:
    """Small arrays of every dtype and class: the same bytes, bare and nested."""
    for dtype in array_zoo.DTYPES:
        array = CLASSES[cls](array_zoo.make(dtype))
        if array is not None and array_is_native(dtype):
            same_bytes(array)
            same_bytes({"nested": [array]})


def array_is_native(dtype: np.dtype[Any]) -> bool:
    """Whether all of a dtype's parts are in this machine's byte order."""
    if dtype.names:
        return all(array_is_native(field[0].base) for field in dtype.fields.values())
    return dtype.isnative


@pytest.mark.parametrize("shape", [(0,), (3, 0)])
def test_arrays_without_elements(make_pipe: Any, shape: tuple[int, ...]) -> None:
    """Of the other byte order too, an array without elements keeps its dtype and shape."""
    a, b = make_pipe(threshold=1 << 20)
    sent = np.zeros(shape, np.dtype("i4").newbyteorder())
    a.send(sent)
    array_zoo.assert_same(b.recv(), sent)
    same_bytes(np.zeros(shape))
