"""Random programs on both ends, against the model of a connection and the standard Pipe."""

import contextlib
import multiprocessing
import pickle
from collections.abc import Iterator
from multiprocessing import resource_sharer
from multiprocessing.connection import wait
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test
from model import BODIES, ENDS, LARGE, OBJECTS, Message, same_values
from model_events import Events
from pipes_under_test import MAKES
from transfer_cases import same

pytestmark = pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)


class Model(Events):
    """Rules for transfers, besides those for all else."""

    def send_by(self, i: int, method: str, what: Any) -> None:
        end, kind = self.ends[i], "object" if method == "send" else "bytes"
        if self.state[i] != "open":
            self.expect_closed(i, getattr(end, method), what)
        elif not self.may[i][1]:
            with pytest.raises(OSError, match="read-only"):
                getattr(end, method)(what)
        elif self.state[1 - i] != "open":
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                getattr(end, method)(what)
            assert not end.closed
        elif self.room(i):
            getattr(end, method)(what)
            self.sent[i].append(Message(what, kind))
            self.oracle(i, lambda end: getattr(end, method)(what))

    @rule(i=ENDS, what=st.sampled_from(OBJECTS))
    def send(self, i: int, what: Any) -> None:
        self.send_by(i, "send", what)

    @rule(i=ENDS, body=st.sampled_from(BODIES))
    def send_bytes(self, i: int, body: bytes) -> None:
        self.send_by(i, "send_bytes", body)

    @rule(i=ENDS)
    def send_what_cannot_be_pickled(self, i: int) -> None:
        if self.can_send(i):
            with pytest.raises((AttributeError, pickle.PicklingError)):
                self.ends[i].send([LARGE, lambda: None])
            assert not self.ends[i].closed

    @rule(i=ENDS)
    def recv(self, i: int) -> None:
        if self.without_message(i, self.ends[i].recv):
            return
        message = self.next_for(i)
        if message.kind == "bytes":
            with contextlib.suppress(Exception):  # whatever unpickling makes of them
                self.ends[i].recv()
            assert not self.ends[i].closed
            self.oracle(i, lambda end: end.recv_bytes())
        else:
            received = self.ends[i].recv()
            assert same(received, message.what)
            self.oracle(i, lambda end: same_values(end.recv(), received))
        self.taken(i)

    @rule(i=ENDS, fits=st.booleans())
    def recv_into(self, i: int, fits: bool) -> None:
        message = self.next_for(i)
        if message is not None and message.is_array and fits:
            what = message.what
            fortran = what.flags.f_contiguous and not what.flags.c_contiguous
            out = np.empty(what.shape, what.dtype, order="F" if fortran else "C")
        else:
            out = np.full((2, 3), 9.0)
        if self.without_message(i, lambda: self.ends[i].recv_into(out)):
            return
        if message.is_array and fits:
            assert self.ends[i].recv_into(out) is out
            assert same(out, message.what)
            self.taken(i)
            self.oracle(i, lambda end: end.recv_bytes())
        else:
            with pytest.raises((ValueError, TypeError)):
                self.ends[i].recv_into(out)
            assert (out == 9).all()
            self.refused[i] = True

    @rule(i=ENDS, limit=st.sampled_from([None, 0, 5, 50_000]))
    def recv_bytes(self, i: int, limit: int | None) -> None:
        if self.without_message(i, lambda: self.ends[i].recv_bytes(limit)):
            return
        message = self.next_for(i)
        if message.has_arrays:
            with pytest.raises(TypeError, match="arrays"):
                self.ends[i].recv_bytes(limit)
            self.refused[i] = True
        elif message.kind == "object":
            return  # how long its pickle is, is not said here
        elif limit is not None and len(message.what) > limit:
            with pytest.raises(OSError, match="bad message length"):
                self.ends[i].recv_bytes(limit)
            if self.may[i][1]:
                self.may[i] = False, True
            else:
                self.state[i] = "closed"
            assert self.ends[i].closed == (self.state[i] == "closed")
            self.broken = True
        else:
            assert self.ends[i].recv_bytes(limit) == message.what
            self.oracle(i, lambda end: end.recv_bytes(limit) == message.what)
            self.taken(i)

    @rule(i=ENDS, size=st.sampled_from([0, 4, 50_000]))
    def recv_bytes_into(self, i: int, size: int) -> None:
        buffer = bytearray(size)
        if self.without_message(i, lambda: self.ends[i].recv_bytes_into(buffer)):
            return
        message = self.next_for(i)
        if message.has_arrays:
            with pytest.raises(TypeError, match="arrays"):
                self.ends[i].recv_bytes_into(buffer)
            self.refused[i] = True
        elif message.kind == "object":
            return
        else:
            if len(message.what) > size:
                with pytest.raises(multiprocessing.BufferTooShort) as caught:
                    self.ends[i].recv_bytes_into(buffer)
                assert caught.value.args[0] == message.what
            else:
                assert self.ends[i].recv_bytes_into(buffer) == len(message.what)
                assert buffer[: len(message.what)] == message.what
            self.oracle(i, lambda end: end.recv_bytes() == message.what)
            self.taken(i)

    @rule(i=ENDS)
    def poll(self, i: int) -> None:
        if self.state[i] != "open":
            self.expect_closed(i, self.ends[i].poll)
        elif self.may[i][0]:
            there = self.next_for(i) is not None or self.state[1 - i] != "open"
            assert self.ends[i].poll() == there
            if self.make != "messages":
                assert (wait([self.ends[i].end], 0) != []) == there
            self.oracle(i, lambda end: end.poll() == there)


PROFILES = {"quick": (150, 40), "thorough": (3000, 60)}


@pytest.fixture(autouse=True)
def _no_sharer() -> Iterator[None]:
    """Stop the thread with which the standard library hands out descriptors."""
    yield
    resource_sharer.stop(timeout=10)


@pytest.mark.parametrize("profile", ["quick", pytest.param("thorough", marks=pytest.mark.thorough)])
@pytest.mark.parametrize("make", MAKES)
def test_random_programs(make: str, profile: str) -> None:
    """Whatever is called in whatever order, both ends are as the model says."""
    examples, steps = PROFILES[profile]
    run_state_machine_as_test(
        type("Model", (Model,), {"make": make}),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=profile == "quick",
            phases=[Phase.generate] if profile == "quick" else list(Phase),
            suppress_health_check=list(HealthCheck),
        ),
    )
