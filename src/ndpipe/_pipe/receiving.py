"""What a connection receives, one message at a time, from the stream beneath it.

Each function reads the whole message or refuses it. It returns the message only if no exception
arrived in between; its caller, the public method, stops the transfer otherwise.
"""

import pickle
import sys
from collections.abc import Callable
from multiprocessing import BufferTooShort
from typing import Any, Never

import numpy as np
from numpy.typing import NDArray

from ndpipe._pipe import description, unsplice, wire
from ndpipe._pipe.buffers import raw
from ndpipe._pipe.growing import grow, new_memory
from ndpipe._pipe.in_band import NOT_AN_ARRAY, decode_array
from ndpipe._pipe.incoming import Incoming
from ndpipe._pipe.index import Index
from ndpipe._pipe.layouts import CorruptMessageError, Layout
from ndpipe._pipe.limits import LimitError, Limits
from ndpipe._pipe.raised import fails

__all__ = ["receive_array", "receive_bytes", "receive_bytes_into", "receive_object"]

_EMPTY = bytes(4)
_BELIEVED = 1 << 24  # bytes of an array that are allocated before they come


def receive_object(message: Incoming, limits: Limits) -> Any:
    """Receive any object that `limits` allow."""
    arrays: list[NDArray[Any]] = []
    try:
        with message.turn:
            try:
                message.begin()
                prefix, length = _read_prefix(message, limits)
                if length is not None:
                    if not limits.allow_pickle:
                        limits.check_pickle()
                    body = message.take(length)
                else:
                    index = _read_index(message, prefix, limits)
                    is_believed = limits.allow_pickle or limits.max_bytes is not None
                    unsplice.begin_arrays(message)
                    for layout in index.layouts:
                        arrays.append(_receive_new(message, layout, is_believed, index.place))
                    unsplice.end_arrays(message)
                    _receive_end(message, index)
            finally:
                message.end()
        if length is None and index.is_array:
            return arrays[0]
        load: Any = pickle.loads if length is not None else index.rebuild
        data: Any = body if length is not None else arrays
        try:
            return load(data)
        except CorruptMessageError:
            raise
        except BaseException:
            # If the message is to blame, it has been received all the same.
            if fails(load, data):
                message.settle()
            raise
    except BaseException as error:
        message.stop(error)
        raise


def _receive_new(
    message: Incoming, layout: Layout, is_believed: bool, place: int | None
) -> NDArray[Any]:
    """Receive an array into new memory: of its size if that is believed, else as bytes come."""
    if is_believed or layout.nbytes <= _BELIEVED:
        array = layout.allocate(place)
        message.fill(raw(array))
        return array
    memory, done = new_memory(_BELIEVED), 0
    while True:
        message.fill(memoryview(memory)[done:])
        done = len(memory)
        if done == layout.nbytes:
            return np.ndarray(layout.shape, layout.dtype, memory, order=layout.order)
        grow(memory, min(2 * done, layout.nbytes))


def receive_array(message: Incoming, out: NDArray[Any], limits: Limits) -> NDArray[Any]:
    """Receive an array into `out`, or refuse the message before a byte of the array is read."""
    try:
        with message.turn:
            try:
                message.begin()
                # Of an empty message nothing would be left to wait for.
                if message.peek(4) == _EMPTY and limits.allow_pickle:
                    message.refuse(b"")
                    raise TypeError(NOT_AN_ARRAY)
                prefix, length = _read_prefix(message, limits)
                if length is None:
                    index = _read_index(message, prefix, limits, out)
                    unsplice.begin_arrays(message)
                    message.fill(raw(out))
                    unsplice.end_arrays(message)
                    _receive_end(message, index)
                else:
                    limits.check_pickle()
                    # All but the last byte, which in a pickle is always a full stop: left in the
                    # stream, it lets wait() still see a message that is refused.
                    body = message.take(max(length - 1, 0))
                    try:
                        data = decode_array(body, out)
                    except BaseException:
                        message.refuse(prefix + body)
                        raise
                    message.take(1)
                    raw(out)[:] = data
            finally:
                message.end()
        return out
    except BaseException as error:
        message.stop(error)
        raise


def receive_bytes(
    message: Incoming, maxsize: int | None, refuse: Callable[[], Never], limits: Limits
) -> bytes:
    """Receive the body of a standard message; call `refuse` if it is longer than `maxsize`."""
    try:
        body = _read_body(message, maxsize, limits)
        if body is None:
            refuse()
        return body
    except BaseException as error:
        message.stop(error)
        raise


def receive_bytes_into(message: Incoming, view: memoryview, limits: Limits) -> int:
    """Receive the body of a standard message into a buffer, and return its length."""
    try:
        body = _read_body(message, None, limits) or b""
        if len(view) < len(body):
            message.settle()
            raise BufferTooShort(body)
        view[: len(body)] = body
        return len(body)
    except BaseException as error:
        message.stop(error)
        raise


def _read_body(message: Incoming, maxsize: int | None, limits: Limits) -> bytes | None:
    """Read the body of a standard message; None if it is longer than `maxsize`."""
    with message.turn:
        try:
            message.begin()
            prefix, length = _read_prefix(message, limits)
            if length is None:
                message.refuse(prefix)
                is_described = wire.is_described(prefix)
                raise TypeError(wire.IS_DESCRIBED if is_described else wire.HAS_ARRAYS)
            if maxsize is not None and length > maxsize:
                message.settle()  # the caller ends receiving
                return None
            return message.take(length)
        finally:
            message.end()


def _read_prefix(message: Incoming, limits: Limits) -> tuple[bytearray, int | None]:
    """Read the start of a message; return it with the length of the body that follows.

    The length is None if no standard body follows, but an index.
    """
    prefix = message.first()
    length: int
    (length,) = wire.INT32.unpack(prefix)
    if length < 0:
        if length != -1:
            raise CorruptMessageError(f"it declares {length} bytes")
        message.total = len(wire.MAGIC)
        prefix = prefix + message.take(len(wire.MAGIC) - len(prefix))  # not in place: it is kept
        if prefix in wire.MAGICS:
            return prefix, None
        (length,) = wire.UINT64.unpack_from(prefix, wire.INT32.size)
        if length > sys.maxsize:
            raise CorruptMessageError(f"it declares {length} bytes")
    message.total += length
    if limits.max_bytes is not None:
        limits.check_size(length)
    return prefix, length


def _read_index(
    message: Incoming, prefix: bytearray, limits: Limits, out: NDArray[Any] | None = None
) -> Index | description.Description:
    """Read what describes the arrays of a message, or refuse it if `out` cannot hold them."""
    is_described = wire.is_described(prefix)
    if not is_described:
        limits.check_pickle()
    message.total = wire.HEAD_SIZE
    head = bytes(prefix) + message.take(wire.HEAD_SIZE - len(prefix))
    length = wire.index_length(head)
    message.total += length
    if is_described:
        description.check_length(length, limits)
    limits.check_size(length)
    if wire.is_spliced(head) and length:
        head += unsplice.take_pipe(message)
    start = head + message.take(wire.HEAD_SIZE + length - len(head))
    try:
        index: Index | description.Description
        index = description.Description(start, limits) if is_described else Index(start, out)
        if out is None:
            limits.check_size(index.cost + index.nbytes)
        else:
            if not index.is_array:
                raise TypeError(NOT_AN_ARRAY)
            index.layouts[0].check_into(out)
    except (CorruptMessageError, LimitError):
        raise
    except BaseException:
        if out is not None:
            message.refuse(start)
        raise
    message.total += index.nbytes + len(index.end)
    return index


def _receive_end(message: Incoming, index: Index | description.Description) -> None:
    if message.take(len(index.end)) != index.end:
        raise CorruptMessageError("it has no end")
