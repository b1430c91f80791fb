"""What reads bytes of a peer that is not trusted, and what must hold whatever the bytes are.

Nothing but the exceptions that the reference names comes out; nothing is imported, opened or
executed; no more memory is taken than the limit, or than is in proportion to the bytes.
"""

import contextlib
import pickle
import random
import socket
import struct
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ndpipe._pipe import describing, in_band, wire
from ndpipe._pipe.description import Description
from ndpipe._pipe.index import Index
from ndpipe._pipe.layouts import CorruptMessageError
from ndpipe._pipe.limits import Limits
from ndpipe.connection import Connection

LIMIT = 1 << 18  # bytes, for a message of one of the fuzzer's
SLACK = 1 << 14  # bytes of the interpreter's own
OUTS = [np.zeros((2, 3), "<i4"), np.zeros(3, "<M8[s]"), np.zeros(2, "S3"), np.zeros(2, "<i4,>f8")]
# What an interpreter does by itself, and what ends a connection.
_HARMLESS = {"object.__getattr__", "sys._getframe", "socket.__new__", "gc.callback"}

_events: list[str] = []
_watching = False


def _hook(event: str, args: Any) -> None:
    if _watching and event not in _HARMLESS:
        _events.append(f"{event} {args!r:.100}")


sys.addaudithook(_hook)


@contextlib.contextmanager
def watched(most: int) -> Iterator[None]:
    """Fail if anything is imported, called or opened meanwhile, or more than `most` allocated."""
    global _watching
    started = not tracemalloc.is_tracing()
    if started:
        tracemalloc.start()
    _events.clear()
    before, _ = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    _watching = True
    try:
        yield
    finally:
        _watching = False
        _, peak = tracemalloc.get_traced_memory()
        if started:  # or it slows down all that runs after it, and counts for it
            tracemalloc.stop()
    assert not _events, f"it did this: {_events}"
    assert peak - before <= most, f"{peak - before} bytes were allocated, {most} are allowed"


def description(data: bytes) -> None:
    """Read an index that describes objects, and make the objects."""
    start = wire.head(wire.DESCRIBED, data)
    with watched(LIMIT + SLACK), contextlib.suppress(OSError):
        limits = Limits(False, LIMIT)
        index = Description(start, limits)
        limits.check_size(index.cost + index.nbytes)
        arrays = [layout.allocate() for layout in index.layouts]
        assert sum(array.nbytes for array in arrays) == index.nbytes
        made = arrays[0] if index.is_array else index.rebuild(arrays)
        del arrays
    with contextlib.suppress(NameError):
        sent_again(made)


def sent_again(made: Any) -> None:
    """Check that what was made can be sent, and is made again of that: it is of known types."""
    start, buffers = describing.encode(made)
    start, end = without_end(start)
    index = Description(start, Limits())
    assert (index.nbytes, index.end) == (sum(map(len, buffers)), end)


def without_end(start: bytes) -> tuple[bytes, bytes]:
    """Return a message up to its index, and what comes after that where there are no arrays."""
    size = wire.HEAD_SIZE + wire.index_length(start[: wire.HEAD_SIZE])
    return start[:size], start[size:]


def out_and_rest(data: bytes) -> tuple[np.ndarray[Any, Any], bytes]:
    """Return the array that is to be filled, which the first byte chooses, and the other bytes."""
    return OUTS[data[0] % len(OUTS) if data else 0], data[1:]


def array_in_a_pickle(data: bytes) -> None:
    """Look for an array in a standard message, as recv_into does."""
    out, data = out_and_rest(data)
    with watched(SLACK + 400 * len(data)), contextlib.suppress(TypeError, ValueError):
        assert len(in_band.decode_array(data, out)) == out.nbytes


def index_for_an_array(data: bytes) -> None:
    """Look for an array in the index of an out-of-band message, as recv_into does."""
    out, data = out_and_rest(data)
    start = wire.head(wire.MAGIC, data)
    errors = contextlib.suppress(TypeError, ValueError, CorruptMessageError)
    with watched(SLACK + 400 * len(data)), errors:
        index = Index(start, out)
        if index.is_array:
            index.layouts[0].check_into(out)


def connection(data: bytes) -> None:
    """Receive all that comes, by both ways, at an end without pickle: it ends in an OSError."""
    for receive in (Connection.recv, lambda end: end.recv_into(OUTS[0])):
        peer, ours = socket.socketpair()
        end = Connection(ours.detach(), allow_pickle=False, max_bytes=LIMIT)
        with peer, end:
            peer.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                peer.send(data)
            peer.shutdown(socket.SHUT_WR)
            with watched(LIMIT + SLACK):
                try:
                    for _ in range(len(data) + 1):
                        receive(end)
                except OSError:
                    assert end.closed
                except (EOFError, TypeError, ValueError):
                    pass


TARGETS: list[Callable[[bytes], None]] = [
    description,
    array_in_a_pickle,
    index_for_an_array,
    connection,
]


def seeds() -> Iterator[tuple[int, bytes]]:
    """Yield whole messages for each target, by its number, from which a fuzzer sets out."""
    array = OUTS[0]
    objects = [
        *(array, [array, (array.T,)], {"a": 1, 2: "\ud800", (3,): b"bytes"}, 2**70, 1j, np.inf),
        *(OUTS[1], OUTS[2], OUTS[3], np.float64(1), np.datetime64("2020"), [None, True, -0.0]),
    ]
    for obj in objects:
        start, buffers = describing.encode(obj)
        yield 0, without_end(start)[0][wire.HEAD_SIZE :]
        yield 3, b"".join([start, *buffers])
    for number, out in enumerate(OUTS):
        for protocol in range(6):
            yield 1, bytes([number]) + pickle.dumps(out, protocol)
        start, _ = wire.encode(out, 1)
        yield 2, bytes([number]) + start[wire.HEAD_SIZE :]
        yield 3, start
    yield 3, struct.pack("!i", 4) + b"text"


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return the bytes with a few of them changed, left out, moved or repeated."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at, n = rng.randrange(len(changed) + 1), rng.randint(1, 12)
        match rng.randrange(4):
            case 0:
                changed[at : at + 1] = rng.randbytes(1)
            case 1:
                del changed[at : at + n]
            case 2:
                changed[at:at] = changed[at : at + n] * rng.randint(1, 40)
            case 3:
                other = rng.randrange(len(changed) + 1)
                changed[at : at + n] = changed[other : other + n]
    return bytes(changed)
