"""What the campaigns send: objects of many kinds, no two of which in a case are the same."""

import datetime
import random
from typing import Any

import numpy as np
from tests.campaign.outcomes import Wrong

__all__ = ["LARGEST", "compare", "make", "many", "size"]

LARGEST = 4 << 20  # bytes
_POOL = np.random.default_rng(0).integers(0, 256, 2 * LARGEST, np.uint8)
_DTYPES = ["u1", "?", "<i2", ">i4", "<f4", "<f8", "c16", "M8[ns]", "S5", "i4,f8"]


def bytes_of(rng: random.Random, number: int, nbytes: int) -> np.ndarray[Any, Any]:
    """Return random bytes, of which the first is the number."""
    start = rng.randrange(len(_POOL) - nbytes)
    array = _POOL[start : start + nbytes].copy()
    array[:1] = number
    return array


def array(rng: random.Random, number: int, largest: int = LARGEST) -> np.ndarray[Any, Any]:
    """Return an array of any layout, from one byte to `largest`, evenly by powers or in bytes."""
    by_powers = rng.random() < 0.5 or largest < 1 << 16
    nbytes = int(2 ** rng.uniform(0, np.log2(largest))) if by_powers else rng.randint(1, largest)
    data = bytes_of(rng, number, nbytes)
    dtype = np.dtype(rng.choice(_DTYPES))
    count = nbytes // dtype.itemsize
    if count == 0 or rng.random() < 0.3:
        return data
    if dtype.kind == "b":
        data &= 1
        data[:8] = [(number >> bit) & 1 for bit in range(8)][: len(data)]
        return data.view(dtype)
    result: np.ndarray[Any, Any] = data[: count * dtype.itemsize].view(dtype)
    layout = rng.choice(["line", "table", "Fortran", "steps"])
    if layout == "line" or count < 6:
        return result
    result = result[: count // 3 * 3].reshape(3, -1)
    if layout == "Fortran":
        return np.asfortranarray(result)
    return result[:, ::2] if layout == "steps" else result


def make(rng: random.Random, number: int, pickles: bool = True, largest: int = LARGEST) -> Any:
    """Return an object that says which it is, by its number below 256."""
    kind = rng.randrange(10)
    if kind < 5:
        return array(rng, number, largest)
    if kind == 5:
        return {
            "number": number,
            "arrays": [array(rng, number, largest), array(rng, number, largest)],
        }
    if kind == 6:
        return [number, array(rng, number, 1000), "text" * rng.randrange(9), None, 1.5, True]
    if kind == 7:
        return bytes_of(rng, number, rng.randrange(1, 1 << 17)).tobytes()
    if kind == 8 and pickles:
        return [number, datetime.timedelta(number), 1j * number, {number}]
    return [number, "x" * rng.randrange(30_000)]


def many(rng: random.Random, count: int, pickles: bool = True, largest: int = LARGEST) -> list[Any]:
    """Return objects that all differ."""
    return [make(rng, number, pickles, largest) for number in range(count)]


def size(obj: Any) -> int:
    """Return about how many bytes an object has to send."""
    if isinstance(obj, np.ndarray):
        return obj.nbytes
    if isinstance(obj, dict):
        return sum(map(size, obj.values()))
    if isinstance(obj, list):
        return sum(map(size, obj))
    return len(obj) if isinstance(obj, bytes | str) else 8


def compare(received: Any, sent: Any) -> None:
    """Raise `Wrong` unless the two are equal to the last byte, and of the same kind."""
    try:
        _compare(received, sent)
    except Wrong:
        raise
    except Exception as error:
        raise Wrong(f"{received!r:.200} for {sent!r:.200}") from error


def _compare(received: Any, sent: Any) -> None:
    if type(received) is not type(sent):
        raise Wrong(f"{type(received)} for {type(sent)}")
    if isinstance(sent, np.ndarray):
        _compare_arrays(received, sent)
    elif isinstance(sent, dict):
        if list(received) != list(sent):
            raise Wrong("other keys")
        for key, value in sent.items():
            _compare(received[key], value)
    elif isinstance(sent, list):
        if len(received) != len(sent):
            raise Wrong(f"{len(received)} elements for {len(sent)}")
        for one, other in zip(received, sent, strict=True):
            _compare(one, other)
    elif received != sent:
        raise Wrong(f"{received!r:.100} for {sent!r:.100}")


def _compare_arrays(received: np.ndarray[Any, Any], sent: np.ndarray[Any, Any]) -> None:
    order = "F" if sent.flags.f_contiguous and not sent.flags.c_contiguous else "C"
    sent = np.asarray(sent, order=order) if sent.flags.forc else sent.copy()
    for attribute in ("dtype", "shape", "strides"):
        one, other = getattr(received, attribute), getattr(sent, attribute)
        if repr(one) != repr(other):
            raise Wrong(f"{attribute} {one} for {other}")
    if not (received.flags.writeable and received.flags.aligned):
        raise Wrong(f"flags: {received.flags}")
    different = np.flatnonzero(_bytes(received) != _bytes(sent))
    if len(different):
        raise Wrong(f"{len(different)} bytes differ, the first at {different[0]} of {sent.nbytes}")


def _bytes(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array.reshape(-1, order="A").view(np.uint8)
