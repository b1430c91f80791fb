"""No setting of the process changes what arrives, or whether a receive waits."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import resource_sharer
from typing import Any

import array_zoo
import connection_peers
import numpy as np
import pytest
from recorded import record

import ndpipe
from ndpipe.connection import Connection

LARGE = np.random.default_rng(0).random(1_000_000)


@pytest.fixture(params=[0.05, 0.0])
def default_timeout(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let every socket that is made from now on have a timeout, or not wait at all."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(request.param)
    yield
    socket.setdefaulttimeout(before)


def check_waiting(a: Any, b: Any, in_thread: Any) -> None:
    """Check that a receive waits for its message, and a send for room."""

    def send_later() -> None:
        time.sleep(0.3)
        a.send("late")
        a.send(LARGE)

    sending = in_thread(send_later)
    assert b.recv() == "late"
    time.sleep(0.3)  # the send waits meanwhile
    array_zoo.assert_same(b.recv(), LARGE)
    sending.join(10)


@pytest.mark.usefixtures("default_timeout")
@pytest.mark.parametrize("duplex", [True, False])
def test_a_default_timeout_of_sockets(make_pipe: Any, in_thread: Any, duplex: bool) -> None:
    """A pipe made under socket.setdefaulttimeout waits as any other."""
    b, a = make_pipe(duplex)
    check_waiting(a, b, in_thread)


@pytest.mark.usefixtures("default_timeout")
def test_wrapping_under_a_default_timeout(closing: Any, in_thread: Any) -> None:
    """So do the standard connections that are wrapped under it."""
    a, b = map(closing.enter_context, map(ndpipe.wrap, multiprocessing.Pipe()))
    check_waiting(a, b, in_thread)


def echo_under_timeout(conn: Any, *others: Any) -> None:
    """In a child: echo what arrives, late, under a default timeout."""
    socket.setdefaulttimeout(0.05)
    connection_peers.echo(conn, *others)


def test_a_default_timeout_in_a_child(make_pipe: Any, start_child: Any) -> None:
    """A child that sets a default timeout waits for what comes later."""
    ours, theirs = make_pipe()
    start_child("fork", echo_under_timeout, theirs, ours)
    theirs.close()
    time.sleep(0.3)
    ours.send(LARGE)
    time.sleep(0.3)
    array_zoo.assert_same(ours.recv(), LARGE)
    ours.close()


def test_passing_under_a_default_timeout(make_pipe: Any, in_thread: Any) -> None:
    """An end that is passed on is rebuilt under a default timeout, and waits."""
    a, b = make_pipe()
    c, d = make_pipe()
    c.send(b)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(5)
    try:
        with d.recv() as copy:
            socket.setdefaulttimeout(0.0)
            check_waiting(a, copy, in_thread)
    finally:
        socket.setdefaulttimeout(before)
        resource_sharer.stop(timeout=10)


@pytest.mark.usefixtures("default_timeout")
def test_a_peers_close_under_a_default_timeout(pipe: Any, in_thread: Any) -> None:
    """The ends that an abort leaves behind are right under a default timeout too."""
    a, b = pipe
    errors = []

    def send() -> None:
        try:
            a.send(LARGE)
        except OSError as error:
            errors.append(error)

    sending = in_thread(send)
    b.poll(5)
    b.close()
    sending.join(10)
    assert isinstance(errors[0], BrokenPipeError | ConnectionResetError)


@pytest.mark.skipif(sys.platform == "win32", reason="its descriptors have no such flag")
def test_a_descriptor_that_somebody_made_non_blocking(pipe: Any) -> None:
    """Between messages an error says so, inside one it closes the connection too."""
    a, b = pipe
    for end in pipe:
        os.set_blocking(end.fileno(), False)
    with pytest.raises(BlockingIOError):
        b.recv()
    a.send("text")
    assert b.recv() == "text"
    with pytest.raises(BlockingIOError):
        a.send(bytes(50_000_000))
    assert a.closed
    with pytest.raises(OSError, match="end of file after"):
        b.recv()


@pytest.mark.skipif(sys.platform == "win32", reason="its descriptors have no such flag")
def test_a_descriptor_that_does_not_block_for_the_rest_of_a_message() -> None:
    """The error closes the connection."""
    peer, ours = socket.socketpair()
    with peer, Connection(ours.detach()) as end:
        peer.sendall(record(LARGE)[:1000])
        os.set_blocking(end.fileno(), False)
        with pytest.raises(BlockingIOError):
            end.recv()
        assert end.closed
        assert peer.recv(1) == b""


def test_numpy_that_raises_and_prints_otherwise(make_pipe: Any) -> None:
    """Neither NumPy's error state nor its way to print matters."""
    a, b = make_pipe()
    array = array_zoo.make(np.dtype(">f4"))  # signalling NaN among its elements
    with np.errstate(all="raise"), np.printoptions(legacy="1.13", threshold=1):
        a.send([array, array.T])
        for received, sent in zip(b.recv(), [array, array.T], strict=True):
            array_zoo.assert_same(received, sent)


def test_a_switch_at_every_instruction(make_pipe: Any, in_thread: Any) -> None:
    """Threads that are switched as often as can be take turns as otherwise."""
    a, b = make_pipe()
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for n in range(4):
            in_thread(lambda n=n: [a.send(np.full(5000 + n, n)) for _ in range(25)])
        counts = [0] * 4
        for _ in range(100):
            array = b.recv()
            assert array.shape == (5000 + array[0],)
            assert (array == array[0]).all()
            counts[int(array[0])] += 1
        assert counts == [25] * 4
    finally:
        sys.setswitchinterval(before)


SCRIPT = """
import pickle, sys
if "protocol 5" in sys.argv:
    # What Python 3.14 has as its default, before ndpipe sees the module.
    import _pickle
    dumps, Pickler = _pickle.dumps, _pickle.Pickler
    class Newer(Pickler):
        def __init__(self, file, protocol=None, **options):
            super().__init__(file, 5 if protocol is None else protocol, **options)
    pickle.Pickler = pickle._Pickler = _pickle.Pickler = Newer
    pickle.dumps = lambda obj, protocol=None, **options: dumps(obj, protocol or 5, **options)
    pickle.DEFAULT_PROTOCOL = 5
import numpy as np, ndpipe
a, b = ndpipe.Pipe(threshold=1000)
for n in (10, 10_000):
    for dtype in ("<i4", ">i4", "M8[s]"):
        sent = np.arange(n).astype(dtype)
        sent.flags.writeable = False
        a.send(sent)
        a.send({"nested": sent[::-1], "same": [sent]})
        bare, nested = b.recv(), b.recv()
        for got, was in (bare, sent), (nested["nested"], sent[::-1]), (nested["same"][0], sent):
            if not (got.flags.writeable and got.dtype == was.dtype and (got == was).all()):
                raise SystemExit(f"{n} of {dtype}: {got.flags}")
            got[0] = got[1]
        a.send(sent)
        into = np.zeros(n, dtype)
        if (b.recv_into(into) != sent).any():
            raise SystemExit("into")
a.close(), b.close()
print("right")
"""


@pytest.mark.parametrize(
    "options",
    [["-O"], ["-OO"], ["-X", "dev", "-W", "error"], ["-bb"], ["-I"]],
    ids=" ".join,
)
@pytest.mark.parametrize("protocol", ["protocol 4", "protocol 5"])
def test_options_of_the_interpreter(options: list[str], protocol: str) -> None:
    """Arrays arrive equal and writeable under Python's options and any default of pickle."""
    path = f"import sys; sys.path[:0] = {sys.path!r}\n" if options == ["-I"] else ""
    done = subprocess.run(
        [sys.executable, *options, "-c", path + SCRIPT, protocol],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "right\n", "")


def test_daemon_threads_do_not_outlive_their_pipe() -> None:
    """An interpreter that ends while a daemon thread waits in recv ends without a word."""
    script = (
        "import ndpipe, threading\n"
        "a, b = ndpipe.Pipe()\n"
        "threading.Thread(target=b.recv, daemon=True).start()\n"
        "a.poll(0.2)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


DEADLY = """
import multiprocessing, signal, sys, ndpipe
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
receiver, sender = eval(sys.argv[1])
receiver.close()
try:
    sender.send("x")
except BrokenPipeError:
    print("an error")
"""


@pytest.mark.parametrize(
    ("pipe", "ends", "says"),
    [
        ("ndpipe.Pipe(False)", 0, "an error\n"),
        ("map(ndpipe.wrap, multiprocessing.Pipe())", 0, "an error\n"),
        ("map(ndpipe.wrap, multiprocessing.Pipe(False))", -signal.SIGPIPE, ""),
        ("multiprocessing.Pipe()", -signal.SIGPIPE, ""),
    ],
)
def test_sigpipe_set_back_to_its_default(pipe: str, ends: int, says: str) -> None:
    """Only through a wrapped os.pipe does it end the process, as the standard Pipe always does."""
    script = [sys.executable, "-c", DEADLY, pipe]
    done = subprocess.run(script, stdout=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (ends, says)
