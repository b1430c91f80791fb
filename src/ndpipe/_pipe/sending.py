"""What a connection sends, one message at a time, through the stream beneath it."""

from typing import Any

from ndpipe._pipe import describing, splice, wire
from ndpipe._pipe.stream import Stream

__all__ = ["send_bytes", "send_object"]

_SMALL = 16384  # bytes of a body that is written together with its length, as the standard one is


def send_object(
    stream: Stream,
    obj: Any,
    threshold: int,
    splice_threshold: int | None = None,
    allow_pickle: bool = True,
) -> None:
    """Send an object: as a standard message, or with its large arrays beside the pickle.

    Without pickle it is a description, with all its arrays beside it.
    """
    if not allow_pickle:
        # Never spliced: a peer that is not trusted could keep pages of the sender's memory.
        start, arrays = describing.encode(obj)
        if len(start) + sum(map(len, arrays)) <= _SMALL:
            start, arrays = b"".join([start, *arrays]), []
        stream.send(start, *arrays)
        return
    start, arrays = wire.encode(obj, threshold)
    if not arrays and len(start) <= _SMALL:
        stream.send(wire.INT32.pack(len(start)) + start)
    elif not arrays:
        send_bytes(stream, start)
    elif splice_threshold is None or sum(map(len, arrays)) < splice_threshold:
        stream.send(start, *arrays)
    else:
        way = splice.SplicedOutgoing if stream.file.unix_socket else None
        stream.send(start, *arrays, way=way)


def send_bytes(stream: Stream, body: bytes | memoryview) -> None:
    """Send a standard message."""
    prefix = wire.prefix(len(body))
    if len(body) <= _SMALL:
        stream.send(prefix + body)
    else:
        stream.send(prefix, body)
