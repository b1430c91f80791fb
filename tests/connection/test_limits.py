"""Memory and descriptors: no copies, and clean errors when either runs out."""

import contextlib
import multiprocessing
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import memory_use
import numpy as np
import pytest

import ndpipe
from ndpipe._pipe import lending

linux = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="reads peak memory from Linux's /proc"
)
SIZE = 64 << 20


def in_child(call: Callable[..., Any], *args: Any) -> Any:
    """Run it in a forked child, whose limits and peaks are its own, and return what it returns."""
    ours, theirs = multiprocessing.Pipe()

    def run() -> None:
        theirs.send(call(*args))

    child = multiprocessing.get_context("fork").Process(target=run, daemon=True)
    child.start()
    with ours, theirs:
        result = ours.recv() if ours.poll(60) else None
        child.join(10)
        child.kill()
        child.join()
    assert child.exitcode == 0
    child.close()
    return result


def receive_and_measure(conn: Any, into: bool) -> int:
    out = np.ones(SIZE, np.uint8) if into else None
    before = memory_use.resident()
    memory_use.reset_peak()
    array = conn.recv() if out is None else conn.recv_into(out)
    assert array[:: 1 << 12].sum() == array.size >> 12
    return memory_use.peak() - before


@linux
@pytest.mark.parametrize("into", [False, True])
def test_a_receiver_holds_one_copy(pipe: Any, in_thread: Any, into: bool) -> None:
    """The receiver's memory grows by the array and a tenth at most; into an array, not at all."""
    a, b = pipe
    in_thread(a.send, np.ones(SIZE, np.uint8))
    grown = in_child(receive_and_measure, b, into)
    assert grown < (SIZE // 10 if into else 1.1 * SIZE)


def send_and_measure(conn: Any, make: Callable[[], Any]) -> int:
    obj = make()
    conn.send([obj])  # once, so that everything that is needed once is there
    before = memory_use.resident()
    memory_use.reset_peak()
    conn.send([obj])
    return memory_use.peak() - before


@linux
@pytest.mark.parametrize(
    ("make", "most"),
    [
        (lambda: np.ones(SIZE, np.uint8), SIZE // 64),
        (lambda: np.ones((SIZE >> 10, 1 << 10), np.uint8, order="F"), SIZE // 64),
        (lambda: np.zeros(SIZE // 8, "M8[ns]"), SIZE // 64),
        (lambda: np.ones(2 * SIZE, np.uint8)[::2], 1.1 * SIZE),
    ],
    ids=["C", "Fortran", "datetime64", "strided"],
)
def test_a_sender_of_a_contiguous_array_makes_no_copy(
    pipe: Any, in_thread: Any, make: Any, most: float
) -> None:
    """The sender's memory grows by a few pages; by one copy of an array that is not contiguous."""
    a, b = pipe
    in_thread(lambda: (b.recv(), b.recv()))
    assert in_child(send_and_measure, a, make) < most


def receive_with_little_memory(conn: Any) -> tuple[str, str, bool]:
    conn.recv()  # what is imported and allocated once
    lending._kept.clear()  # of tests before this one
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + SIZE // 2, resource.RLIM_INFINITY))
    held = []  # what the allocator has free
    with contextlib.suppress(MemoryError):
        while True:
            held.append(np.empty(SIZE, np.uint8))
    try:
        conn.recv()
        first = "received"
    except MemoryError:
        first = "MemoryError"
    try:
        conn.recv()
        second = "received"
    except OSError as error:
        second = str(error)
    return first, second, conn.closed


@linux
@pytest.mark.parametrize("what", ["array", "bytes"])
def test_memory_exhausted_in_the_receiver(pipe: Any, in_thread: Any, what: str) -> None:
    """MemoryError, then a closed connection, and the sender does not wait for ever."""
    a, b = pipe
    errors = []

    def send() -> None:
        try:
            a.send(np.ones(3))
            a.send(np.ones(SIZE, np.uint8) if what == "array" else bytes(2 * SIZE))
        except OSError as error:
            errors.append(error)

    # Memory that the child's allocator has free, as tests before this one may leave it: once large
    # memory has been freed, it keeps such.
    for count in 2, 12:
        used = [np.ones(SIZE // 3 - (n << 12), np.uint8) for n in range(count)]
        kept = used[-1]  # above the others
        del used
    thread = in_thread(send)
    first, second, closed = in_child(receive_with_little_memory, b)
    del kept
    assert first == "MemoryError"
    assert "connection was closed: a receive stopped" in second
    assert closed
    thread.join(10)
    assert len(errors) == 1


def use_all_descriptors() -> list[Any]:
    a, b = ndpipe.Pipe(threshold=1)
    before = len(list(Path("/proc/self/fd").iterdir()))
    soft = max(int(path.name) for path in Path("/proc/self/fd").iterdir()) + 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, soft))
    results: list[Any] = []
    held = []
    while True:
        try:
            held.append(os.dup(0))
        except OSError:
            break
    try:
        ndpipe.Pipe()
    except OSError as error:
        results.append(error.errno)
    a.send({"k": np.arange(1000)})  # none is needed to send and receive
    results.append(int(b.recv()["k"].sum()))
    os.write(a.fileno(), b"\0\0\0\x05ab")
    a.close()
    try:
        b.recv()
    except OSError as error:
        results.append(str(error))
    results.append(b.closed)
    for descriptor in held:
        os.close(descriptor)
    results.append(len(list(Path("/proc/self/fd").iterdir())) - before)
    return results


@linux
def test_descriptors_exhausted() -> None:
    """Pipe fails cleanly and leaks none; a pipe that is there goes on, and can fail cleanly too."""
    import errno

    assert in_child(use_all_descriptors) == [
        errno.EMFILE,
        499500,
        "end of file after 6 of 9 bytes of a message",
        True,
        -2,
    ]
