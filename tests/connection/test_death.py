"""A peer that goes away: end of file between messages, an error with the counts inside one."""

import contextlib
import multiprocessing
import os
import signal
from multiprocessing.connection import Connection, wait
from typing import Any

import connection_peers
import numpy as np
import pytest
from recorded import play, record

ARRAY = np.arange(3000, dtype=np.uint16)
MESSAGES = {
    "out of band": record(ARRAY),
    "nested": record({"k": [ARRAY, ARRAY[::-1]]}),
    "in band": record(ARRAY[:50], threshold=1 << 20),
    "long in band": record(b"x" * 20_000),
    "declared long": b"\xff\xff\xff\xff" + (5000).to_bytes(8, "big") + bytes(5000),
}


def cuts(size: int) -> list[int]:
    """Return every offset in the first 200 bytes, hundreds in the rest, and the last ones."""
    return sorted({*range(1, min(200, size)), *range(200, size, 23), *range(size - 9, size)})


@pytest.mark.parametrize("kind", MESSAGES)
@pytest.mark.parametrize("receive", ["recv", "recv_into", "recv_bytes"])
def test_a_peer_that_closes_inside_a_message(kind: str, receive: str) -> None:
    """At whichever byte: OSError with the counts, the connection closed, and never a message."""
    data = MESSAGES[kind]
    out = np.empty_like(ARRAY)
    for cut in cuts(len(data)):
        with play(data[:cut]) as end:
            receiving = {
                "recv": end.recv,
                "recv_into": lambda end=end: end.recv_into(out),
                "recv_bytes": end.recv_bytes,
            }[receive]
            if receive != "recv":
                # What can be refused before it is read to its end is refused, and stays.
                with contextlib.suppress(TypeError, ValueError, OSError):
                    receiving()
            if not end.closed:
                with pytest.raises(OSError, match=f"end of file after {cut} of "):
                    end.recv()
            assert end.closed
            with pytest.raises(OSError, match=f"closed: a receive stopped after {cut} of"):
                end.recv()


def test_the_counts_are_of_the_whole_message() -> None:
    """Once the head has come, the error says how many bytes there should have been."""
    data = MESSAGES["nested"]
    with play(data[:-1]) as end, pytest.raises(OSError, match=f"{len(data) - 1} of {len(data)} "):
        end.recv()


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_peer_that_closes_between_messages(kind: str) -> None:
    """Everything it sent is received; then end of file, as often as one asks."""
    with play(MESSAGES[kind] * 3) as end:
        for _ in range(3):
            end.recv_bytes() if kind == "declared long" else end.recv()
        for _ in range(3):
            with pytest.raises(EOFError):
                end.recv()
        assert not end.closed


def test_a_message_whose_peer_closed_with_unread_data(pipe: Any) -> None:
    """What a peer sent before it closed is received, also if it left something unread."""
    a, b = pipe
    b.send(ARRAY)
    a.send(ARRAY)
    a.close()
    np.testing.assert_array_equal(b.recv(), ARRAY)
    with pytest.raises((EOFError, ConnectionResetError)):
        b.recv()


def test_sending_to_nobody(make_pipe: Any) -> None:
    """A broken pipe is one as in the standard library, and what the peer sent can be read."""
    a, b = make_pipe()
    b.send("last words")
    b.close()
    for _ in range(2):
        with pytest.raises(BrokenPipeError):
            a.send(ARRAY)
    assert a.recv() == "last words"


@pytest.mark.parametrize(
    ("method", "nbytes"),
    [("fork", n) for n in (1, 4, 12, 27, 28, 60, 5_000, 1 << 20, 5 << 20)]
    + [(method, 1 << 20) for method in ("spawn", "forkserver")],
)
def test_a_receiver_killed_inside_a_message(
    pipe: Any, start_child: Any, method: str, nbytes: int
) -> None:
    """The sender of a large array gets an error, and its connection is closed."""
    ours, theirs = pipe
    child = start_child(method, connection_peers.receive_bytes_then_die, theirs, nbytes)
    theirs.close()
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        ours.send(np.zeros(8 << 20, np.uint8))
    child.join(30)
    assert child.exitcode == -signal.SIGKILL
    assert ours.closed
    with pytest.raises(OSError, match="closed: a send stopped after"):
        ours.send("more")


@pytest.mark.parametrize(
    ("method", "attempt"), [("fork", n) for n in range(12)] + [("spawn", 0), ("forkserver", 0)]
)
def test_a_sender_killed_at_any_moment(
    make_pipe: Any, start_child: Any, method: str, attempt: int
) -> None:
    """The receiver gets whole arrays, then end of file between two or an error inside one."""
    ours, theirs = make_pipe()
    child = start_child(method, connection_peers.send_zeros_for_ever, theirs, 3 << 20)
    theirs.close()
    assert ours.poll(30)
    for _ in range(attempt % 4):
        assert not ours.recv().any()
    child.kill()
    child.join(30)
    received = []
    with contextlib.suppress(EOFError, OSError):
        while True:
            received.append(ours.recv())
    for array in received:
        assert array.shape == (3 << 20,)
        assert not array.any()


def test_wait_tells_which_came_first(pipe: Any, start_child: Any) -> None:
    """The sentinel of a child and its connection can be waited for together."""
    ours, theirs = pipe
    child = start_child("fork", connection_peers.send_all, theirs, [ARRAY])
    theirs.close()
    child.join(30)
    assert set(wait([ours, child.sentinel], 30)) == {ours, child.sentinel}
    np.testing.assert_array_equal(ours.recv(), ARRAY)
    with pytest.raises(EOFError):
        ours.recv()


def test_the_standard_pipe_takes_a_cut_message_for_a_clean_end() -> None:
    """Why this differs from the standard pipe: there, a length without its body is EOFError."""
    a, b = multiprocessing.Pipe()
    assert type(b) is Connection
    with b:
        with a:
            os.write(a.fileno(), (100).to_bytes(4, "big"))
        with pytest.raises(EOFError):
            b.recv()
