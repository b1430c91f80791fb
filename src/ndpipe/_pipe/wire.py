"""What travels through a connection: the wire format.

Two kinds of message share a connection, told apart by their first bytes. Integers are big endian.

A *standard message* is what :mod:`multiprocessing` itself writes::

    length    int32, or -1 and then a uint64 for a body of more than 0x7fffffff bytes
    body      a pickle, or whatever was given to ``send_bytes``

An *out-of-band message* carries arrays beside the object that holds them::

    magic     12 bytes   ff ff ff ff ff "ndpipe", and a byte for the kind: 01 pickled, 03 described
    length    uint64     length of the index in bytes
    check     uint32     CRC-32 of the index
    check     uint32     CRC-32 of the 24 bytes above
    index     kind 01, pickled: a list of (dtype, shape, "C" or "F"), one entry an array;
              then the pickle of the object, in which each array is a call of the function
              ``ndpipe._array`` with its place in that list and its class; left out where the
              object is itself the one array.
              kind 03, described: the same two parts in JSON, each array a place in the list
    arrays    the bytes of each array, in that order, with nothing between them; a full stop where
              a described message has none: there is something left to wait for when it is refused

A *spliced* message, kind 02, is a pickled one whose arrays' bytes do not follow the index: they
come through a pipe. A descriptor of its reading end is attached (``SCM_RIGHTS``) to the first byte
of the index, which is sent by itself, and this ends what goes through the connection::

    last      1 byte     a full stop, read when all arrays have come

Kinds 12, 22 and 32 are kind 02 too. The first digit says where the largest array begins in the
sender's memory, in units of 16 bytes past a multiple of 64: some processors copy
faster to memory that begins alike.

A standard end reads the magic as -1 and a length of more than 2**63 bytes, which no standard end
sends and which makes it raise `OverflowError`: the two kinds cannot be confused, and a peer that
does not know this format fails at once. The two checks mean that no length is believed, and
nothing is unpickled or allocated, before the bytes that say so are known to be those that were
sent.

An end with ``allow_pickle=False`` sends each object as a described message, all its arrays beside
it, and receives no other. The words of a description are those of ``ndpipe._pipe.description``.
"""

import pickle
import struct
import zlib
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from ndpipe._pipe.buffers import contiguous, raw
from ndpipe._pipe.layouts import REMEMBERED, CorruptMessageError, Layout
from ndpipe._pipe.pickling import dumps, is_plain, pickles_as_array
from ndpipe._pipe.plain_dtypes import is_usual

THRESHOLD = 1 << 16
"""Bytes from which an array travels out of band: below, the standard way is as fast."""

MARK = b"\xff\xff\xff\xff\xffndpipe"  # and a byte that says which kind of message it is
_KIND = len(MARK)  # where that stands
MAGICS = [MARK + bytes([kind]) for kind in (1, 2, 3, 0x12, 0x22, 0x32)]
MAGIC, SPLICED, DESCRIBED = MAGICS[:3]
_PLACES = 0x30  # the bits of a kind that say where an array begins
END = b"."
MAX_SHORT = 0x7FFFFFFF  # a longer body has its length in a uint64
IS_DESCRIBED = "the next message is an object: receive it with recv() or recv_into()"
HAS_ARRAYS = "the next message is an object with arrays: receive it with recv() or recv_into()"
INT32, UINT64 = struct.Struct("!i"), struct.Struct("!Q")
_HEAD = struct.Struct("!12sQI")
_CHECK = struct.Struct("!I")
HEAD_SIZE = _HEAD.size + _CHECK.size


def encode(obj: Any, threshold: int) -> tuple[bytes, list[memoryview]]:
    """Turn an object into the body of a standard message, or into an out-of-band message.

    Parameters
    ----------
    obj : object
        Any picklable object.
    threshold : int
        Arrays of at least so many bytes go out of band; at least 1.

    Returns
    -------
    start : bytes
        The body of a standard message if there are no such arrays; else the start of an
        out-of-band message, up to and with its index.
    arrays : list of memoryview
        The bytes of each array: no copy of a contiguous one, a copy in C order of any other.
    """
    cls = type(obj)
    if cls is not dict and is_plain(obj, threshold):
        return pickle.dumps(obj), []  # the same bytes, sooner
    if (
        cls is np.ndarray
        and obj.nbytes >= threshold
        and is_usual(obj.dtype)
        and pickles_as_array(np.ndarray)
    ):
        array = contiguous(obj)
        return head(MAGIC, index_for(Layout.of(array))), [raw(array)]  # the same, sooner
    pickled, arrays, is_array = dumps(obj, threshold)
    if not arrays:
        return pickled, []
    index = pickle.dumps([tuple(Layout.of(array)) for array in arrays])
    if not is_array:
        index += pickled
    return head(MAGIC, index), [raw(array) for array in arrays]


def index_for(layout: Layout) -> bytes:
    """Return the index of a message that is an array, whose dtype its text says all of."""
    return _index_for(layout.dtype.str, layout.shape, layout.order)


@lru_cache(maxsize=REMEMBERED)
def _index_for(dtype: str, shape: tuple[int, ...], order: Literal["C", "F"]) -> bytes:
    return pickle.dumps([(np.dtype(dtype), shape, order)])


def prefix(length: int) -> bytes:
    """Return what comes before the body of a standard message."""
    return INT32.pack(length) if length <= MAX_SHORT else INT32.pack(-1) + UINT64.pack(length)


def head(magic: bytes, index: bytes) -> bytes:
    """Return the start of an out-of-band message: its head, and the index."""
    head = _HEAD.pack(magic, len(index), zlib.crc32(index))
    return b"".join([head, _CHECK.pack(zlib.crc32(head)), index])


def is_described(start: bytes | bytearray) -> bool:
    """Whether the index of an out-of-band message is a description."""
    return start[_KIND] == DESCRIBED[_KIND]


def is_spliced(start: bytes | bytearray) -> bool:
    """Whether the arrays of an out-of-band message come through a pipe."""
    return start[_KIND] & ~_PLACES == SPLICED[_KIND]


def spliced(start: bytes, address: int = 0) -> bytes:
    """Return the start of a streamed message, up to and with its index, for spliced arrays.

    Parameters
    ----------
    start : bytes
        The start of the streamed message.
    address : int
        Where the largest array begins in memory.
    """
    return head(MARK + bytes([SPLICED[_KIND] | address & _PLACES]), start[HEAD_SIZE:])


def place_of(start: bytes | bytearray) -> int | None:
    """Return where the arrays begin in the sender's memory, in bytes past a multiple of 64."""
    return start[_KIND] & _PLACES if is_spliced(start) else None


def end_of(start: bytes, nbytes: int) -> bytes:
    """Return what ends an out-of-band message on the connection, after arrays of so many bytes."""
    return END if is_spliced(start) or (is_described(start) and not nbytes) else b""


def index_length(head: bytes) -> int:
    """Return the length of the index that follows `head`, the first HEAD_SIZE bytes."""
    _, length, _ = _HEAD.unpack_from(head)
    (check,) = _CHECK.unpack_from(head, _HEAD.size)
    if check != zlib.crc32(head[: _HEAD.size]):
        raise CorruptMessageError("its head fails its check")
    return int(length)


def index_of(start: bytes) -> memoryview:
    """Return the index at the end of `start`, once its check has been made."""
    index = memoryview(start)[HEAD_SIZE:]
    if zlib.crc32(index) != _HEAD.unpack_from(start)[2]:
        raise CorruptMessageError("its index fails its check")
    return index
