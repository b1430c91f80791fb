"""os.fork by anybody, at any moment: the child's copy of an end works or says why it does not."""

import os
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import array_zoo
import numpy as np
import pytest
import recorded
from deadlines import unread, when_still
from forking import in_fork, outcome, report_and_exit, report_of

pytestmark = [
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork"),
]

LARGE = np.random.default_rng(0).random(2_000_000)
FORKED = "forked in the middle of a message"


def test_a_child_of_an_idle_connection(pipe: Any) -> None:
    """A child may send and receive through ends that it inherited."""
    a, b = pipe
    a.send(["to the child"])
    assert in_fork(lambda: [b.recv(), b.send(["from the child"])]) == [["to the child"], None]
    assert a.recv() == ["from the child"]


def test_a_child_beside_a_thread_that_waits(pipe: Any, in_thread: Any) -> None:
    """No lock that the thread holds in the parent keeps the child waiting."""
    a, b = pipe
    got: list[Any] = []
    waiting = in_thread(lambda: got.append(b.recv()))
    waiting.join(0.2)
    assert in_fork(lambda: [b.poll(0), b.send("from the child"), a.recv()]) == [
        False,
        None,
        "from the child",
    ]
    a.send("to the thread")
    waiting.join(10)
    assert got == ["to the thread"]


def fork_and_end(a: Any, b: Any, in_thread: Callable[..., Any], writer: int) -> int:
    """Fork while a thread of this process waits in recv; return the id of the grandchild."""
    waiting = in_thread(b.recv)
    waiting.join(0.2)
    pid = os.fork()
    if pid == 0:
        a.close()
        report_and_exit(lambda: outcome(b.recv), writer)
    return pid


def test_a_child_receives_where_its_parent_waited(pipe: Any, in_thread: Any) -> None:
    """When the parent, which waited on the end, has died, the child can receive through it."""
    a, b = pipe
    reader, writer = os.pipe()
    pid = in_fork(lambda: fork_and_end(a, b, in_thread, writer))  # its thread dies with it
    os.close(writer)
    a.send("to the grandchild")
    ready, _, _ = select.select([reader], [], [], 10)
    report = os.read(reader, 1000) if ready else b"hung"
    os.close(reader)
    os.kill(pid, signal.SIGKILL)
    assert b"to the grandchild" in report


def test_a_child_beside_a_thread_in_mid_send(pipe: Any, in_thread: Any) -> None:
    """The child's copy is closed and says why; the transfer of the parent goes on."""
    a, b = pipe
    sending = in_thread(a.send, LARGE)
    when_still(lambda: unread(b.fileno()))
    said = in_fork(lambda: [outcome(lambda: a.send("no")), outcome(a.recv), a.closed])
    assert [FORKED in str(what) for what in said[:2]] == [True, True], said
    assert said[2]
    array_zoo.assert_same(b.recv(), LARGE)
    sending.join(10)
    a.send("next")
    assert b.recv() == "next"


def test_a_child_beside_a_thread_in_mid_receive(pipe: Any, in_thread: Any) -> None:
    """The child's copy of the receiving end is closed too, and the parent's goes on."""
    a, b = pipe
    message = os.urandom(1000)
    got: list[Any] = []
    receiving = in_thread(lambda: got.append(b.recv_bytes()))
    os.write(a.fileno(), (1000).to_bytes(4, "big") + message[:500])
    while unread(b.fileno()):
        receiving.join(0.01)
    receiving.join(0.1)
    said = in_fork(lambda: [outcome(b.recv), outcome(lambda: b.send("no")), b.closed])
    assert [FORKED in str(what) for what in said[:2]] == [True, True], said
    assert said[2]
    os.write(a.fileno(), message[500:])
    receiving.join(10)
    assert got == [message]


@pytest.mark.parametrize("direction", ["send", "receive"])
def test_a_handler_that_forks(pipe: Any, in_thread: Any, direction: str) -> None:
    """A child forked inside a transfer, by its own thread, does not make the transfer again."""
    a, b = pipe
    reader, writer = os.pipe()
    parent, children = os.getpid(), []

    def fork(*_: Any) -> None:
        children.append(os.fork())

    before = signal.signal(signal.SIGUSR1, fork)
    end, act = (a, lambda: a.send(LARGE)) if direction == "send" else (b, b.recv)
    if direction == "receive":
        in_thread(feed, a, LARGE, signal.SIGUSR1)
    else:
        in_thread(signal_and_drain, b, LARGE, signal.SIGUSR1)
    try:
        try:
            received = act()
        finally:
            signal.signal(signal.SIGUSR1, before)
            if os.getpid() != parent:
                error = sys.exc_info()[1]
                report_and_exit(lambda: [repr(error), end.closed], writer)
    finally:
        os.close(writer)
        said = report_of(children[0], reader)
    assert FORKED in said[0]
    assert said[1]
    if direction == "receive":
        array_zoo.assert_same(received, LARGE)


def feed(end: Any, array: Any, number: int) -> None:
    """Send a part of a message, a signal to the main thread when that part has come, the rest."""
    data = recorded.record(array)
    write(end.fileno(), data[:-1000])
    while unread(end.fileno()):
        pass
    time.sleep(0.2)
    os.kill(os.getpid(), number)
    time.sleep(0.2)
    write(end.fileno(), data[-1000:])


def write(descriptor: int, data: bytes) -> None:
    """Write all of it."""
    while data:
        data = data[os.write(descriptor, data) :]


def signal_and_drain(end: Any, array: Any, number: int) -> None:
    """Send a signal to the main thread when it is in mid-send; then receive what it sends."""
    when_still(lambda: unread(end.fileno()))
    os.kill(os.getpid(), number)
    time.sleep(0.2)
    array_zoo.assert_same(end.recv(), array)
