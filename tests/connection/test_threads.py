"""Threads that share an end take turns, and both directions of an end work at once."""

import contextlib
import threading
from typing import Any

import numpy as np

COUNT = 40


def stamped(thread: int, n: int) -> np.ndarray[Any, Any]:
    return np.full(30_000 + 1000 * thread, thread * 1000 + n, np.int64)


def check(array: np.ndarray[Any, Any]) -> tuple[int, int]:
    stamp = int(array[0])
    assert array.shape == (30_000 + 1000 * (stamp // 1000),)
    assert (array == stamp).all()
    return divmod(stamp, 1000)


def test_threads_that_send(make_pipe: Any, in_thread: Any) -> None:
    """Four threads send through one end: every array arrives whole, each thread's in order."""
    a, b = make_pipe()

    def send(thread: int) -> None:
        for n in range(COUNT):
            a.send(stamped(thread, n))

    for thread in range(4):
        in_thread(send, thread)
    received = [check(b.recv()) for _ in range(4 * COUNT)]
    for thread in range(4):
        assert [n for t, n in received if t == thread] == list(range(COUNT))


def test_threads_that_receive(make_pipe: Any, in_thread: Any) -> None:
    """Four threads receive from one end: every array is received once, and whole."""
    a, b = make_pipe()
    received = []
    lock = threading.Lock()

    def receive() -> None:
        for _ in range(COUNT):
            stamp = check(b.recv())
            with lock:
                received.append(stamp)

    threads = [in_thread(receive) for _ in range(4)]
    for n in range(4 * COUNT):
        a.send(stamped(1, n))
    for thread in threads:
        thread.join(30)
    assert sorted(received) == [(1, n) for n in range(4 * COUNT)]


def test_both_ends_send_at_once(make_pipe: Any, in_thread: Any) -> None:
    """Both ends send large arrays at once, and each receives in another thread."""
    a, b = make_pipe()
    sent = [np.random.default_rng(seed).random(1_000_000) for seed in range(2)]
    received: dict[int, Any] = {}
    threads = [
        in_thread(a.send, sent[0]),
        in_thread(b.send, sent[1]),
        in_thread(lambda: received.update({0: b.recv()})),
        in_thread(lambda: received.update({1: a.recv()})),
    ]
    for thread in threads:
        thread.join(30)
    for n in range(2):
        np.testing.assert_array_equal(received[n], sent[n])


def test_an_abort_wakes_the_other_direction(pipe: Any, in_thread: Any) -> None:
    """A thread that waits to receive learns that the connection was closed in mid-send."""
    a, b = pipe
    errors: list[BaseException] = []

    def receive() -> None:
        try:
            a.recv()
        except (EOFError, OSError) as error:
            errors.append(error)

    waiting = in_thread(receive)
    waiting.join(0.1)
    sending = in_thread(lambda: swallow(a.send, np.zeros(50 << 20, np.uint8)))
    sending.join(0.1)
    b.close()
    waiting.join(10)
    assert len(errors) == 1


def swallow(act: Any, *args: Any) -> None:
    with contextlib.suppress(OSError):
        act(*args)
