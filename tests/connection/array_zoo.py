"""Arrays of every kind: dtypes times layouts, and how to compare what came with what was sent."""

from multiprocessing.reduction import ForkingPickler
from typing import Any

import numpy as np

BASIC = ["?", "i1", "u1", "<i2", ">u2", "<i4", ">i4", "<u8", ">i8", "<f2", ">f4", "<f8", ">f8"]
OTHER = ["<c8", ">c16", "g", "G", "S1", "S5", "<U3", ">U3", "V1", "V7"]
TIMES = ["<M8[ns]", ">M8[D]", "<M8[25s]", "<m8[us]", ">m8[Y]", "M8", "m8"]
STRUCTURED = [
    np.dtype("<i4,>f8,S3"),
    np.dtype([("a", "u1"), ("b", "<f8")], align=True),
    np.dtype([("time", "<M8[us]"), ("span", ">m8[s]"), ("x", "f4")]),
    np.dtype([("matrix", "<f4", (2, 3)), ("nested", [("p", "i2"), ("q", "U2")])]),
    np.dtype({"names": ["late", "early"], "formats": ["i2", "i4"], "offsets": [9, 2]}),
    np.dtype((np.record, [("r", "i4"), ("s", "f8")])),
    np.dtype("<f8", metadata={"unit": "metre"}),
]
DTYPES = [np.dtype(name) for name in BASIC + OTHER + TIMES] + STRUCTURED

LAYOUTS = {
    "C": lambda a: a,
    "Fortran": np.asfortranarray,
    "steps": lambda a: a[::2, 1::3],
    "negative": lambda a: a[::-1, ::-1],
    "transposed": lambda a: a.T,
    "permuted": lambda a: a.reshape(3, 4, 5).transpose(1, 0, 2),
    "broadcast": lambda a: np.broadcast_to(a[:1], (4, *a[:1].shape)),
    "windows": lambda a: np.lib.stride_tricks.sliding_window_view(a, 3, axis=1),
    "row": lambda a: a[2],
    "column": lambda a: a[:, 1],
    "0-d": lambda a: a[1, 2, ...],
    "zero-size": lambda a: a[:, :0],
    "one element": lambda a: a[1:2, 2:3],
    "read-only": lambda a: (a.setflags(write=False), a)[1],
    "subarray view": lambda a: a[1:3],
}


def make(dtype: np.dtype[Any], seed: int = 0) -> np.ndarray[Any, Any]:
    """Return an array of shape (6, 10) whose bytes are random, as far as the dtype allows."""
    dtype = np.dtype(dtype)
    rng = np.random.default_rng(seed)
    if dtype.kind == "U":
        return rng.integers(0, 999, 60).astype(dtype).reshape(6, 10)
    if dtype.kind == "b":
        return rng.integers(0, 2, 60).astype(dtype).reshape(6, 10)
    if dtype.names and any(field[0].base.kind in "UV" for field in dtype.fields.values()):
        array = np.zeros((6, 10), dtype)
        array[dtype.names[0]] = 1
        return array
    raw = rng.integers(0, 256, 60 * dtype.itemsize, dtype=np.uint8)
    array = np.ndarray((6, 10), dtype, raw)  # NaN payloads, -0.0 and NaT among them
    if dtype.kind in "mM":
        # Not by assignment: NumPy deprecates that for times without a unit.
        array.view(dtype.str.replace(dtype.str[1:], "i8"))[0, 0] = np.iinfo(np.int64).min
    return array


def both_orders(dtype: np.dtype[Any]) -> list[np.dtype[Any]]:
    """Return the dtype in either byte order, where it has one."""
    other = dtype.newbyteorder()
    return [dtype] if other == dtype and str(other) == str(dtype) else [dtype, other]


def as_the_standard_pipe(obj: Any) -> Any:
    """Return what a standard pipe would deliver."""
    return ForkingPickler.loads(ForkingPickler.dumps(obj))


def _elements(array: np.ndarray[Any, Any]) -> bytes:
    """Return the bytes of all elements, without the padding between fields."""
    if array.dtype.names is None:
        return array.tobytes()
    return b"".join(_elements(np.asarray(array[name])) for name in array.dtype.names)


def assert_same(received: Any, sent: np.ndarray[Any, Any]) -> None:
    """Assert that nothing tells the two apart but that they are two, and one may be written to."""
    fortran = sent.flags.f_contiguous and not sent.flags.c_contiguous
    expected = sent.copy(order="F" if fortran else "C")
    assert type(received) is type(expected)
    assert received.dtype == sent.dtype
    assert repr(received.dtype) == repr(sent.dtype)
    assert received.dtype.isalignedstruct == sent.dtype.isalignedstruct
    assert received.dtype.metadata == sent.dtype.metadata
    assert received.shape == sent.shape
    assert received.strides == expected.strides or sent.size == 0
    assert received.flags.writeable
    assert received.flags.aligned
    assert _elements(received) == _elements(sent)
    if sent.flags.forc:  # a copy of any other does not copy the padding between fields
        assert received.tobytes(order="A") == sent.tobytes(order="A")
    assert not np.may_share_memory(received, sent)
