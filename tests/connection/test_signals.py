"""Signal handlers in the middle of a transfer: exact arrays, or an error and a closed end."""

import contextlib
import gc
import multiprocessing
import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import connection_peers
import numpy as np
import pytest

import ndpipe

SIZE = 4_000_000


class InterruptedTransfer(Exception):  # noqa: N818 - it is no error here
    """What the handlers here raise."""


def numbered(n: int) -> np.ndarray[Any, Any]:
    """Return an array that says which it is, in every element."""
    return np.full(SIZE // 4, n, np.uint32)


@pytest.fixture
def on_signal() -> Iterator[Callable[[Callable[..., None]], None]]:
    """Install a handler for SIGUSR1, until the test ends; SIGALRM is pytest-timeout's."""
    before = signal.getsignal(signal.SIGUSR1)
    gc.disable()  # what a handler raises in a callback of the collector is lost
    yield lambda handler: signal.signal(signal.SIGUSR1, handler)
    signal.signal(signal.SIGUSR1, before)
    gc.enable()


def interrupt(*_: Any) -> None:
    """Be a handler that raises."""
    raise InterruptedTransfer


class Signals(threading.Thread):
    """A thread that sends a signal to the one that made it, a while after it is told to."""

    def __init__(self, delay: float, repeat: bool = False) -> None:
        super().__init__()
        self.delay, self.repeat = delay, repeat
        self.receiver = threading.get_ident()
        self.go, self.done = threading.Event(), threading.Event()
        self.start()

    def run(self) -> None:
        self.go.wait()
        while not self.done.wait(self.delay):
            signal.pthread_kill(self.receiver, signal.SIGUSR1)
            if not self.repeat:
                return


def interrupted(act: Callable[..., Any], *args: Any, delay: float) -> Any:
    """Call it, with a signal after `delay` seconds if it takes so long."""
    signals = Signals(delay)
    try:
        try:
            signals.go.set()
            return act(*args)
        finally:
            signals.done.set()
            signals.join()
            for _ in range(3):  # where the interpreter runs the handler, at the latest
                pass
    except InterruptedTransfer:
        signals.go.set()
        signals.done.set()
        signals.join()
        return InterruptedTransfer


def receive_and_report(conn: Any, report: Any, ours: Any) -> None:
    """In a child: receive until an error; report the number of each array, which must be whole."""
    ours.close()
    numbers = []
    with conn, contextlib.suppress(EOFError, OSError):
        while True:
            array = conn.recv()
            numbers.append(int(array[0]))
            if array.shape != (SIZE // 4,) or (array != array[0]).any():
                numbers.append(-1)
    with report:
        report.send(numbers)


def test_raising_in_a_send(on_signal: Any, make_pipe: Any, start_child: Any) -> None:
    """Sends interrupted at random moments: the peer gets exact arrays, in order, or an error."""
    on_signal(interrupt)
    rng = random.Random(1)
    arrays = [numbered(n) for n in range(8)]
    closed = 0
    for attempt in range(1000):
        if attempt >= 100 and closed > 10:
            break  # a busy machine takes more attempts to be hit in the middle
        ours, theirs = make_pipe()
        report, reported = multiprocessing.Pipe(duplex=False)
        child = start_child("fork", receive_and_report, theirs, reported, ours)
        theirs.close()
        reported.close()
        sent = []
        for n, array in enumerate(arrays):
            result = interrupted(ours.send, array, delay=rng.random() * 2e-3)
            if ours.closed:
                closed += 1
                with pytest.raises(OSError, match="closed: a send stopped"):
                    ours.send(arrays[0])
                break
            if result is not InterruptedTransfer:
                sent.append(n)
        ours.close()
        assert report.poll(30)
        with report:
            received = report.recv()
        assert received == sorted(set(received))
        assert set(sent) <= set(received) <= set(range(len(arrays)))
        child.join(30)
    assert closed > 10


def test_raising_in_a_receive(on_signal: Any, pipe: Any, start_child: Any, closing: Any) -> None:
    """Hundreds of receives interrupted at random: exact arrays in order, or a closed connection."""
    on_signal(interrupt)
    rng = random.Random(2)
    closed = 0
    ours, _ = pipe
    ours.close()
    for attempt in range(4000):
        if attempt >= 400 and closed > 10:
            break  # a busy machine takes more attempts to be hit in the middle
        if ours.closed:
            ours, theirs = ndpipe.Pipe(threshold=1)
            closing.enter_context(ours)
            child = start_child("fork", connection_peers.send_numbers, theirs, ours, SIZE)
            theirs.close()
            expected = 0
        result = interrupted(ours.recv, delay=rng.random() * 3e-3)
        if result is InterruptedTransfer and ours.closed:
            closed += 1
            with pytest.raises(OSError, match="closed"):
                ours.recv()
            child.join(30)
        elif result is InterruptedTransfer:
            # Whether that was before the message began or after its end, the next one is whole.
            after = ours.recv()
            assert after[0] in (expected, expected + 1)
            assert (after == after[0]).all()
            expected = int(after[0]) + 1
        else:
            assert (result == expected).all()
            expected += 1
    assert closed > 10
    ours.close()


def test_raising_while_waiting_for_a_message(on_signal: Any, pipe: Any) -> None:
    """A receive that is interrupted before a message began leaves the connection usable."""
    on_signal(interrupt)
    a, b = pipe
    for receive in (b.recv, b.recv_bytes, lambda: b.recv_into(np.zeros(3))):
        assert interrupted(receive, delay=0.02) is InterruptedTransfer
    a.send(np.arange(3))
    np.testing.assert_array_equal(b.recv(), np.arange(3))


def test_raising_while_nobody_reads(on_signal: Any, pipe: Any) -> None:
    """A send that is interrupted half way closes both directions; the peer has an error."""
    on_signal(interrupt)
    a, b = pipe
    assert interrupted(a.send, np.zeros(50 << 20, np.uint8), delay=0.1) is InterruptedTransfer
    assert a.closed
    for use in (a.recv, lambda: a.send(1), a.poll, a.fileno):
        with pytest.raises(OSError, match=r"closed: a send stopped after \d+ of \d+ bytes"):
            use()
    with pytest.raises(OSError, match="end of file after"):
        b.recv()


def test_the_peer_learns_of_it_though_the_end_was_inherited(on_signal: Any, pipe: Any) -> None:
    """A copy of the end in another process does not keep the peer waiting for the rest."""
    on_signal(interrupt)
    a, b = pipe
    context = multiprocessing.get_context("fork")
    release, released = context.Pipe(duplex=False)
    bystander = context.Process(target=release.recv_bytes, daemon=True)  # inherits all ends
    bystander.start()
    assert interrupted(a.send, np.zeros(50 << 20, np.uint8), delay=0.1) is InterruptedTransfer
    with pytest.raises(OSError, match="end of file after"):
        b.recv()
    released.send_bytes(b"")
    bystander.join(30)
    bystander.close()
    release.close()
    released.close()


def test_handlers_that_return(on_signal: Any, make_pipe: Any, start_child: Any) -> None:
    """A thousand signals a second, on both sides, and the transfers complete."""
    ours, theirs = make_pipe()
    child = start_child("fork", connection_peers.echo_under_signals, theirs, ours)
    theirs.close()
    calls = []
    on_signal(lambda *_: calls.append(1))
    signals = Signals(1e-3, repeat=True)
    signals.go.set()
    sent = np.random.default_rng(0).integers(0, 256, 20_000_000, dtype=np.uint8)
    for _ in range(5):
        ours.send(sent)
        assert np.array_equal(ours.recv(), sent)
    signals.done.set()
    signals.join()
    assert len(calls) > 5
    ours.close()
    child.join(30)


def test_a_handler_that_uses_the_connection_it_interrupted(on_signal: Any, pipe: Any) -> None:
    """An error, not a deadlock, and not one message inside another."""
    a, b = pipe
    errors = []

    def handler(*_: Any) -> None:
        try:
            a.send("from the handler")
        except OSError as error:
            errors.append(error)

    on_signal(handler)
    with pytest.raises(OSError, match="interrupted before its end"):
        interrupted(a.send, np.zeros(50 << 20, np.uint8), delay=0.1)
    assert len(errors) == 1
    with pytest.raises(OSError, match="end of file after"):
        b.recv()


def test_the_standard_pipe_delivers_wrong_data(on_signal: Any, in_thread: Any) -> None:
    """Why this exists: after an interrupted send, the standard pipe delivers what nobody sent."""
    on_signal(interrupt)
    a, b = multiprocessing.Pipe()
    with a, b:
        body = b"A" * (4 << 20)
        assert interrupted(a.send_bytes, body, delay=0.1) is InterruptedTransfer
        in_thread(a.send_bytes, b"B" * (8 << 20))
        received = b.recv_bytes()
        assert len(received) == len(body)
        assert b"B" in received
        while b.poll(1):  # let the thread end
            os.read(b.fileno(), 1 << 20)
