"""What travels through a connection: the wire format.

Two kinds of message share a connection, told apart by their first bytes. Integers are big endian.

A *standard message* is what :mod:`multiprocessing` itself writes::

    length    int32, or -1 and then a uint64 for a body of more than 0x7fffffff bytes
    body      a pickle, or whatever was given to ``send_bytes``

An *out-of-band message* carries large arrays beside the pickle of the object that holds them::

    magic     12 bytes   ff ff ff ff ff "ndpipe" 01
    length    uint64     length of the index in bytes
    check     uint32     CRC-32 of the index
    check     uint32     CRC-32 of the 24 bytes above
    index     one pickle: a list of (dtype, shape, "C" or "F"), one entry an array;
              then the pickle of the object, in which each array is replaced by its place in that
              list; it is left out where the object is itself the one array
    arrays    the bytes of each array, in that order, with nothing between them

A standard end reads the magic as -1 and a length of more than 2**63 bytes, which no standard end
sends and which makes it raise `OverflowError`: the two kinds cannot be confused, and a peer that
does not know this format fails at once. The two checks mean that no length is believed, and
nothing is unpickled or allocated, before the bytes that say so are known to be those that were
sent.
"""

import copyreg
import io
import math
import pickle
import struct
import zlib
from multiprocessing.reduction import ForkingPickler
from typing import Any, Literal, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 1 << 17
"""Bytes from which an array travels out of band: below, the standard way is as fast."""

MAGIC = b"\xff\xff\xff\xff\xffndpipe\x01"
MAX_SHORT = 0x7FFFFFFF  # a longer body has its length in a uint64
_NOT_AN_ARRAY = "the next message is not an array: receive it with recv() or recv_bytes()"
HAS_ARRAYS = "the next message is an object with arrays: receive it with recv() or recv_into()"
INT32, UINT64 = struct.Struct("!i"), struct.Struct("!Q")
_HEAD = struct.Struct("!12sQI")
_CHECK = struct.Struct("!I")
HEAD_SIZE = _HEAD.size + _CHECK.size

# The kinds of dtype whose elements are nothing but their bytes. Not "O" (references), not "T"
# (strings of variable width, kept elsewhere).
_PLAIN_KINDS = frozenset("biufcmMSUV")


class Layout(NamedTuple):
    """What must be known of an array before its bytes can be received."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    order: Literal["C", "F"]

    @classmethod
    def of(cls, array: NDArray[Any]) -> "Layout":
        """Return the layout in which `array` travels: Fortran order only where it is not C."""
        flags = array.flags
        fortran = flags.f_contiguous and not flags.c_contiguous
        return cls(array.dtype, array.shape, "F" if fortran else "C")

    def allocate(self) -> NDArray[Any]:
        """Return an array of this layout with undefined contents."""
        return np.empty(self.shape, self.dtype, self.order)

    @property
    def nbytes(self) -> int:
        """The size of an array of this layout in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize

    def check_into(self, out: NDArray[Any]) -> None:
        """Raise if an array of this layout cannot be received into `out`."""
        message = "the array in the message"
        if out.dtype != self.dtype:
            raise ValueError(f"{message} has dtype {self.dtype}, out has {out.dtype}")
        if out.shape != self.shape:
            raise ValueError(f"{message} has shape {self.shape}, out has {out.shape}")
        if not (out.flags.f_contiguous if self.order == "F" else out.flags.c_contiguous):
            raise ValueError(f"{message} is in {self.order} order, out is not")


def raw(array: NDArray[Any]) -> memoryview:
    """Return the bytes of a contiguous array as a flat buffer, without copying them.

    Not ``memoryview(array).cast("B")``: that fails for Fortran order, datetime64 and size zero.
    """
    buffer: Any = array.view(np.ndarray).reshape(-1, order="A").view(np.uint8)
    return memoryview(buffer)


def contiguous(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array itself if it is in C or Fortran order, else a copy in C order."""
    return array if array.flags.forc else array.copy(order="C")


def flat(buffer: Any) -> memoryview:
    """Return a C-contiguous buffer as one of bytes in one dimension."""
    view = memoryview(buffer)
    if view.nbytes == 0:  # which cast() refuses
        return memoryview(b"" if view.readonly else bytearray())
    return view.cast("B")


def flat_writeable(buffer: Any) -> memoryview:
    """Return a C-contiguous buffer as one of bytes that can be written, or raise."""
    view = flat(buffer)
    if view.readonly:
        raise TypeError("the buffer is read-only")
    return view


def is_plain(array: NDArray[Any]) -> bool:
    """Whether the bytes, the layout and the class of an array are all there is to it."""
    cls, dtype = type(array), array.dtype
    return (
        dtype.kind in _PLAIN_KINDS
        and not dtype.hasobject
        # A subclass that pickles itself (a masked array, say) has more to say than its bytes.
        and cls.__reduce__ is np.ndarray.__reduce__
        and cls.__reduce_ex__ is np.ndarray.__reduce_ex__
        and cls.__setstate__ is np.ndarray.__setstate__
        and cls not in copyreg.dispatch_table
    )


def check_destination(out: NDArray[Any]) -> None:
    """Raise unless some array could be received into `out`."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be an ndarray, not {type(out).__name__}")
    if not is_plain(out):
        raise TypeError(f"out is {type(out).__name__} of {out.dtype}: more than its bytes")
    if not out.flags.writeable:
        raise ValueError("out is read-only")
    if not out.flags.forc:
        raise ValueError("out must be contiguous, in C or Fortran order")


# The reducers that only multiprocessing knows: for sockets, say.
_REDUCERS: dict[type, Any] = ForkingPickler._extra_reducers  # type: ignore[attr-defined]


class _Pickler(pickle.Pickler):
    """The pickler of multiprocessing, but that it sets large arrays aside.

    Not a subclass of `ForkingPickler`, which copies its table of reducers for every message.
    """

    threshold: int
    arrays: list[NDArray[Any]]

    def reducer_override(self, obj: Any) -> Any:
        cls = type(obj)
        if cls in _REDUCERS:
            return _REDUCERS[cls](obj)
        if not isinstance(obj, np.ndarray):
            return NotImplemented
        if obj.nbytes >= self.threshold and is_plain(obj):
            self.arrays.append(obj)
            return _received, (len(self.arrays) - 1, cls)
        if obj.dtype.byteorder in "=|" or not is_plain(obj):
            return NotImplemented
        # NumPy unpickles an array of the other byte order into one of this machine's. Its bytes as
        # an array of their own, and how to make it of them, is what a standard end can unpickle.
        array = contiguous(obj)
        dtype, shape, order = Layout.of(array)
        buffer = np.frombuffer(raw(array), np.uint8)
        return copyreg.__newobj__, (cls, shape, dtype, buffer, 0, None, order)  # type: ignore[attr-defined]


def encode(obj: Any, threshold: int) -> tuple[bytes | memoryview, list[memoryview]]:
    """Turn an object into the body of a standard message, or into an out-of-band message.

    Parameters
    ----------
    obj : object
        Any picklable object.
    threshold : int
        Arrays of at least so many bytes, and of at least one, go out of band.

    Returns
    -------
    start : bytes-like
        The body of a standard message if there are no such arrays; else the start of an
        out-of-band message, up to and with its index.
    arrays : list of memoryview
        The bytes of each array: no copy of a contiguous one, a copy in C order of any other.
    """
    file = io.BytesIO()
    pickler = _Pickler(file)
    pickler.threshold, pickler.arrays = threshold or 1, []
    if type(obj) is not np.ndarray:
        pickler.dump(obj)
    elif pickler.reducer_override(obj) is NotImplemented and is_plain(obj):
        return pickle.dumps(obj), []  # the same bytes, sooner: there is nothing in it to set aside
    elif not pickler.arrays:
        pickler.dump(obj)
    if not pickler.arrays:
        # Not getbuffer(): kept in a traceback, it crashes Python 3.12.1 (cpython#111049). When the
        # file goes out of use, as here, getvalue() does not copy.
        return file.getvalue(), []
    arrays = [contiguous(array) for array in pickler.arrays]
    index = pickle.dumps([tuple(Layout.of(a)) for a in arrays]) + file.getvalue()
    head = _HEAD.pack(MAGIC, len(index), zlib.crc32(index))
    return b"".join([head, _CHECK.pack(zlib.crc32(head)), index]), [raw(a) for a in arrays]


def prefix(length: int) -> bytes:
    """Return what comes before the body of a standard message."""
    return INT32.pack(length) if length <= MAX_SHORT else INT32.pack(-1) + UINT64.pack(length)


def index_length(head: bytes) -> int:
    """Return the length of the index that follows `head`, the first HEAD_SIZE bytes."""
    magic, length, _ = _HEAD.unpack_from(head)
    (check,) = _CHECK.unpack_from(head, _HEAD.size)
    if magic != MAGIC or check != zlib.crc32(head[: _HEAD.size]):
        raise OSError("corrupt message: its head fails its check")
    return int(length)


class Index:
    """What an out-of-band message holds: the layout of each array, and the object around them."""

    def __init__(self, start: bytes) -> None:
        index = start[HEAD_SIZE:]
        if zlib.crc32(index) != _HEAD.unpack_from(start)[2]:
            raise OSError("corrupt message: its index fails its check")
        self._file = io.BytesIO(index)
        self._layouts = [Layout(*entry) for entry in pickle.load(self._file)]
        self.nbytes = sum(layout.nbytes for layout in self._layouts)
        self._is_bare_array = self._file.tell() == len(index)

    def check_into(self, out: NDArray[Any]) -> None:
        """Raise unless the message is an array that can be received into `out`."""
        if not self._is_bare_array:
            raise TypeError(_NOT_AN_ARRAY)
        self._layouts[0].check_into(out)

    def allocate(self) -> list[NDArray[Any]]:
        """Return the arrays of the message, for their bytes to be received into."""
        self._arrays = [layout.allocate() for layout in self._layouts]
        return self._arrays

    def rebuild(self) -> Any:
        """Return the object that was sent, around the arrays that were received."""
        if self._is_bare_array:
            return self._arrays[0]
        return _ArraysBeside(self._file, self._arrays).load()


def _received(*_: Any) -> NoReturn:
    """Stand for an array in the pickle of an object; `_ArraysBeside` puts the array there."""
    raise pickle.UnpicklingError("this pickle's arrays travelled beside it; only recv() has them")


class _ArraysBeside(pickle.Unpickler):
    """An unpickler that has the arrays which came out of band."""

    def __init__(self, file: io.BytesIO, arrays: list[NDArray[Any]]) -> None:
        super().__init__(file)
        self._arrays = arrays

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == (__name__, _received.__name__):
            return self._received
        return super().find_class(module, name)

    def _received(self, number: int, cls: type[NDArray[Any]]) -> NDArray[Any]:
        array = self._arrays[number]
        if cls is np.ndarray:
            return array
        # As unpickling does it: the class sees a new array, not a view of another.
        dtype, shape, order = Layout.of(array)
        return np.ndarray.__new__(cls, shape, dtype, raw(array), 0, None, order)


class _ArrayOnly(pickle.Unpickler):
    """An unpickler for an array and nothing that might do anything when it is unpickled."""

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] not in ("numpy", "_codecs"):
            raise TypeError(_NOT_AN_ARRAY)
        return super().find_class(module, name)


def decode_array(body: bytes) -> NDArray[Any]:
    """Unpickle an array from the body of a standard message, or raise TypeError."""
    try:
        array = _ArrayOnly(io.BytesIO(body)).load()
    except (pickle.UnpicklingError, EOFError, ValueError, KeyError, IndexError) as error:
        raise TypeError(_NOT_AN_ARRAY) from error
    if type(array) is not np.ndarray:
        raise TypeError(_NOT_AN_ARRAY)
    return array
