"""The bytes of a message, to be written to a connection in part or with changes."""

import os
import socket
import threading
from typing import Any

import ndpipe
from ndpipe.connection import Connection


def record(obj: Any, threshold: int = 1, **limits: Any) -> bytes:
    """Return the bytes with which `obj` travels, where it is not spliced."""
    a, b = ndpipe.Pipe(threshold=threshold, splice_threshold=None, **limits)
    chunks = []

    def drain() -> None:
        while chunk := os.read(b.fileno(), 1 << 16):
            chunks.append(chunk)

    thread = threading.Thread(target=drain)
    thread.start()
    with a:
        a.send(obj)
    thread.join()
    b.close()
    return b"".join(chunks)


def play(data: bytes, **limits: Any) -> Connection:
    """Return an end to which the peer wrote `data` before it closed its own."""
    peer, ours = socket.socketpair()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    with peer:
        peer.setblocking(False)
        assert peer.send(data) == len(data) if data else True, "more than the socket holds"
    return Connection(ours.detach(), threshold=1, **limits)
