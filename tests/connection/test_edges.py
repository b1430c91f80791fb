"""Thresholds below one, empty messages, closed ends, dead peers, dtypes that others define."""

import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Client, Listener, wait
from pathlib import Path
from typing import Any

import array_zoo
import connection_peers
import numpy as np
import pytest

import ndpipe

EMPTY = [np.zeros(0), np.zeros((3, 0, 2), "M8[s]", order="F"), np.zeros((0, 2), ">i4")]


@pytest.mark.parametrize("threshold", [-1, -(1 << 40), 0, 1, 2])
@pytest.mark.parametrize("sent", EMPTY, ids=lambda a: str(a.dtype))
def test_thresholds_below_one(make_pipe: Any, threshold: int, sent: Any) -> None:
    """An array without elements arrives whatever the threshold, and what follows it too."""
    a, b = make_pipe(threshold=threshold)
    for obj in (sent, [sent, sent, np.arange(3)], "text", sent):
        a.send(obj)
    array_zoo.assert_same(b.recv(), sent)
    array_zoo.assert_same(b.recv()[0], sent)
    assert b.recv() == "text"
    out = np.empty_like(sent)
    assert b.recv_into(out) is out
    a.send("next")
    assert b.recv() == "next"


MESSAGES: dict[str, Callable[[Any], None]] = {
    "empty": lambda end: end.send_bytes(b""),
    "one byte": lambda end: end.send_bytes(b"."),
    "an array": lambda end: end.send(np.zeros(4)),
    "an empty array": lambda end: end.send(np.zeros(0)),
    "an object": lambda end: end.send(None),
}


@pytest.mark.parametrize("threshold", [1, 1 << 20])
@pytest.mark.parametrize("kind", MESSAGES)
def test_wait_and_poll_see_a_refused_message(pipe: Any, kind: str, threshold: int) -> None:
    """A message that was refused can be waited for until it is taken."""
    a, b = pipe
    ndpipe.wrap(a, threshold=threshold)
    MESSAGES[kind](a)
    for _ in range(3):
        with pytest.raises((TypeError, ValueError)):
            b.recv_into(np.zeros(3))
        assert wait([b], 5) == [b]
        assert b.poll()
    b.recv() if kind in ("an array", "an empty array", "an object") else b.recv_bytes()
    assert wait([b], 0) == []
    assert not b.poll()


def test_wrapping_a_closed_end(make_pipe: Any) -> None:
    """There is nothing to take over, of a standard connection or of one of these."""
    for a, b in (multiprocessing.Pipe(), make_pipe()):
        a.close()
        b.close()
        for end in (a, b):
            with pytest.raises(OSError, match="closed"):
                ndpipe.wrap(end)


def test_wrapping_an_end_that_was_wrapped() -> None:
    """The connection that was taken over is closed, and can be taken over no more."""
    first, second = multiprocessing.Pipe()
    with ndpipe.wrap(first), second, pytest.raises(OSError, match="closed"):
        ndpipe.wrap(first)


@pytest.mark.parametrize("family", ["AF_UNIX", "AF_INET"])
@pytest.mark.parametrize("left", [0, 1, 100_000])
def test_a_dead_peer_that_left_something_unread(closing: Any, family: str, left: int) -> None:
    """A peer that is gone is EOFError at a boundary, whatever it did not read."""
    with Listener(family=family) as listener:
        ours = closing.enter_context(ndpipe.wrap(Client(listener.address)))
        theirs = closing.enter_context(ndpipe.wrap(listener.accept()))
    if left:
        ours.send_bytes(bytes(left))
    if family == "AF_UNIX":
        theirs.send("last words")
    theirs.close()
    if family == "AF_UNIX":  # TCP throws away what was on its way
        assert ours.recv() == "last words"
    for receive in (ours.recv, ours.recv_bytes, lambda: ours.recv_into(np.zeros(3)), ours.recv):
        with pytest.raises(EOFError):
            receive()
    assert not ours.closed


def test_a_killed_peer_that_left_something_unread(make_pipe: Any, start_child: Any) -> None:
    """The same after a kill."""
    ours, theirs = make_pipe()
    child = start_child("fork", connection_peers.receive_bytes_then_die, theirs, 1)
    theirs.close()
    ours.send("a message of which one byte is read")
    child.join(30)
    for _ in range(2):
        with pytest.raises(EOFError):
            ours.recv()


class Unpicklable:
    """What refuses to come back from its pickle."""

    def __reduce__(self) -> Any:
        return refuse, ()


def refuse() -> None:
    """Be called by unpickling, and raise."""
    raise LookupError("refused")


@pytest.mark.parametrize("nested", [False, True])
def test_metadata_that_cannot_be_unpickled(make_pipe: Any, nested: bool) -> None:
    """The error of unpickling is raised, and the next message can be received."""
    a, b = make_pipe()
    array = np.zeros(10, np.dtype("f8", metadata={"what": Unpicklable()}))
    a.send([array, np.zeros(5)] if nested else array)
    a.send("next")
    with pytest.raises(LookupError, match="refused"):
        b.recv()
    assert b.recv() == "next"


@pytest.mark.parametrize("nested", [False, True])
def test_metadata_arrives(make_pipe: Any, nested: bool) -> None:
    """The metadata of a dtype arrives, with an end of a pipe in it too: it is pickled once."""
    a, b = make_pipe()
    array = np.zeros(10, np.dtype(">f8", metadata={"unit": "metre"}))
    a.send([array, np.zeros(5)] if nested else array)
    received = b.recv()
    array_zoo.assert_same(received[0] if nested else received, array)


def test_dtypes_that_a_package_defines(make_pipe: Any) -> None:
    """They arrive as the standard Pipe delivers them, and recv_into treats every size alike."""
    rational = pytest.importorskip("numpy._core._rational_tests").rational
    a, b = make_pipe(threshold=1000)
    filled = []
    for n in (3, 3000):
        sent = np.array([rational(i, 7) for i in range(n)])
        a.send([sent])
        a.send(sent)
        for received in (b.recv()[0], b.recv()):
            assert type(received) is np.ndarray
            assert received.dtype == sent.dtype
            assert (received == sent).all()
        a.send(sent)
        out = np.zeros_like(sent)
        try:
            b.recv_into(out)
        except TypeError:
            filled.append(False)
            assert (b.recv() == sent).all()
        else:
            filled.append(True)
            assert (out == sent).all()
    assert filled[0] == filled[1]


def send_without_descriptors(ours: Any, theirs: Any, blocked: Any) -> None:
    """In a child: send with no descriptor free; a handler that raises stops it half way."""
    theirs.close()
    highest = max(int(path.name) for path in Path("/proc/self/fd").iterdir()) + 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest, highest))
    while True:
        try:
            os.dup(0)
        except OSError:  # there is none left
            break

    def raising(*_: Any) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, raising)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        ours.send(np.zeros(50 << 20, np.uint8))
    except TimeoutError:
        blocked.send_bytes(b"stopped")
        signal.pause()  # alive, with its copy of the end


def receive_to_the_end(end: Any, said: list[Any]) -> None:
    """Record what a receive says, and after how many seconds."""
    began = time.monotonic()
    try:
        end.recv()
    except OSError as error:
        said.extend([str(error), time.monotonic() - began])


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="fills the table of descriptors")
def test_an_abort_without_a_free_descriptor(
    pipe: Any, start_child: Any, closing: Any, in_thread: Any
) -> None:
    """The peer has its error though another process, this one, holds the end as well."""
    ours, theirs = pipe
    stopped, stops = map(closing.enter_context, multiprocessing.Pipe(duplex=False))
    child = start_child("fork", send_without_descriptors, ours, theirs, stops)
    assert stopped.poll(30)
    receiving = in_thread(receive_to_the_end, theirs, said := [])
    receiving.join(5)
    child.kill()
    receiving.join(5)
    ours.close()
    assert "end of file after" in said[0]
    assert said[1] < 5
