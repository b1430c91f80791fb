"""What must come of a stream of bytes, by a reading of the wire format of its own."""

import struct
import sys
import zlib
from typing import Any, Literal, NamedTuple

import numpy as np
from tests.campaign.corpus import MARK, Corpus, Message

__all__ = ["Expected", "Oracle"]

_HEAD = 28  # bytes, of which the last eight are checks: of the index, and of what is before


class Expected(NamedTuple):
    """What the next receive has to make of the stream.

    Attributes
    ----------
    kind : str
        "end": nothing is left. "cut": it ends inside a message. "corrupt": what comes is not a
        message. "object": it is exactly this one. "strange": the checks of the format are right, or
        there are none; what the message means is not known.
    stop : int
        Where in the stream the next message begins, of an object or a strange body.
    message : Message, optional
        Which one it is, with the bytes of its arrays as they are in this stream: they are not
        checked, so that what was changed of them must arrive changed.
    """

    kind: Literal["end", "cut", "corrupt", "object", "strange"]
    stop: int = -1
    message: Message | None = None


class Oracle:
    """What reads streams of messages that were in a corpus before somebody changed them.

    Parameters
    ----------
    corpus : Corpus
        The messages.
    pickles : bool
        Whether the receiver takes pickles.
    """

    def __init__(self, corpus: Corpus, pickles: bool) -> None:
        self._pickles = pickles
        self._by_index: dict[bytes, Message] = {}
        self._by_body: dict[bytes, Message] = {}
        for message in corpus:
            if message.has_index:
                nbytes = sum(array.nbytes for array in message.arrays)
                start = message.data[: len(message.data) - nbytes]
                self._by_index[start[:12] + start[_HEAD:]] = message
            else:
                self._by_body[message.data[4:]] = message
        self._kinds = {start[:12] for start in self._by_index}

    def expect(self, stream: bytes, start: int) -> Expected:
        """Return what must come of the stream from `start` on."""
        data = stream[start:]
        if len(data) < 4:
            return Expected("cut" if data else "end")
        (length,), at = struct.unpack_from("!i", data), 4
        if length < -1:
            return Expected("corrupt")
        if length == -1:
            if len(data) < 12:
                return Expected("cut")
            if data[:12] in self._kinds:
                return self._expect_arrays(data, start)
            if data.startswith(MARK):
                return Expected("strange")
            (length,), at = struct.unpack_from("!Q", data, 4), 12
            if length > sys.maxsize:
                return Expected("corrupt")
        if not self._pickles:
            return Expected("corrupt")  # as this receiver sees it
        if len(data) < at + length:
            return Expected("cut")
        message = self._by_body.get(data[at : at + length])
        return Expected("object" if message else "strange", start + at + length, message)

    def _expect_arrays(self, data: bytes, start: int) -> Expected:
        if len(data) < _HEAD:
            return Expected("cut")
        length, of_index, of_head = struct.unpack_from("!QII", data, 12)
        if of_head != zlib.crc32(data[:24]):
            return Expected("corrupt")
        if len(data) < _HEAD + length:
            return Expected("cut")
        at = _HEAD + length
        index = data[_HEAD:at]
        if of_index != zlib.crc32(index):
            return Expected("corrupt")
        original = self._by_index.get(data[:12] + index)
        if original is None:
            return Expected("strange")
        arrays = []
        for array in original.arrays:
            part = data[at : at + array.nbytes]
            if len(part) < array.nbytes:
                return Expected("cut")
            arrays.append(_like(array, part))
            at += array.nbytes
        return Expected("object", start + at, original._replace(arrays=arrays))


def _like(array: np.ndarray[Any, Any], data: bytes) -> np.ndarray[Any, Any]:
    order: Literal["C", "F"] = "C" if array.flags.c_contiguous else "F"
    return np.ndarray(array.shape, array.dtype, bytearray(data), order=order)
