"""The memory of large arrays: lent again once nothing refers to it, and never before."""

import ctypes
import functools
import gc
import mmap
import multiprocessing
import os
import pickle
import re
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from array_classes import InfoArray
from hypothesis import given
from hypothesis import strategies as st

import ndpipe
from ndpipe._pipe import layouts, lending

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is lent on Linux only")

SIZE = 20 << 20  # bytes


def filled(value: int, nbytes: int = SIZE) -> Any:
    """Return an array of so many bytes, each of this value."""
    return np.full(nbytes, value, np.uint8)


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    """Each test begins and ends without memory that was lent before."""
    gc.collect()  # an exception of an earlier test may hold an array, whose memory would come back
    lending._kept.clear()
    yield
    lending._kept.clear()


@pytest.fixture(params=[{}, {"splice_threshold": None}], ids=["spliced", "streamed"])
def receive(request: pytest.FixtureRequest, in_thread: Any) -> Iterator[Callable[[Any], Any]]:
    """Send an object to this process, and return what arrives."""
    first, second = ndpipe.Pipe(threshold=1, **request.param)
    with first, second:

        def receive(obj: Any) -> Any:
            sending = in_thread(first.send, obj)
            received = second.recv()
            sending.join()
            return received

        yield receive


def page(array: Any) -> int:
    """Return the number of the page in which an array begins."""
    return int(array.__array_interface__["data"][0] // 4096)


def is_mapped(number: int) -> bool:
    """Return whether this process has memory at a page."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    spans = ([int(end, 16) // 4096 for end in line.split()[0].split("-")] for line in lines)
    return any(first <= number < last for first, last in spans)


def lazily_free() -> int:
    """Return how many bytes of this process the system may take without asking."""
    text = Path("/proc/self/smaps").read_text()
    return sum(int(size) for size in re.findall(r"LazyFree: *(\d+) kB", text)) << 10


def mapped() -> int:
    """Return how much memory this process has mapped, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * mmap.PAGESIZE


def test_memory_is_lent_again(receive: Any) -> None:
    """An array that is received after another one was freed has the memory of that."""
    array = receive(filled(1))
    first = page(array)
    del array
    array = receive(filled(2, SIZE - 1000))
    assert page(array) == first
    assert (array == 2).all()


HOLDERS: dict[str, Callable[[Any], Any]] = {
    "a view": lambda array: array[5::2],
    "a view of another dtype": lambda array: array.view("u4").reshape(2, -1),
    "a view of a subclass": lambda array: array.view(InfoArray),
    "a memoryview": memoryview,
    "an array of a memoryview": lambda array: np.frombuffer(memoryview(array)[64:], "u2"),
    "a buffer of ctypes": lambda array: (ctypes.c_ubyte * SIZE).from_buffer(array),
    "the address with its owner": lambda array: array.ctypes,
    "an iterator": lambda array: array.flat,
    "a pickle buffer": pickle.PickleBuffer,
    "a masked array": np.ma.masked_array,
    "the base": lambda array: array.base,
    "the base of the base": lambda array: array.base.base,
}


@pytest.mark.parametrize("hold", HOLDERS.values(), ids=HOLDERS)
def test_memory_is_not_lent_while_anything_refers_to_it(receive: Any, hold: Any) -> None:
    """Whatever keeps the array's memory, and not the array, keeps what is in it."""
    holder = hold(receive(filled(1)))
    others = [receive(filled(n)) for n in (2, 3)]
    del others[0]
    others.append(receive(filled(4)))
    if hasattr(holder, "data_as"):
        pointer = holder.data_as(ctypes.POINTER(ctypes.c_ubyte))
        holder = np.ctypeslib.as_array(pointer, (SIZE,))
    assert (np.frombuffer(bytes(np.asarray(holder)), np.uint8) == 1).all()
    assert [(array == value).all() for array, value in zip(others, (3, 4), strict=True)] == [1, 1]


def test_the_system_may_take_memory_that_is_not_lent(receive: Any) -> None:
    """What was freed is the system's if it needs it: the process gives nothing else up for it."""
    array = receive(filled(1))
    before = lazily_free()
    del array
    assert lazily_free() - before > SIZE // 2


def test_few_memories_are_kept(receive: Any) -> None:
    """Of many arrays that are freed at once, the memory of four is kept."""
    array = filled(1)
    arrays = [receive(array) for _ in range(8)]
    pages = [page(array) for array in arrays]
    assert sum(map(is_mapped, pages)) == 8
    del arrays
    assert sum(map(is_mapped, pages)) == 4


def test_no_python_code_runs_when_memory_comes_back(receive: Any) -> None:
    """In a callback written in Python, the exception of a signal handler would be lost."""
    array = receive(filled(1))
    events: list[Any] = []
    sys.setprofile(lambda frame, event, _: events.append((event, frame.f_code.co_name)))
    try:
        del array
    finally:
        sys.setprofile(None)
    assert len(lending._kept) == 1
    assert [event for event, _ in events] == ["c_call"]  # of setprofile itself


def test_memory_outlives_the_connection(in_thread: Any) -> None:
    """An array is the receiver's own, whatever becomes of the ends."""
    first, second = ndpipe.Pipe()
    with first, second:
        sending = in_thread(first.send, filled(7))
        array = second.recv()
        sending.join()
    assert (array == 7).all()


def test_memory_that_cannot_be_given_up_is_not_lent(
    receive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process whose pages are locked in memory receives as it would without all this."""

    class Locked(bytearray):
        madvise = staticmethod(functools.partial(os.read, -1))  # an OSError

    monkeypatch.setattr(lending, "new_memory", Locked)
    array = receive(filled(5))
    assert (array == 5).all()
    del array
    assert not lending._kept


def test_what_is_kept_is_given_up_when_memory_is_short(receive: Any) -> None:
    """An array that fits only without what is kept is received."""
    receive(filled(1))
    assert len(lending._kept) == 1
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (mapped() + 3 * SIZE // 2, limits[1]))
    try:
        memory: Any = lending.lend(2 * SIZE)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
    memory[:] = 2
    assert not lending._kept


@pytest.mark.parametrize("cls", [MemoryError, OSError, TimeoutError])
@pytest.mark.parametrize("number", [1, 2])
def test_a_handler_that_raises_while_memory_is_made(cls: type[Exception], number: int) -> None:
    """Its exception is not taken for what the call says, of a system that refuses."""
    calls: list[str] = []

    def interrupt(_: Any, event: str, function: Any) -> None:
        if event == "c_call" and function.__name__ == "madvise":
            calls.append(function.__name__)
            if len(calls) == number:
                signal.raise_signal(signal.SIGUSR1)

    def handle(*_: Any) -> None:
        raise cls("the handler's own") from OSError(12, "as memory that is short has")

    before = signal.signal(signal.SIGUSR1, handle)
    sys.setprofile(interrupt)
    try:
        with pytest.raises(cls, match="own"):
            lending.lend(SIZE)
    finally:
        sys.setprofile(None)
        signal.signal(signal.SIGUSR1, before)


def receive_and_count(end: Any) -> None:
    """Receive arrays, and send back what is in each when two more have come."""
    arrays = [end.recv() for _ in range(3)]
    end.send([sorted(set(np.unique(array))) for array in arrays])


def test_a_fork_shares_no_memory_that_is_lent(receive: Any) -> None:
    """A forked child has what its parent keeps, and both go on with memory of their own."""
    mine, freed = receive(filled(1)), receive(filled(2))
    del freed
    parent, child = ndpipe.Pipe()
    process = multiprocessing.get_context("fork").Process(target=receive_and_count, args=(child,))
    process.start()
    child.close()
    for n in (3, 4, 5):
        parent.send(filled(n))
    another = receive(filled(6))
    assert parent.poll(60)
    assert parent.recv() == [[3], [4], [5]]
    assert (set(np.unique(mine)), set(np.unique(another))) == ({1}, {6})
    process.join(60)
    parent.close()


def test_threads_that_receive_and_free_share_no_memory(in_thread: Any) -> None:
    """Each array holds what was sent, while others come and go in other threads."""

    def transfers(value: int) -> None:
        first, second = ndpipe.Pipe(splice_threshold=None)
        with first, second:
            sending = in_thread(lambda: [first.send(filled(value + n)) for n in range(12)])
            last = None
            for n in range(12):
                array = second.recv()
                assert (array == value + n).all()
                assert last is None or (last == value + n - 1).all()
                last = array
            sending.join()

    threads = [in_thread(transfers, value) for value in (0, 100, 200)]
    for thread in threads:
        thread.join()


@given(
    st.lists(
        st.tuples(st.sampled_from(["receive", "drop", "view"]), st.integers(0, 9)),
        min_size=5,
        max_size=60,
    )
)
def test_no_two_arrays_share_memory(steps: list[tuple[str, int]]) -> None:
    """Whatever is received, viewed and freed in whatever order, each array keeps its values."""
    first, second = ndpipe.Pipe(threshold=1)
    alive: list[tuple[int, Any]] = []
    with first, second, pytest.MonkeyPatch.context() as patch:
        patch.setattr(layouts, "SMALLEST", 1)
        for number, (step, n) in enumerate(steps):
            if step == "receive":
                first.send(filled(number, 5000 + 300 * n))
                alive.append((number, second.recv()))
            elif alive and step == "drop":
                del alive[n % len(alive)]
            elif alive:
                value, array = alive[n % len(alive)]
                alive[n % len(alive)] = (value, array[n * 10 :])
            assert all((array == value).all() for value, array in alive)
