"""A handler's exceptions are the program's own, whatever their type: written bytes decide."""

import errno
import gc
import itertools
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import array_zoo
import numpy as np
import pytest
from deadlines import unread, when_still
from forking import outcome
from injection import Injection
from recorded import play, record

import ndpipe
from ndpipe._pipe import pickling, stream, unpickling


class BadDescriptorError(OSError):
    """What using a descriptor that is closed raises, here one that has nothing to do with ours."""

    def __init__(self, text: str) -> None:
        super().__init__(errno.EBADF, text)


TYPES = [
    BadDescriptorError,
    BrokenPipeError,
    ConnectionResetError,
    EOFError,
    KeyboardInterrupt,
    StopIteration,
    TimeoutError,
    ZeroDivisionError,
]
LARGE = np.arange(1_000_000)


@pytest.fixture
def on_signal() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Install a handler for SIGUSR1, until the test ends; SIGALRM is pytest-timeout's."""
    before = signal.getsignal(signal.SIGUSR1)
    gc.disable()  # what a handler raises in a callback of the collector is lost
    yield lambda act: signal.signal(signal.SIGUSR1, lambda *_: act())
    signal.signal(signal.SIGUSR1, before)
    gc.enable()


def raising(cls: type[BaseException]) -> Callable[[], None]:
    """Return what raises such an exception as if something else had: printing, say."""

    def act() -> None:
        raise cls("the handler's own")

    return act


def signal_when(ready: Callable[[], object]) -> Callable[[], None]:
    """Return what sends this thread a signal once the call has returned, from another thread."""
    main = threading.get_ident()

    def act() -> None:
        ready()
        signal.pthread_kill(main, signal.SIGUSR1)

    return act


MESSAGES = {
    "array": LARGE,
    "object with array": [b"x" * 4_000_000, LARGE],
    "text": "text" * 1_000_000,
}


@pytest.mark.parametrize("cls", TYPES)
@pytest.mark.parametrize("message", MESSAGES)
def test_in_a_send(pipe: Any, on_signal: Any, in_thread: Any, cls: Any, message: str) -> None:
    """A send that a handler stops half way closes the connection, and the peer has an error."""
    a, b = pipe
    on_signal(raising(cls))
    in_thread(signal_when(lambda: when_still(lambda: unread(b.fileno()))))
    with pytest.raises(cls, match="own"):
        a.send(MESSAGES[message])
    assert a.closed
    with pytest.raises(OSError, match="closed: a send stopped"):
        a.send("next")
    with pytest.raises(OSError, match="end of file after"):
        b.recv()


@pytest.mark.parametrize("cls", TYPES)
def test_in_a_send_that_went_on_after_a_signal(
    pipe: Any, on_signal: Any, in_thread: Any, cls: Any
) -> None:
    """The second signal meets a system call that has written nothing, and has no result."""
    a, b = pipe
    main = threading.get_ident()
    handled: list[int] = []

    def act() -> None:
        handled.append(unread(b.fileno()))
        if len(handled) == 2:
            raise cls("the handler's own")

    said: list[Any] = []

    def send_signals() -> None:
        when_still(lambda: unread(b.fileno()))
        for number in (1, 2):
            signal.pthread_kill(main, signal.SIGUSR1)
            when_still(lambda n=number: len(handled) // n)
        said.append(outcome(b.recv))

    on_signal(act)
    receiving = in_thread(send_signals)
    with pytest.raises(cls, match="own"):
        a.send(LARGE)
    assert a.closed
    receiving.join(10)
    assert "end of file after" in said[0]


@pytest.mark.parametrize("cls", TYPES)
def test_in_a_send_through_a_pipe_of_the_system(
    closing: Any, on_signal: Any, in_thread: Any, cls: Any
) -> None:
    """Also where the first write took a part of the message: a pipe that was nearly full."""
    receiver, sender = map(closing.enter_context, map(ndpipe.wrap, multiprocessing.Pipe(False)))
    on_signal(raising(cls))
    sender.send_bytes(b"1" * 60_000)
    in_thread(signal_when(lambda: when_still(lambda: unread(receiver.fileno()) - 60_004)))
    with pytest.raises(cls, match="own"):
        sender.send_bytes(b"2" * 10_000)
    assert sender.closed
    assert receiver.recv_bytes() == b"1" * 60_000
    with pytest.raises(OSError, match="end of file after"):
        receiver.recv_bytes()


@pytest.mark.parametrize("cls", TYPES)
@pytest.mark.parametrize("part", [2, 4, 100])
def test_in_a_receive(pipe: Any, on_signal: Any, in_thread: Any, cls: Any, part: int) -> None:
    """A receive that a handler stops half way closes the connection, and the peer has an error."""
    a, b = pipe
    on_signal(raising(cls))
    os.write(a.fileno(), ((1000).to_bytes(4, "big") + bytes(1000))[:part])

    def taken() -> None:
        while unread(b.fileno()):
            pass
        threading.Event().wait(0.1)

    in_thread(signal_when(taken))
    with pytest.raises(cls, match="own"):
        b.recv_bytes()
    assert b.closed
    with pytest.raises(OSError, match="closed: a receive stopped"):
        b.recv()
    with pytest.raises((EOFError, OSError)):
        a.recv()


@pytest.mark.parametrize("cls", TYPES)
def test_where_nothing_began(pipe: Any, on_signal: Any, in_thread: Any, cls: Any) -> None:
    """A receive that was still waiting, and a send that could not begin, leave the connection."""
    a, b = pipe
    on_signal(raising(cls))
    in_thread(signal_when(lambda: threading.Event().wait(0.1)))
    with pytest.raises(cls, match="own"):
        b.recv()
    a.send(LARGE[:10])
    array_zoo.assert_same(b.recv(), LARGE[:10])


def test_a_send_that_could_not_begin(closing: Any, on_signal: Any, in_thread: Any) -> None:
    """A send that waits for room to begin is interrupted, and the connection goes on."""
    receiver, sender = map(closing.enter_context, map(ndpipe.wrap, multiprocessing.Pipe(False)))
    on_signal(raising(BrokenPipeError))
    sender.send_bytes(bytes(65_532))  # with its length, all that the pipe holds
    in_thread(signal_when(lambda: threading.Event().wait(0.2)))
    with pytest.raises(BrokenPipeError, match="own"):
        sender.send_bytes(b"short")
    assert receiver.recv_bytes() == bytes(65_532)
    sender.send_bytes(b"next")
    assert receiver.recv_bytes() == b"next"


RECEIVES = {
    "recv": lambda end: end.recv(),
    "recv_into": lambda end: end.recv_into(np.zeros(10, LARGE.dtype)),
}


@pytest.mark.parametrize("inner", RECEIVES)
@pytest.mark.parametrize("outer", RECEIVES)
def test_a_handler_that_receives(
    make_pipe: Any, on_signal: Any, in_thread: Any, outer: str, inner: str
) -> None:
    """A handler may receive where its program waits for a message, as with the standard Pipe."""
    a, b = make_pipe()
    got = []

    def handler() -> None:
        a.send(LARGE[:10])
        got.append(RECEIVES[inner](b))
        a.send(LARGE[10:20])

    on_signal(handler)
    in_thread(signal_when(lambda: threading.Event().wait(0.1)))
    array_zoo.assert_same(RECEIVES[outer](b), LARGE[10:20])
    array_zoo.assert_same(got[0], LARGE[:10])


@pytest.mark.parametrize("outer", RECEIVES)
def test_a_handler_that_refuses(make_pipe: Any, on_signal: Any, in_thread: Any, outer: str) -> None:
    """What a waiting program would go on in the middle of, a handler that refuses it closes."""
    a, b = make_pipe()
    said: list[BaseException] = []

    def handler() -> None:
        a.send(LARGE[:10])
        try:
            b.recv_into(np.zeros(3))
        except OSError as error:
            said.append(error)

    on_signal(handler)
    in_thread(signal_when(lambda: threading.Event().wait(0.1)))
    with pytest.raises(OSError, match=r"refused|handle is closed"):
        RECEIVES[outer](b)
    assert len(said) == 1
    assert b.closed


def test_a_handler_that_receives_in_mid_message(pipe: Any, on_signal: Any, in_thread: Any) -> None:
    """Where a message has begun, the handler gets an error, not the rest of that message."""
    a, b = pipe
    said: list[BaseException] = []

    def handler() -> None:
        try:
            b.recv()
        except OSError as error:
            said.append(error)

    on_signal(handler)
    os.write(a.fileno(), (1000).to_bytes(4, "big") + bytes(500))

    def taken() -> None:
        while unread(b.fileno()):
            pass
        threading.Event().wait(0.1)

    in_thread(signal_when(taken))
    with pytest.raises(OSError, match=r"interrupted|closed"):
        b.recv_bytes()
    assert len(said) == 1
    assert b.closed


@pytest.mark.parametrize("receive", RECEIVES)
def test_where_the_peer_has_gone(closing: Any, receive: str) -> None:
    """At whichever instruction of a last receive: the exception is raised as it is."""
    data = record(LARGE[:10])
    for point in itertools.count():
        end = closing.enter_context(play(data))
        own = ConnectionResetError("the handler's own")
        injection = Injection({point: own})
        result = None
        try:
            injection.run(RECEIVES[receive], end)
        except (EOFError, OSError) as error:
            result = error
        if not injection.fired:
            break
        assert result in (None, own), (point, injection.fired)
    assert point > 80, "too few instructions to be those of a transfer"


FIELDS = np.array([(1, 2.5)], [("a", "<i4"), ("b", "<f4")])
DTYPE_CODES = {
    unpickling._same.__code__,
    unpickling._essence.__code__,
    unpickling.DescribedDtype.is_like.__code__,
}
CLASS_CODES = {pickling._is_known.__code__, pickling._has_code_of_its_own.__code__}


@pytest.mark.parametrize("cls", [LookupError, StopIteration, TypeError])
def test_while_dtypes_are_compared(make_pipe: Any, cls: type[Exception]) -> None:
    """No array of another dtype is accepted, and no exception lost."""
    out = np.zeros(1, [("x", "<f4"), ("b", "<i4")])
    for number in itertools.count():
        a, b = make_pipe()
        with a, b:
            a.send(FIELDS)
            own = cls("the handler's own")
            injection = Injection({number: own}, DTYPE_CODES.__contains__)
            with pytest.raises((cls, ValueError)) as caught:
                injection.run(b.recv_into, out)
            if not injection.fired:
                break
            assert caught.value is own
    assert number > 20
    assert not out.tobytes().strip(b"\0")


class Filled:
    """An object whose own code fills the same memory for each."""

    memory = np.zeros(100)

    def __init__(self, value: int) -> None:
        self.value = value

    def __reduce__(self) -> tuple[Any, ...]:
        self.memory[:] = self.value
        return np.array, (self.memory[:],)


def test_while_classes_are_looked_at(make_pipe: Any) -> None:
    """An exception that ends an iteration does not decide whether arrays are copied."""
    for number in itertools.count():
        a, b = make_pipe()
        with a, b:
            own = StopIteration("the handler's own")
            injection = Injection({number: own}, CLASS_CODES.__contains__)
            said: BaseException | None = None
            try:
                injection.run(a.send, [Filled(1), Filled(2)])
            except StopIteration as error:
                said = error
            if not injection.fired:
                break
            assert said is own
    assert number > 20


@pytest.mark.parametrize("code", [errno.ECONNRESET, errno.EBADF])
def test_a_handler_that_closes_and_raises_what_that_means(
    pipe: Any, on_signal: Any, in_thread: Any, code: int
) -> None:
    """Its exception is the program's own, though the system says the same."""
    a, b = pipe
    own = OSError(code, "the handler's own")

    def act() -> None:
        (a if code == errno.ECONNRESET else b).close()
        raise own

    on_signal(act)
    main = threading.get_ident()
    timer = threading.Timer(0.2, signal.pthread_kill, (main, signal.SIGUSR1))
    timer.start()
    with pytest.raises(OSError, match="own") as caught:
        b.recv()
    timer.join()
    assert caught.value is own


def test_while_another_threads_message_is_given_up(in_thread: Any) -> None:
    """An exception in a close that ends another thread's send is not lost, and the send ends."""
    aborting = stream.Stream.abort.__code__
    for number in itertools.count():
        a, b = ndpipe.Pipe(splice_threshold=None)
        with a, b:
            sending = in_thread(partial(outcome, partial(a.send, LARGE)))
            when_still(lambda end=b: unread(end.fileno()))
            injection = Injection({number: TimeoutError("own")}, lambda code: code is aborting)
            said = outcome(partial(injection.run, a.close))
            if not injection.fired:
                assert said is None
                break
            assert "own" in said
            a.close()
            sending.join(5)
            assert not sending.is_alive()
    assert number > 10


@pytest.mark.parametrize("cls", [*TYPES, AttributeError, InterruptedError, TypeError, ValueError])
def test_in_a_poll(pipe: Any, cls: Any) -> None:
    """It comes out as itself, wherever it is raised."""
    _, b = pipe
    points = 0
    while True:
        own, raised = cls("own"), None
        injection = Injection({points: own})
        try:
            injection.run(b.poll, 0.001)
        except cls as error:
            raised = error
        if not injection.fired:
            break
        assert raised is own
        points += 1
    assert points > 20


def test_in_a_poll_that_waits(pipe: Any, on_signal: Any, in_thread: Any) -> None:
    """In code of the standard library, this exception would be no event."""
    on_signal(raising(InterruptedError))
    in_thread(signal_when(lambda: time.sleep(0.2)))
    with pytest.raises(InterruptedError, match="own"):
        pipe[1].poll(10)


def test_no_python_code_forgets_a_stream() -> None:
    """In a callback of the collector, what a handler raises is lost."""
    before = len(stream._streams)
    injection = Injection(within=lambda code: "weakref" in code.co_filename)
    injection.run(lambda: [end.close() for end in ndpipe.Pipe()])
    assert len(stream._streams) == before
    assert not injection.visited
