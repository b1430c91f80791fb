"""An end whose thread is inside a transfer is not passed on: its copy would read half a message."""

import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing import resource_sharer
from typing import Any

import array_zoo
import numpy as np
import pytest
from deadlines import unread, when_still

LARGE = np.random.default_rng(0).random(1_000_000)
REFUSED = r"(?i)in the middle of|inside|while"


@pytest.fixture(autouse=True)
def _no_sharer() -> Iterator[None]:
    """Stop the thread with which the standard library hands out descriptors."""
    yield
    resource_sharer.stop(timeout=10)


def start(method: str, end: Any) -> None:
    """Start a child that is given the end, and wait for it."""
    child = multiprocessing.get_context(method).Process(target=type, args=(end,), daemon=True)
    child.start()
    child.join(30)


@pytest.mark.parametrize("way", ["connection", "spawn", "forkserver"])
def test_during_a_send(make_pipe: Any, in_thread: Any, way: str) -> None:
    """Passing an end on while a thread sends through it is an OSError; the transfer goes on."""
    a, b = make_pipe()
    other, _ = make_pipe()
    sending = in_thread(a.send, LARGE)
    when_still(lambda: unread(b.fileno()))
    with pytest.raises(OSError, match=REFUSED):
        other.send(a) if way == "connection" else start(way, a)
    array_zoo.assert_same(b.recv(), LARGE)
    sending.join(10)
    a.send("next")
    assert b.recv() == "next"


@pytest.mark.parametrize("way", ["connection", "spawn", "forkserver"])
@pytest.mark.parametrize("taken", [0, 2, 500])
def test_during_a_receive(pipe: Any, make_pipe: Any, in_thread: Any, way: str, taken: int) -> None:
    """The same while a thread receives, be it that no byte of the message has come so far."""
    a, b = pipe
    other, _ = make_pipe()
    message = (1000).to_bytes(4, "big") + os.urandom(1000)
    got: list[Any] = []
    receiving = in_thread(lambda: got.append(b.recv_bytes()))
    os.write(a.fileno(), message[:taken])
    while unread(b.fileno()):
        pass
    receiving.join(0.1)
    try:
        with pytest.raises(OSError, match=REFUSED):
            other.send(b) if way == "connection" else start(way, b)
    finally:
        os.write(a.fileno(), message[taken:])
    receiving.join(10)
    assert got == [message[4:]]
    a.send("next")
    assert b.recv() == "next"


def test_an_end_through_itself(make_pipe: Any) -> None:
    """An end can be sent through itself, as with the standard Pipe: no transfer has begun."""
    a, b = make_pipe()
    a.send(a)
    with b.recv() as copy:
        copy.send("through the copy")
    assert b.recv() == "through the copy"


def test_after_the_transfer(make_pipe: Any, in_thread: Any) -> None:
    """When the thread has done, the end is passed on."""
    a, b = make_pipe()
    other, another = make_pipe()
    sending = in_thread(a.send, LARGE)
    array_zoo.assert_same(b.recv(), LARGE)
    sending.join(10)
    other.send(a)
    with another.recv() as copy:
        in_thread(copy.send, LARGE)
        array_zoo.assert_same(b.recv(), LARGE)
