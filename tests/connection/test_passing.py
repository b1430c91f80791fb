"""An end passed to another process works there: as an argument, and through another connection."""

import multiprocessing
from collections.abc import Iterator
from multiprocessing import resource_sharer
from typing import Any

import array_zoo
import connection_peers
import numpy as np
import pytest

import ndpipe

ARRAY = array_zoo.make("f8")


@pytest.fixture(autouse=True)
def _no_sharer() -> Iterator[None]:
    """Stop the thread with which the standard library hands out descriptors."""
    yield
    resource_sharer.stop(timeout=10)


def test_as_an_argument(make_pipe: Any, start_child: Any, start_method: str) -> None:
    """Under every start method, an end works in the child it was an argument of."""
    ours, theirs = make_pipe()
    start_child(start_method, connection_peers.send_all, theirs, [ARRAY, [ARRAY, "text"]])
    theirs.close()
    array_zoo.assert_same(ours.recv(), ARRAY)
    array_zoo.assert_same(ours.recv()[0], ARRAY)
    if start_method != "fork":  # whose child has copies of all ends
        with pytest.raises(EOFError):
            ours.recv()


@pytest.mark.parametrize("kind", ["simplex", "duplex"])
def test_through_a_connection(
    make_pipe: Any, start_child: Any, start_method: str, kind: str
) -> None:
    """Ends sent through a connection work in the child that receives them, beside a large array."""
    conn, theirs = make_pipe()
    start_child(start_method, connection_peers.use_passed_ends, theirs)
    theirs.close()
    receiver, to_child = make_pipe(duplex=kind == "duplex")
    from_child, sender = make_pipe(duplex=kind == "duplex")
    conn.send((receiver, sender))
    receiver.close()
    sender.close()
    to_child.send(ARRAY)
    assert from_child.poll(30)
    array_zoo.assert_same(from_child.recv(), ARRAY)
    conn.close()


def test_beside_an_array(pipe: Any, start_child: Any) -> None:
    """A message may hold an end and large arrays; the array is not pickled twice to find out."""
    a, b = pipe
    first, second = ndpipe.Pipe(threshold=7)
    with first, second:
        a.send([second, ARRAY])
        passed, array = b.recv()
        with passed:
            assert type(passed) is ndpipe.Connection
            assert passed._threshold == 7
            array_zoo.assert_same(array, ARRAY)
            first.send("through the copy")
            assert passed.recv() == "through the copy"


def test_a_refused_message_goes_along(pipe: Any) -> None:
    """A message that recv_into put back is received where the end is passed to."""
    a, b = pipe
    a.send(ARRAY)
    with pytest.raises(ValueError, match="shape"):
        b.recv_into(np.zeros(3))
    rebuild, args = b.__reduce__()
    with rebuild(*args) as copy:
        array_zoo.assert_same(copy.recv(), ARRAY)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_fork_while_a_thread_waits(
    pipe: Any, start_child: Any, in_thread: Any, closing: Any
) -> None:
    """A child forked while a thread waits in recv has its turn at once, in both directions."""
    a, b = pipe
    got = []
    waiting = in_thread(lambda: got.append(b.recv()))
    waiting.join(0.2)
    report, reported = map(closing.enter_context, multiprocessing.Pipe(duplex=False))
    start_child("fork", connection_peers.report_turns, b, reported)
    assert report.poll(30)
    assert report.recv() == [True, True]
    a.send("to the thread")
    waiting.join(10)
    assert got == ["to the thread"]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_fork_in_the_middle_of_a_send(
    pipe: Any, start_child: Any, in_thread: Any, closing: Any
) -> None:
    """A child forked while a thread sends cannot send into its message, nor harm it otherwise."""
    a, b = pipe
    sent = np.random.default_rng(0).random(1_000_000)
    sending = in_thread(a.send, sent)
    assert b.poll(30)
    sending.join(0.2)
    report, reported = map(closing.enter_context, multiprocessing.Pipe(duplex=False))
    start_child("fork", connection_peers.report_send, a, reported)
    assert report.poll(30)
    assert "forked in the middle of a message" in report.recv()
    array_zoo.assert_same(b.recv(), sent)
    sending.join(10)
    a.send("next")
    assert b.recv() == "next"


def test_wrapping(closing: Any, start_child: Any, start_method: str) -> None:
    """Standard ends, of a Pipe or of a Listener, carry arrays out of band once they are wrapped."""
    first, second = multiprocessing.Pipe()
    ours, theirs = ndpipe.wrap(first, threshold=1), ndpipe.wrap(second, threshold=1)
    closing.enter_context(ours)
    assert first.closed
    assert second.closed
    assert ndpipe.wrap(ours, threshold=1) is ours
    start_child(
        start_method, connection_peers.echo, theirs, *([ours] if start_method == "fork" else [])
    )
    theirs.close()
    ours.send(ARRAY)
    array_zoo.assert_same(ours.recv(), ARRAY)
    ours.close()


@pytest.mark.parametrize("family", ["AF_UNIX", "AF_INET"])
def test_listener_and_client(closing: Any, in_thread: Any, family: str) -> None:
    """A connection over a socket, local or TCP, is wrapped after its authentication."""
    from multiprocessing.connection import Client, Listener

    with Listener(family=family, authkey=b"key") as listener:
        clients: list[Any] = []
        connecting = in_thread(
            lambda: clients.append(ndpipe.wrap(Client(listener.address, authkey=b"key")))
        )
        server = closing.enter_context(ndpipe.wrap(listener.accept()))
        connecting.join(10)
    client = closing.enter_context(clients[0])
    large = np.random.default_rng(0).random(500_000)
    in_thread(client.send, {"large": large})
    array_zoo.assert_same(server.recv()["large"], large)


def test_wrapping_what_is_closed() -> None:
    """There is nothing to take over."""
    a, b = multiprocessing.Pipe()
    a.close()
    b.close()
    with pytest.raises(OSError, match="closed"):
        ndpipe.wrap(a)
