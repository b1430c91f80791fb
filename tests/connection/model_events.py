"""What happens to the ends of the model besides transfers: exceptions, forks, passing, closing."""

from typing import Any

import numpy as np
from deadlines import unread
from forking import in_fork, outcome
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from injection import Injection
from model import ENDS, LARGE, Ends, Message, Timely
from pipes_under_test import MAKES
from transfer_cases import OUTCOMES, TYPES, same


class Events(Ends):
    """Rules for all that is no transfer that ends as it should."""

    @rule(i=ENDS, point=st.integers(0, 600), cls=st.sampled_from(TYPES), how=st.integers(0, 2))
    def interrupt_a_receive(self, i: int, point: int, cls: Any, how: int) -> None:
        message = self.next_for(i)
        if self.state[i] != "open" or not self.may[i][0] or message is None:
            return
        if message.kind == "half":
            return
        if message.kind == "bytes":
            call = self.ends[i].end.recv_bytes
        elif how and message.is_array:
            call = lambda: self.ends[i].end.recv_into(np.full((2, 3), 9.0))  # noqa: E731 - one of three calls
        else:
            call = self.ends[i].end.recv
        injection = Injection({point: cls()})
        result = error = None
        try:
            result = self.elsewhere(injection.run, call, seconds=5)
        except OUTCOMES as caught:
            error = caught
        if error is None:
            assert same(result, message.what)
            self.taken(i)
            self.oracle(i, lambda end: end.recv_bytes())
        elif injection.fired and self.returned(injection):
            self.taken(i)  # it is the caller's already
            self.oracle(i, lambda end: end.recv_bytes())
        elif self.ends[i].closed:
            assert injection.fired
            self.state[i] = "closed: a receive"
            self.broken = True
        else:
            self.refused[i] = True

    def returned(self, injection: Injection) -> bool:
        place = injection.fired[0]
        public = not place.function.rpartition(".")[2].startswith("_")
        return place == injection.last and public and place.instruction.startswith("RETURN")

    @rule(i=ENDS, point=st.integers(0, 600), cls=st.sampled_from(TYPES))
    def interrupt_a_send(self, i: int, point: int, cls: Any) -> None:
        if not (self.can_send(i) and self.state[1 - i] == "open" and self.room(i)):
            return
        peer = self.ends[1 - i].fileno()
        before = unread(peer)
        injection = Injection({point: cls()})
        error = None
        try:
            self.elsewhere(injection.run, self.ends[i].end.send, [LARGE, "interrupted"], seconds=5)
        except TYPES as caught:
            error = caught
        if self.ends[i].closed:
            assert error is not None
            self.state[i] = "closed: a send"
            self.broken = True
            self.sent[i].append(Message(None, "half"))
        elif unread(peer) > before:
            self.sent[i].append(Message([LARGE, "interrupted"], "object"))
            self.broken = True
        else:
            assert error is not None

    @rule(i=ENDS, use=st.sampled_from(["send", "receive", "close", "poll"]))
    def fork(self, i: int, use: str) -> None:
        """Let a child use its copy, or close it."""
        if self.state != ["open", "open"] or not all(self.may[i]) or self.make == "messages":
            return
        end, message = self.ends[i].end, self.next_for(i)
        if use == "send" and self.room(i):
            assert in_fork(lambda: outcome(lambda: end.send("from a child"))) is None
            self.sent[i].append(Message("from a child", "object"))
            self.oracle(i, lambda end: end.send("from a child"))
        elif use == "receive" and message is not None and not self.refused[i]:
            if message.kind == "object":
                what = message.what
                assert in_fork(lambda: same(outcome(end.recv), what)) is True
                self.taken(i)
                self.oracle(i, lambda end: end.recv_bytes())
        elif use == "close":
            assert in_fork(end.close) is None
        elif use == "poll":
            assert in_fork(end.poll) == (message is not None)

    @precondition(lambda self: "open" in self.state)
    @rule(i=ENDS)
    def pass_on(self, i: int) -> None:
        """Send an end through another connection, and go on with the copy."""
        if self.state[i] != "open":
            return
        a, b = MAKES[self.make]()
        with a, b:
            a.send({"end": self.ends[i].end})
            copy = b.recv()["end"]
        self.ends[i].close()
        self.ends[i] = Timely(copy, self.elsewhere)

    @rule(i=ENDS, often=st.integers(0, 7))
    def close(self, i: int, often: int) -> None:
        if often:
            return
        self.ends[i].close()
        self.standard[i].close()
        if self.state[i] == "open":
            self.state[i] = "closed"
