"""An array in a standard message: its bytes are found, and nothing but an array is unpickled."""

import io
import pickle
import struct
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ndpipe._pipe.buffers import plain_view
from ndpipe._pipe.layouts import REMEMBERED, CorruptMessageError, Layout
from ndpipe._pipe.plain_dtypes import is_usual
from ndpipe._pipe.raised import fails
from ndpipe._pipe.unpickling import ArrayUnpickler, Described

__all__ = ["NOT_AN_ARRAY", "decode_array", "load_only_array"]

NOT_AN_ARRAY = "the next message is not an array: receive it with recv() or recv_bytes()"
_STOP = b"."  # ends a pickle
_UNFRAMED = 1 << 16  # bytes that a pickle has outside of its frames (PEP 3154)
_MOST_AROUND = 1 << 12  # bytes of an array's pickle beside those of its elements, where it is known


def decode_array(body: bytes, out: NDArray[Any]) -> bytes | memoryview:
    """Return the bytes of the array in a standard message, or raise unless they fit into `out`.

    `body` is all of the message's body but its last byte, which in a pickle is always a full stop.
    """
    view = plain_view(out)
    size = view.nbytes
    if size <= len(body) <= size + _MOST_AROUND:
        start, end = _frame_of(view)
        is_like_out = start and len(body) == len(start) + size + len(end)
        if is_like_out and body.startswith(start) and body.endswith(end):
            return memoryview(body)[len(start) : len(start) + size]
    array, _ = load_only_array(body + _STOP, out)
    if not isinstance(array, Described):
        raise TypeError(NOT_AN_ARRAY)
    try:
        layout = Layout(array.dtype, array.shape, array.order).known_by(out)
    except (AttributeError, CorruptMessageError):
        raise TypeError(NOT_AN_ARRAY) from None
    layout.check_into(out)
    if type(array.data) is not bytes or len(array.data) != size:
        raise TypeError(NOT_AN_ARRAY)
    return array.data


def _frame_of(view: NDArray[Any]) -> tuple[bytes, bytes]:
    """Return how the pickle of such an array begins and ends, around its bytes, but for its stop.

    An array of this layout, pickled as here, is known by them: nothing need be unpickled. Both
    are empty if the pickle is not of the form that is expected.
    """
    dtype, shape, order = Layout.of(view)
    return _frame_of_layout(dtype.str, shape, order) if is_usual(dtype) else _frame(view)


@lru_cache(maxsize=REMEMBERED)
def _frame_of_layout(dtype: str, shape: tuple[int, ...], order: Any) -> tuple[bytes, bytes]:
    return _frame(np.empty(shape, dtype, order))


def _frame(view: NDArray[Any]) -> tuple[bytes, bytes]:
    size, pickled, end = view.nbytes, pickle.dumps(view, 4)[: -len(_STOP)], b"\x94t\x94b"
    if size >= _UNFRAMED:  # then a frame of its own follows the bytes
        end = b"\x95" + struct.pack("<Q", len(end + _STOP)) + end
    start = pickled[: len(pickled) - len(end) - size]
    says_size = b"C" + bytes([size]) if size < 256 else b"B" + size.to_bytes(8, "little")[:4]
    return (start, end) if start.endswith(says_size) and pickled.endswith(end) else (b"", b"")


def load_only_array(data: bytes | bytearray, out: NDArray[Any]) -> tuple[Any, int]:
    """Unpickle an array like `out`; return it with the place where its pickle ends.

    Raise TypeError if it is anything else: the unpickler has no other names.
    """

    def load() -> tuple[Any, int]:
        file = io.BytesIO(data)
        return ArrayUnpickler(file, out).load(), file.tell()

    try:
        return load()
    except Exception as error:
        if fails(load):
            raise TypeError(NOT_AN_ARRAY) from error
        raise
