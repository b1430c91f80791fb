"""The tasks of the pages on hangs, deaths and interruptions do what those pages count on."""

import contextlib
import multiprocessing
import os
import queue as queues
import signal
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np
import pytest

import ndpipe
from ndpipe import tasks
from ndpipe.experiments.endings import after_the_end, after_the_parent
from ndpipe.experiments.inheritance import child_report, last_error
from ndpipe.experiments.interruption import interrupted, start_receiver
from ndpipe.experiments.polling import poll_and_recv

DEADLINE = 60  # seconds: for a hang, not for a slow machine
LARGE = 1_000_000  # float64 that no pipe holds


def _receive(conn: Connection) -> Any:
    assert conn.poll(DEADLINE), "nothing came"
    return conn.recv()


@contextlib.contextmanager
def _child(
    method: str, task: Any, *args: Any, exitcode: int = 0
) -> Iterator[tuple[Connection, BaseProcess]]:
    """Start a child with both ends of a pipe; it must end with that exit code."""
    context: Any = multiprocessing.get_context(method)
    here, there = context.Pipe()
    child = context.Process(target=task, args=(there, here, *args))
    child.start()
    there.close()
    try:
        with here:
            yield here, child
        child.join(DEADLINE)
        assert child.exitcode == exitcode
    finally:
        child.kill()
        child.join(DEADLINE)
        child.close()


def test_a_large_result_keeps_the_child_until_it_is_received(start_method: str) -> None:
    """`send_result` ends after somebody has received, and what is received is the count."""
    with _child(start_method, tasks.send_result, LARGE) as (here, child):
        assert here.poll(DEADLINE)  # it is inside send
        child.join(0.3)
        assert child.is_alive()
        np.testing.assert_array_equal(here.recv(), np.arange(LARGE))


def test_a_small_result_does_not(start_method: str) -> None:
    """What fits into the pipe can be received after the child has ended."""
    with _child(start_method, tasks.send_result, 100) as (here, child):
        child.join(DEADLINE)
        assert child.exitcode == 0
        np.testing.assert_array_equal(here.recv(), np.arange(100))


def test_a_result_in_a_queue_keeps_the_child_too(start_method: str) -> None:
    """`put_result` has put, and the child lives until the queue is read."""
    context: Any = multiprocessing.get_context(start_method)
    queue = context.Queue()
    child = context.Process(target=tasks.put_result, args=(queue, LARGE))
    child.start()
    try:
        child.join(1)
        assert child.is_alive()
        np.testing.assert_array_equal(queue.get(timeout=DEADLINE), np.arange(LARGE))
        child.join(DEADLINE)
        assert child.exitcode == 0
        with pytest.raises(queues.Empty):
            queue.get(timeout=0.1)
    finally:
        child.kill()
        child.join(DEADLINE)
        child.close()
        queue.close()
        queue.join_thread()


def test_two_that_send_first_wait_for_each_other(start_method: str) -> None:
    """Neither send ends before this side receives; then both do."""
    with _child(start_method, tasks.send_then_receive, LARGE) as (here, _):
        assert here.poll(DEADLINE)
        sending = threading.Thread(target=here.send, args=(np.zeros(LARGE),))
        sending.start()
        sending.join(0.3)
        stuck = sending.is_alive()
        np.testing.assert_array_equal(_receive(here), np.ones(LARGE))
        sending.join(DEADLINE)
        assert stuck
        assert not sending.is_alive()


def test_one_that_receives_first_does_not(start_method: str) -> None:
    """`receive_then_send` takes a large array and answers with one of the length asked for."""
    with _child(start_method, tasks.receive_then_send, 7) as (here, _):
        here.send(np.zeros(LARGE))
        np.testing.assert_array_equal(_receive(here), np.ones(7))


def test_a_worker_answers_errs_and_goes_on(start_method: str) -> None:
    """An exception is a reply with the child's traceback; the worker ends with the pipe."""
    with _child(start_method, tasks.serve, np.linalg.inv) as (here, child):
        here.send(np.eye(3) * 2)
        np.testing.assert_array_equal(_receive(here), np.eye(3) / 2)
        here.send(np.zeros((3, 3)))
        reply = _receive(here)
        assert isinstance(reply, np.linalg.LinAlgError)
        assert reply.__notes__[0].startswith("In the child:\nTraceback (most recent call last):")
        assert "in serve\n    reply = function(request)\n" in reply.__notes__[0]
        here.send(np.eye(2))
        np.testing.assert_array_equal(_receive(here), np.eye(2))
        assert child.is_alive()


@pytest.mark.parametrize(
    ("ending", "exitcode", "error"),
    [
        ("closes", 0, EOFError),
        ("exits with 3", 3, EOFError),
        ("killed between messages", -signal.SIGKILL, EOFError),
        ("killed inside a message", -signal.SIGKILL, OSError),
    ],
)
def test_endings(ending: str, exitcode: int, error: type[Exception], start_method: str) -> None:
    """Each ending has its exit code, and leaves one array and one error to receive."""
    with _child(start_method, tasks.send_then, ending, exitcode=exitcode) as (here, child):
        child.join(DEADLINE)
        np.testing.assert_array_equal(_receive(here), np.arange(3))
        with pytest.raises(error):
            _receive(here)


def test_an_ending_without_a_peer() -> None:
    """A child that is to be killed inside a message ends where that message can never begin."""
    here, there = multiprocessing.Pipe()
    child = multiprocessing.Process(target=_quietly, args=(there, here, "killed inside a message"))
    child.start()
    there.close()
    _receive(here)
    here.close()
    child.join(DEADLINE)
    assert child.exitcode in (0, -signal.SIGKILL)
    child.close()


def _quietly(*args: Any) -> None:
    with contextlib.suppress(OSError):
        tasks.send_then(*args)


@pytest.mark.parametrize("ending", ["closes", "killed inside a message"])
def test_a_kept_copy_hides_the_end(ending: str) -> None:
    """Only the parent that closed its copy of the child's end learns that the child has ended."""
    assert after_the_end(ending, keep_copy=True) == "waits for ever"
    assert "E" in after_the_end(ending, keep_copy=False)
    counted = after_the_end(ending, keep_copy=False, pipe=ndpipe.Pipe)
    expected = "EOFError()" if ending == "closes" else "OSError('end of file after "
    assert counted.startswith(expected)


@pytest.mark.parametrize(("keep_copy", "answer"), [(True, "waits for ever"), (False, "EOFError()")])
def test_an_orphan(keep_copy: bool, answer: str, start_method: str) -> None:
    """A child learns that its parent was killed if it has closed its copy of the parent's end."""
    context: Any = multiprocessing.get_context(start_method)
    receiver, report = context.Pipe(duplex=False)
    parent = context.Process(target=tasks.start_and_die, args=(report, keep_copy))
    parent.start()
    report.close()
    with receiver:
        assert _receive(receiver) == answer
        assert receiver.poll(DEADLINE)  # end of file: the orphan has closed its end
    parent.join(DEADLINE)
    assert parent.exitcode == -signal.SIGKILL
    parent.close()


def test_an_orphan_by_default() -> None:
    """`after_the_parent` reports the same."""
    assert after_the_parent(keep_copy=False) == "EOFError()"


def test_what_children_inherit(start_method: str) -> None:
    """A forked child has the parent's settings and descriptors, the others have neither."""
    files = [os.open(os.devnull, os.O_RDONLY) for _ in range(50)]
    try:
        with np.printoptions(precision=3):
            report = child_report(start_method)
    finally:
        for file in files:
            os.close(file)
    forked = start_method == "fork"
    assert (report["print precision"] == 3) is forked
    assert (report["open descriptors"] > 50) is forked
    assert (report["parent process"] == os.getpid()) is (start_method != "forkserver")


def test_a_forked_lock_stays_locked(capfd: pytest.CaptureFixture[str]) -> None:
    """The child's copy is not released with the parent's."""
    lock = threading.Lock()
    child = multiprocessing.get_context("fork").Process(target=tasks.try_to_lock, args=(lock,))
    with lock:
        child.start()
    child.join(DEADLINE)
    child.close()
    tasks.try_to_lock(lock)
    assert capfd.readouterr().out == "waited for the lock in vain\ntook the lock\n"


def test_errors_of_programs() -> None:
    """A script's last error is found in full, a session's too; no error is an empty text."""
    code = "import multiprocessing\ndef f(): pass\np = multiprocessing.get_context('spawn')"
    start = ".Process(target=f)\np.start()\np.join()"
    refused = last_error(code + start)
    assert refused.startswith("RuntimeError: An attempt has been made to start a new process")
    lost = last_error(code + start, session=True)
    assert lost.startswith("AttributeError: Can't get attribute 'f' on <module '__main__'")
    assert last_error("print('fine')") == ""


@pytest.mark.parametrize(
    ("share", "closed", "said", "done"),
    [
        ("nothing", False, False, "waits for ever"),
        ("half", False, True, "waits for ever"),
        ("all", False, True, "returns 'hi'"),
        ("nothing", True, True, "raises EOFError()"),
        ("half", True, True, "raises OSError('got end of file during message')"),
        ("all", True, True, "returns 'hi'"),
    ],
)
def test_the_truth_about_poll(share: str, closed: bool, said: bool, done: str) -> None:
    """`poll` is true for half a message and at end of file, where `recv` does not return."""
    assert poll_and_recv(share, closed=closed) == (said, done)


def test_an_alarm_interrupts_only_what_waits() -> None:
    """A message that fits is sent; one that does not is interrupted; the handler is put back."""
    before = signal.getsignal(signal.SIGALRM)
    here, there = multiprocessing.Pipe()
    with here, there:
        assert not interrupted(here.send_bytes, b"short")
        assert there.recv_bytes() == b"short"
        assert interrupted(here.send_bytes, bytes(8 * LARGE))
    assert signal.getsignal(signal.SIGALRM) is before


def test_what_an_interrupted_send_leaves() -> None:
    """The standard pipe glues two messages together; ndpipe refuses the second."""
    with start_receiver(multiprocessing.Pipe) as (here, control):
        assert interrupted(here.send_bytes, b"A" * LARGE)
        control.send("recv_bytes")
        here.send_bytes(b"B" * 2 * LARGE)
        glued = _receive(control)
        assert sum(glued.values()) == LARGE
        assert {"A", "B"} < set(glued)
        here.close()
        assert isinstance(_receive(control), OSError)

    with start_receiver(ndpipe.Pipe) as (here, control):
        assert interrupted(here.send, np.ones(LARGE))
        control.send("recv")
        with pytest.raises(OSError, match="closed"):
            here.send("more")
        assert isinstance(_receive(control), OSError)
