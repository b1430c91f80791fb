"""Arrays that are spliced: exact, at once free to be changed, and streamed where that fails."""

import contextlib
import errno
import fcntl
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from array import array
from collections.abc import Callable
from functools import partial
from multiprocessing import resource_sharer
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import memory_use
import numpy as np
import pytest
from array_zoo import assert_same
from deadlines import unread, when_still
from forking import in_fork, outcome
from injection import Injection
from pipes_under_test import spliced_pipe
from recorded import record

import ndpipe
from ndpipe._pipe import growing, splice, unsplice
from ndpipe.connection import Connection

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has vmsplice")

ARRAY = np.arange(3000, dtype=np.uint16).reshape(50, 60)
LARGE = np.random.default_rng(0).integers(0, 256, 5_000_000, np.uint8)
RIGHTS = socket.SOL_SOCKET, socket.SCM_RIGHTS


@pytest.fixture
def ends(closing: contextlib.ExitStack) -> tuple[Connection, Connection]:
    """Two ends in one process, between which every array is spliced."""
    a, b = spliced_pipe()
    return closing.enter_context(a), closing.enter_context(b)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record how many places the pipes have that senders make: 0 where there is none."""
    places: list[int] = []
    make = splice.SplicedOutgoing._open_pipe

    def recorded(self: splice.SplicedOutgoing) -> Any:
        last = make(self)
        places.append(0 if last is None else len(last))
        return last

    monkeypatch.setattr(splice.SplicedOutgoing, "_open_pipe", recorded)
    return places


def read_slowly(monkeypatch: pytest.MonkeyPatch, rng: random.Random) -> None:
    """Let receivers read a random number of bytes at a time, and pause between some of them."""
    read_into = unsplice._Source.read_into

    def slow(self: Any, buffer: Any) -> int:
        if rng.random() < 0.05:
            time.sleep(rng.random() * 2e-3)
        return read_into(self, buffer[: rng.choice([1, 100, 4096, 5000, 70_000, 1 << 20])])

    monkeypatch.setattr(unsplice._Source, "read_into", slow)


@pytest.mark.parametrize("size", [1 << 12, 1 << 13, 1 << 16, 1 << 20])
def test_an_array_that_is_changed_at_once(
    ends: Any, in_thread: Any, monkeypatch: Any, size: int
) -> None:
    """No page of the sender's is left in the pipe when send returns, whatever its size."""
    a, b = ends
    rng = random.Random(size)
    monkeypatch.setattr(splice, "_PIPE_SIZE", size)
    read_slowly(monkeypatch, rng)
    memory = np.empty(3 * size + 50_000, np.uint8)

    def send() -> None:
        for number in range(25):
            start, length = rng.randrange(5000), rng.randrange(1, 3 * size + 40_000)
            part = memory[start : start + length]
            part[:] = number
            a.send([part[: length // 3], number, part[length // 3 :]])
            part[:] = 255

    in_thread(send)
    for expected in range(25):
        first, number, second = b.recv()
        assert number == expected
        assert (first == expected).all()
        assert (second == expected).all()


@pytest.mark.parametrize("places", [1, 2, 16, 256])
def test_each_of_the_last_pieces_takes_a_place(places: int) -> None:
    """That is what the promise rests on: they fill the pipe when all before them has been read."""
    reader, writer = os.pipe()
    try:
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, places * 4096)
        last = splice._last_pieces(places + 1)
        last[:] = np.arange(last.size).reshape(last.shape) % 251
        pieces = splice._vectors(last)
        taken = splice._vmsplice(writer, pieces.ctypes.data, places + 1, 2)
        assert taken == places * 16
        assert os.read(reader, 10_000) == last.tobytes()[:taken]
    finally:
        os.close(reader)
        os.close(writer)


def fail_to_splice(monkeypatch: pytest.MonkeyPatch, fails: Callable[[int, int], bool]) -> list[int]:
    """Let vmsplice fail where a function of the number of calls and of pieces says so."""
    calls: list[int] = []

    def fail(number: int, pieces: Any, count: int, flags: int) -> int:
        calls.append(count)
        if fails(len(calls), count):
            pieces, count = 8, 1  # EFAULT
        result: int = vmsplice(number, pieces, count, flags)
        return result

    vmsplice = splice._vmsplice
    monkeypatch.setattr(splice, "_vmsplice", fail)
    return calls


def test_an_array_in_memory_that_no_pipe_holds(ends: Any, in_thread: Any, monkeypatch: Any) -> None:
    """Where splicing fails, the rest of the array is written, and arrives."""
    a, b = ends
    calls = fail_to_splice(monkeypatch, lambda call, count: call > 3 and count == 1)
    in_thread(a.send, LARGE)
    assert_same(b.recv(), LARGE)
    assert calls[:4] == [0, 1, 1, 1]
    assert min(calls[4:]) > 1  # the last pieces, which are spliced in any case


def test_a_system_that_forbids_splicing(
    ends: Any, in_thread: Any, monkeypatch: Any, opened: list[int]
) -> None:
    """A message is streamed, without a word."""
    a, b = ends
    calls = fail_to_splice(monkeypatch, lambda *_: True)
    in_thread(a.send, LARGE)
    assert_same(b.recv(), LARGE)
    assert calls == opened == [0]


def test_last_pieces_that_cannot_be_spliced(ends: Any, in_thread: Any, monkeypatch: Any) -> None:
    """They are not written either: they would not fill the pipe, and send would return too soon."""
    a, b = ends
    fail_to_splice(monkeypatch, lambda _, count: count > 1)
    said: list[Any] = []
    sending = in_thread(lambda: said.append(outcome(lambda: a.send(LARGE))))
    assert "end of file" in outcome(b.recv)
    sending.join(5)
    assert "Bad address" in said[0]
    assert a.closed


@pytest.mark.parametrize("given", [0, 1])
def test_an_interruption_among_the_last_pieces(
    ends: Any, in_thread: Any, monkeypatch: Any, given: int
) -> None:
    """A send that raises has not sent the array, which may change at once, pages in the pipe."""
    a, b = ends
    give, calls = splice.SplicedOutgoing._give, []

    def interrupted(self: Any, pieces: int, count: int) -> int:
        if count > 1:
            calls.append(count)
            if len(calls) > given:
                raise InterruptedError("interrupted")
        return give(self, pieces, min(count, 10))

    monkeypatch.setattr(splice.SplicedOutgoing, "_give", interrupted)
    array = LARGE.copy()
    said: list[Any] = []

    def send() -> None:
        said.append(outcome(lambda: a.send(array)))
        array[:] = 0

    sending = in_thread(send)
    assert "end of file" in outcome(b.recv)
    sending.join(5)
    assert "interrupted" in said[0]
    assert len(calls) == given + 1


def test_both_ends_send_at_once(ends: Any, in_thread: Any) -> None:
    """Threads that send and receive at both ends are in nobody's way."""
    a, b = ends
    for end in ends:
        in_thread(lambda end=end: [end.send(LARGE) for _ in range(3)])
    got: list[Any] = []
    other = in_thread(lambda: [got.append(a.recv()) for _ in range(3)])
    for _ in range(3):
        assert_same(b.recv(), LARGE)
    other.join(10)
    assert len(got) == 3
    assert all(np.array_equal(array, LARGE) for array in got)


def test_one_way_only(closing: Any, in_thread: Any, opened: list[int]) -> None:
    """A simplex pipe splices too."""
    receiver, sender = map(closing.enter_context, spliced_pipe(duplex=False))
    in_thread(sender.send, LARGE)
    assert_same(receiver.recv_into(np.empty_like(LARGE)), LARGE)
    assert opened == [256]


@pytest.mark.parametrize("passed", [False, True])
def test_a_refused_message_keeps_its_pipe(ends: Any, in_thread: Any, passed: bool) -> None:
    """What recv_into refuses is seen by wait, and received where the end has been passed to."""
    a, b = ends
    in_thread(a.send, LARGE)
    for _ in range(2):
        with pytest.raises(ValueError, match="shape"):
            b.recv_into(np.zeros(3, np.uint8))
        with pytest.raises(TypeError, match="arrays"):
            b.recv_bytes()
    assert wait([b], 1) == [b]
    assert b.poll()
    if not passed:
        assert_same(b.recv_into(np.empty_like(LARGE)), LARGE)
        return
    through, out = ndpipe.Pipe()
    with through, out:
        through.send(b)
        with out.recv() as copy:
            assert_same(copy.recv(), LARGE)
            b.close()
    resource_sharer.stop(timeout=10)


def test_a_refused_message_is_given_up(ends: Any, in_thread: Any) -> None:
    """Closing the end closes the pipe of a message in hand, and the sender gets an error."""
    a, b = ends
    said: list[Any] = []
    sending = in_thread(lambda: said.append(outcome(lambda: a.send(LARGE))))
    with pytest.raises(ValueError, match="shape"):
        b.recv_into(np.zeros(3, np.uint8))
    b.close()
    sending.join(5)
    assert "Broken pipe" in said[0]
    assert a.closed


@pytest.mark.parametrize("who", ["sender", "receiver"])
def test_closed_by_another_thread(ends: Any, in_thread: Any, who: str) -> None:
    """A transfer that waits for its peer ends soon when another thread closes the connection."""
    a, b = ends
    said: list[Any] = []
    sending = in_thread(lambda: said.append(outcome(lambda: a.send(LARGE))))
    when_still(lambda: unread(b.fileno()))
    (a if who == "sender" else b).close()
    sending.join(5)
    assert "closed" in said[0] or "Broken pipe" in said[0]


def test_a_bystander_keeps_nobody_waiting(ends: Any, in_thread: Any) -> None:
    """A receiver that closes before it took the pipe is noticed, though the end was inherited."""
    a, b = ends
    inherited = os.dup(b.fileno())
    try:
        said: list[Any] = []
        sending = in_thread(lambda: said.append(outcome(lambda: a.send(LARGE))))
        when_still(lambda: unread(b.fileno()))
        b._stream.abort("a test")
        sending.join(5)
    finally:
        os.close(inherited)
    assert "Broken pipe" in said[0]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("who", ["sender", "receiver"])
def test_a_fork_in_the_middle(ends: Any, in_thread: Any, who: str) -> None:
    """A child forked in mid-transfer holds no end of the pipe, and the transfer goes on."""
    a, b = ends

    def pipes() -> int:
        links = Path("/proc/self/fd").iterdir()
        return sum(link.is_fifo() for link in links)

    before = in_fork(pipes)
    if who == "sender":
        sending = in_thread(a.send, LARGE)
        when_still(lambda: unread(b.fileno()))
        assert in_fork(pipes) == before
        assert_same(b.recv(), LARGE)
        sending.join(5)
        return
    reader, writer = os.pipe()
    message = spliced_start(reader)
    got: list[Any] = []
    receiving = in_thread(lambda: got.append(b.recv()))
    message(a)
    os.write(writer, ARRAY.tobytes()[:1000])
    when_still(lambda: 1 + unread(writer))
    assert in_fork(pipes) == before + 1  # the writing end, which is the test's own
    os.write(writer, ARRAY.tobytes()[1000:])
    receiving.join(5)
    os.close(writer)
    assert_same(got[0], ARRAY)


def spliced_start(*numbers: int, closing: bool = True) -> Callable[[Connection], None]:
    """Return what sends all that a spliced message has on the socket, with these descriptors."""
    start = splice.wire.spliced(record(ARRAY)[: -ARRAY.nbytes])

    def send(end: Connection) -> None:
        with socket.socket(fileno=os.dup(end.fileno())) as raw:
            raw.sendall(start[:28])
            raw.sendmsg([start[28:29]], [(*RIGHTS, array("i", numbers))] if numbers else [])
            raw.sendall(start[29:] + b".")
        for number in numbers if closing else ():
            os.close(number)

    return send


def lie(what: str) -> Callable[[Connection], None]:
    """Return what sends a message that has not the one pipe it should have."""
    reader, writer = os.pipe()
    os.close(writer) if what != "the end that writes" else os.close(reader)
    if what == "no descriptor":
        os.close(reader)
        return spliced_start()
    if what == "no pipe":
        os.close(reader)
        return spliced_start(os.open(os.devnull, os.O_RDONLY))
    if what == "two descriptors":
        return spliced_start(reader, os.dup(reader))
    return spliced_start(writer if what == "the end that writes" else reader)


@pytest.mark.parametrize(
    "what",
    ["no descriptor", "no pipe", "two descriptors", "the end that writes", "an empty pipe"],
)
def test_a_peer_that_lies(ends: Any, what: str) -> None:
    """It is an OSError, the connection is closed, and no descriptor is left."""
    a, b = ends
    lie(what)(a)
    with pytest.raises(OSError, match=r"corrupt|end of file after \d+ of \d+ bytes"):
        b.recv()
    assert b.closed


def test_a_sender_that_dies(ends: Any) -> None:
    """End of file inside the array: an error with the counts, on the whole message."""
    a, b = ends
    reader, writer = os.pipe()
    os.write(writer, bytes(1000))
    os.close(writer)
    spliced_start(reader)(a)
    head = len(record(ARRAY)) - ARRAY.nbytes
    whole = head + ARRAY.nbytes + 1
    with pytest.raises(OSError, match=f"after {head + 1000} of {whole} bytes"):
        b.recv()


def test_a_receiver_without_a_free_descriptor(ends: Any, in_thread: Any) -> None:
    """The receiver's error says what to do; the sender has a broken pipe; nobody waits."""
    a, b = ends
    said: list[Any] = []
    sending = in_thread(lambda: said.append(outcome(lambda: a.send(LARGE))))
    when_still(lambda: unread(b.fileno()))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        with pytest.raises(OSError, match="raise the limit") as caught:
            b.recv()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert caught.value.errno == errno.EMFILE
    sending.join(5)
    assert "Broken pipe" in said[0]
    assert a.closed
    assert b.closed


@pytest.mark.parametrize("why", ["descriptors", "size", "memory", "signal"])
def test_streamed_without_a_word(
    ends: Any, in_thread: Any, opened: list[int], monkeypatch: Any, why: str
) -> None:
    """Without a descriptor, a large pipe, memory, or SIGPIPE ignored, a message is streamed."""
    a, b = ends
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = signal.getsignal(signal.SIGPIPE)
    if why == "descriptors":
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    elif why == "size":
        monkeypatch.setattr(splice, "_PIPE_SIZE", (1 << 31) - 1)
    elif why == "memory":
        monkeypatch.setattr(splice, "_LAST_PIECE", 1 << 50)
    else:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        in_thread(a.send, LARGE)
        assert_same(b.recv(), LARGE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        signal.signal(signal.SIGPIPE, before)
    assert opened == [0]


def test_a_socket_that_tells_who_sends(ends: Any, in_thread: Any, opened: list[int]) -> None:
    """Credentials, where somebody has asked for them, come beside the pipe."""
    a, b = ends
    with socket.socket(fileno=os.dup(b.fileno())) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    in_thread(a.send, LARGE)
    assert_same(b.recv(), LARGE)
    assert opened[0] > 0


def test_no_new_memory_may_be_locked(ends: Any, opened: list[int]) -> None:
    """Where all must be (mlockall), a small array is streamed, and a large one a MemoryError."""
    a, b = ends

    def send_and_ask() -> Any:
        memory_use.allow_no_more()
        a.send(ARRAY)
        try:
            growing.new_memory(1 << 24)
        except MemoryError as error:
            return opened, repr(error.__cause__)

    places, cause = in_fork(send_and_ask)
    assert_same(b.recv(), ARRAY)
    assert places == [0]
    assert cause.startswith("BlockingIOError")


def test_what_is_spliced_by_itself(closing: Any, in_thread: Any, opened: list[int]) -> None:
    """A message of 16 MiB or more is, by default, unless that is switched off."""
    large = np.zeros(16 << 20, np.uint8)
    for options, arrays in [({}, [large]), ({}, [large[1:]]), ({"splice_threshold": None}, large)]:
        a, b = map(closing.enter_context, ndpipe.Pipe(**options))
        in_thread(a.send, arrays)
        b.recv()
    assert opened == [256]


@pytest.mark.parametrize(("setting", "expected"), [("off", "None"), ("7", "7"), ("no", "neither")])
def test_the_environment(setting: str, expected: str) -> None:
    """A variable of the environment sets the default, or switches splicing off."""
    code = "import ndpipe; print(ndpipe.Pipe()[0]._splice_threshold)"
    environment = {**os.environ, "NDPIPE_SPLICE_THRESHOLD": setting}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert expected in done.stdout + done.stderr


def test_the_peer_leaves_in_the_middle(ends: Any, in_thread: Any) -> None:
    """A handler that raises in a spliced send ends it for the peer, at whatever byte."""
    a, b = ends

    class Stop(Exception):  # noqa: N818
        pass

    def interrupt(*_: Any) -> None:
        raise Stop

    before = signal.signal(signal.SIGUSR1, interrupt)
    me, said = threading.get_ident(), []
    receiving = in_thread(lambda: (time.sleep(0.3), said.append(outcome(b.recv))))
    timer = threading.Timer(0.1, signal.pthread_kill, (me, signal.SIGUSR1))
    timer.start()
    try:
        with pytest.raises(Stop):
            a.send(LARGE)
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)
    receiving.join(5)
    assert "end of file after" in said[0]
    with pytest.raises(OSError, match="closed: a send stopped after"):
        a.send(1)


def test_the_format_of_spliced_arrays(closing: Any) -> None:
    """The pipe comes with the first byte of the index, and a full stop ends the rest."""
    x = np.arange(3, dtype="<u2")
    streamed = record(x)
    a, b = map(closing.enter_context, ndpipe.Pipe(threshold=1, splice_threshold=1))
    a.send(x)
    with socket.socket(fileno=os.dup(b.fileno())) as end:
        head, nothing, _, _ = socket.recv_fds(end, 28, 1)
        first, pipes, _, _ = socket.recv_fds(end, 1000, 1)
        rest = end.recv(1000)
    with open(pipes[0], "rb") as pipe:  # noqa: PTH123 - a number, not a path
        assert pipe.read() == x.tobytes()
    place = x.ctypes.data % 64 // 16  # which is the kind's first digit
    assert head[:12] == b"\xff\xff\xff\xff\xffndpipe" + bytes([place << 4 | 2])
    assert head[12:24] == streamed[12:24]
    assert not nothing
    assert len(first) == 1
    assert first + rest == streamed[28 : -x.nbytes] + b"."


def test_an_exception_of_a_handler_is_not_that_of_an_empty_pipe() -> None:
    """It comes out wherever in a read it is raised, though it has the same type and number."""
    reads = unsplice._Source.read_into.__code__
    points = 0
    while True:
        a, b = spliced_pipe()
        with a, b:
            a.send(ARRAY)
            own = BlockingIOError(errno.EAGAIN, "own")
            injection = Injection({points: own}, lambda code: code is reads)
            said = outcome(partial(injection.run, b.recv))
            if not injection.fired:
                break
            assert "own" in said
            assert b.closed
        points += 1
    assert points > 20


def signal_when_it_waits(in_thread: Any, end: Connection) -> list[str]:
    """Have a handler raise StopIteration in this thread, once what has come to `end` is still."""
    main, before = threading.get_ident(), signal.getsignal(signal.SIGUSR1)
    handled: list[str] = []

    def handle(*_: Any) -> None:
        handled.append("handled")
        signal.signal(signal.SIGUSR1, before)
        raise StopIteration

    signal.signal(signal.SIGUSR1, handle)

    def send_signal() -> None:
        when_still(lambda: 1 + unread(end.fileno()))
        signal.pthread_kill(main, signal.SIGUSR1)

    in_thread(send_signal)
    return handled


def test_a_handlers_stop_iteration_while_a_send_waits_for_the_socket(
    ends: Any, in_thread: Any
) -> None:
    """It is not the end of what is iterated over: nothing was sent, and the next message is."""
    a, b = ends
    full = b"\0\0\0\1x" * 1000
    with socket.socket(fileno=os.dup(a.fileno())) as raw, contextlib.suppress(BlockingIOError):
        while raw.send(full, socket.MSG_DONTWAIT) == len(full):
            pass
    handled = signal_when_it_waits(in_thread, b)
    with pytest.raises(StopIteration):
        a.send(ARRAY)
    assert handled
    assert not a.closed


def test_a_handlers_stop_iteration_while_a_receive_waits_for_the_pipe(
    ends: Any, in_thread: Any
) -> None:
    """The message has begun, so that the connection is closed."""
    a, b = ends
    start = splice.wire.spliced(record(ARRAY)[: -ARRAY.nbytes])
    with socket.socket(fileno=os.dup(a.fileno())) as raw:
        raw.sendall(start[:28])
    handled = signal_when_it_waits(in_thread, b)
    with pytest.raises(StopIteration):
        b.recv()
    assert handled
    assert b.closed


def test_no_python_code_decides_whether_a_signal_is_ignored(ends: Any) -> None:
    """In `signal.getsignal`, some exceptions of a handler would be lost."""
    a, b = ends
    injection = Injection(within=lambda code: code.co_filename == signal.__file__)
    injection.run(a.send, ARRAY)
    assert_same(b.recv(), ARRAY)
    assert not injection.visited


@pytest.mark.parametrize("place", [0, 16, 32, 48, 8, 63])
def test_a_spliced_array_begins_as_the_senders_does(place: int, in_thread: Any) -> None:
    """Where in a line of 64 bytes, to 16 bytes: some processors copy faster then."""
    first, second = ndpipe.Pipe(splice_threshold=1)
    with first, second:
        memory = np.empty((20 << 20) + 128, np.uint8)
        start = (place - memory.ctypes.data) % 64
        sent = memory[start : start + (20 << 20)]
        sent[:] = place
        sending = in_thread(first.send, sent)
        array = second.recv()
        sending.join()
        assert array.ctypes.data % 64 == sent.ctypes.data % 64 & 0x30
        assert (array == place).all()
