"""What a connection is: a model of two ends, for random programs to be checked against.

The model has, for each direction, the messages that were sent and not yet received, and for each
end one of these states: open (idle, with or without a message that was refused and is still
there), closed by its program, or closed for a reason. Whatever a program does, what is received
is the next message, exactly, or an error that the state explains.
"""

import multiprocessing
from collections import deque
from typing import Any

import numpy as np
import pytest
from deadlines import Elsewhere
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize
from pipes_under_test import MAKES

THRESHOLD = 100
MOST = 3  # messages on their way in one direction: no send has to wait for its receiver
MAGIC = b"\xff\xff\xff\xff\xffndpipe\x01"

SMALL, LARGE = np.arange(7, dtype=">i2"), np.arange(500.0).reshape(50, 10)
OBJECTS = [
    None, "text", [1, 2.5], b"", b"x" * 20_000, SMALL, LARGE, LARGE.T, LARGE[::2], np.zeros(0),
    {"nested": [LARGE, SMALL, np.zeros((3, 0))]}, np.array(["2020"] * 40, "M8[D]"),
]  # fmt: skip
BODIES = [b"", b".", b"bytes", MAGIC, MAGIC + bytes(100), b"y" * 17_000]
ENDS = st.sampled_from([0, 1])


class Message:
    """What was sent: an object, or bytes."""

    def __init__(self, what: Any, kind: str) -> None:
        self.what, self.kind = what, kind

    @property
    def is_array(self) -> bool:
        """Whether recv_into may take it."""
        return self.kind == "object" and type(self.what) is np.ndarray

    @property
    def has_arrays(self) -> bool:
        """Whether some array in it travels out of band."""
        arrays = [self.what] if type(self.what) is np.ndarray else []
        if isinstance(self.what, dict):
            arrays = self.what["nested"]
        return self.kind == "object" and any(array.nbytes >= THRESHOLD for array in arrays)


class Timely:
    """An end whose every call ends in time, or fails."""

    def __init__(self, end: Any, elsewhere: Elsewhere) -> None:
        self.end, self.elsewhere = end, elsewhere

    def __getattr__(self, name: str) -> Any:
        what = getattr(self.end, name)
        if not callable(what):
            return what
        return lambda *args: self.elsewhere(what, *args, seconds=5)


class Ends(RuleBasedStateMachine):
    """Two ends, the model of each, and the ends of a standard pipe that see the same calls."""

    make = "descriptors"

    @initialize(duplex=st.booleans())
    def begin(self, duplex: bool) -> None:
        self.elsewhere = Elsewhere()
        ends = MAKES[self.make](duplex, threshold=THRESHOLD)
        self.ends = [Timely(end, self.elsewhere) for end in ends]
        self.standard = list(multiprocessing.Pipe(duplex))
        self.sent: list[deque[Message]] = [deque(), deque()]  # by each end
        self.state = ["open", "open"]
        self.refused = [False, False]  # whether the next message was refused already
        self.may = [(True, duplex), (duplex, True)]  # whether each receives, and sends
        self.broken = False  # the standard pipe has seen something else

    def teardown(self) -> None:
        for end in [*getattr(self, "ends", []), *getattr(self, "standard", [])]:
            end.close()
        if hasattr(self, "elsewhere"):
            self.elsewhere.stop()

    def can_send(self, i: int) -> bool:
        return self.state[i] == "open" and self.may[i][1]

    def room(self, i: int) -> bool:
        return len(self.sent[i]) < MOST

    def next_for(self, i: int) -> Message | None:
        queue = self.sent[1 - i]
        return queue[0] if queue else None

    def taken(self, i: int) -> None:
        self.sent[1 - i].popleft()
        self.refused[i] = False

    def without_message(self, i: int, call: Any) -> bool:
        """Check the call where there is no message to receive; return whether that was so."""
        if self.state[i] != "open":
            self.expect_closed(i, call)
        elif not self.may[i][0]:
            with pytest.raises(OSError, match="write-only"):
                call()
        elif (message := self.next_for(i)) is not None and message.kind != "half":
            return False
        elif message is not None:
            with pytest.raises((EOFError, OSError, TypeError, ValueError)):
                call()
            if self.ends[i].closed:
                self.state[i] = "closed: a receive"
        elif self.state[1 - i] != "open":
            with pytest.raises(EOFError):
                call()
            assert not self.ends[i].closed
        return True  # or a receive would wait

    def expect_closed(self, i: int, call: Any, *args: Any) -> None:
        with pytest.raises(OSError, match="closed") as caught:
            call(*args)
        assert self.state[i] in str(caught.value)

    def oracle(self, i: int, call: Any) -> None:
        """Let the standard pipe do the same, which must come to the same, and take its message."""
        if not self.broken:
            assert call(self.standard[i]) is not False


def same_values(standard: Any, received: Any) -> bool:
    """Whether the standard pipe delivered the same, up to the byte order of arrays."""
    if isinstance(received, np.ndarray):
        return bool((standard == received).all() and standard.shape == received.shape)
    if isinstance(received, dict):
        return all(map(same_values, standard["nested"], received["nested"]))
    return bool(standard == received)
