"""The arrays that are sent, and the checksum that verifies them."""

import numpy as np
from numpy.typing import NDArray

from ndpipe.transports.base import Array

__all__ = ["Digest", "checksum", "digest_of", "make_array", "read_lanes"]

Digest = tuple[int, str, tuple[int, ...]]
Words = NDArray[np.uint64]

# A prime, so that swapped pages, and rows of most lengths, change the sum of some lane.
_LANES = 1021
_ROW = 1 << 16  # values
_WEIGHTS = np.random.default_rng(0).integers(1, 2**63, _LANES, np.uint64) | np.uint64(1)


def make_array(nbytes: int) -> Array:
    """Return the random float64 array of this size; it is the same one each time.

    Its rows, of half a megabyte, are one random row plus a random number each: an array of values
    that are all drawn takes longer to make than to transfer.
    """
    random, array = np.random.default_rng(nbytes), np.empty(nbytes // 8)
    row, whole = random.random(_ROW), array.size - array.size % _ROW
    np.add(row, random.random((whole // _ROW, 1)), out=array[:whole].reshape(-1, _ROW))
    array[whole:] = row[: array.size - whole]
    return array


def checksum(array: Array) -> Digest:
    """Return a checksum over every byte, with dtype and shape.

    The array is read as 64-bit integers, which are added up in 1021 lanes; a weighted sum of the
    lanes is the checksum. It depends on every bit and on its place, except for moves by a
    multiple of 1021 values. It takes little longer than reading the memory.

    Parameters
    ----------
    array : ndarray of shape (n,), dtype float64

    Returns
    -------
    tuple of (int, str, tuple of int)
        The checksum, the dtype and the shape.

    Examples
    --------
    >>> import numpy as np
    >>> from ndpipe.compare import checksum
    >>> array = np.arange(10_000.0)
    >>> checksum(array) == checksum(array.copy())
    True
    >>> checksum(array) == checksum(array[::-1].copy())
    False
    """
    return digest_of(array, read_lanes(array))


def read_lanes(array: Array) -> tuple[Words, Words]:
    """Read every byte: return the sums of the lanes, and the values after the last full row."""
    words: Words = array.view(np.uint64)
    whole = words.size - words.size % _LANES
    return np.add.reduce(words[:whole].reshape(-1, _LANES), axis=0), words[whole:].copy()


def digest_of(array: Array, read: tuple[Words, Words]) -> Digest:
    """Return the checksum of an array that :func:`read_lanes` has read."""
    lanes, rest = read
    lanes[: rest.size] += rest
    return int((lanes * _WEIGHTS).sum()), array.dtype.str, array.shape
