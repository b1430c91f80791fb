"""The tasks do in a child what their docstrings say, under every start method."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection

import numpy as np
import pytest

from ndpipe import tasks

DEADLINE = 60  # seconds: for a hang, not for a slow machine


def _receive(conn: Connection) -> object:
    assert conn.poll(DEADLINE), "nothing came"
    return conn.recv()


def _printed(capfd: pytest.CaptureFixture[str]) -> str:
    out, err = capfd.readouterr()
    assert err == ""
    return out


def test_the_child_zeroes_its_copy_alone(start_method: str) -> None:
    """The array that was sent is untouched when the child fills what it received."""
    context = multiprocessing.get_context(start_method)
    here, there = context.Pipe()
    child = context.Process(target=tasks.receive_and_zero, args=(there,))
    child.start()
    there.close()
    array = np.ones((6, 6))
    with here:
        here.send(array)
        child.join(DEADLINE)
    assert child.exitcode == 0
    child.close()
    np.testing.assert_array_equal(array, np.ones((6, 6)))


def test_the_child_returns_its_array(start_method: str) -> None:
    """What the child made arrives with its shape, dtype and values."""
    context = multiprocessing.get_context(start_method)
    here, there = context.Pipe()
    child = context.Process(target=tasks.send_ones, args=(there, 300))
    child.start()
    there.close()
    with here:
        array = _receive(here)
    child.join(DEADLINE)
    assert child.exitcode == 0
    child.close()
    assert isinstance(array, np.ndarray)
    assert array.dtype == np.float64
    np.testing.assert_array_equal(array, np.ones((300, 300)))


def test_echo_ends_at_end_of_file(start_method: str) -> None:
    """The loop returns every object and ends cleanly when the other end is closed."""
    context = multiprocessing.get_context(start_method)
    here, there = context.Pipe()
    child = context.Process(target=tasks.echo, args=(there, here))
    child.start()
    there.close()
    with here:
        for message in (None, "text", np.arange(10_000)):
            here.send(message)
            np.testing.assert_array_equal(_receive(here), message)
    child.join(DEADLINE)
    assert child.exitcode == 0
    child.close()


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="no fork on this system"
)
def test_a_forked_child_that_keeps_the_other_end_meets_no_end_of_file() -> None:
    """Why `echo` takes the other end: without it, a forked child waits for ever."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    child = context.Process(target=tasks.echo, args=(there,))
    child.start()
    there.close()
    here.close()
    child.join(0.5)
    try:
        assert child.is_alive()
    finally:
        child.kill()
        child.join(DEADLINE)
        child.close()


def test_the_child_prints_what_it_sees(capfd: pytest.CaptureFixture[str]) -> None:
    """The printed corner is ones on arrival and zeros after, five rows at most."""
    context = multiprocessing.get_context("spawn")  # prints to the descriptor that capfd holds
    here, there = context.Pipe()
    child = context.Process(target=tasks.receive_and_zero, args=(there,))
    child.start()
    there.close()
    with here:
        here.send(np.ones((7, 7)))
        child.join(DEADLINE)
    child.close()
    out = _printed(capfd)
    assert out.index("received 7 x 7 float64") < out.index("[1. 1. 1. 1. 1.]")
    assert out.index("[1. 1. 1. 1. 1.]") < out.index("filled with zeros")
    assert out.count("[1. 1. 1. 1. 1.]") == out.count("[0. 0. 0. 0. 0.]") == 5


@pytest.mark.parametrize(("task", "code"), [(tasks.receive_and_zero, 1), (tasks.echo, 0)])
def test_a_child_does_not_outwait_its_parent(
    task: Callable[..., None], code: int, start_method: str
) -> None:
    """Handed the parent's end, it closes it, and meets end of file when the parent's is closed."""
    context = multiprocessing.get_context(start_method)
    here, there = context.Pipe()
    child = context.Process(target=task, args=(there, here))
    child.start()
    there.close()
    here.close()
    child.join(DEADLINE)
    assert child.exitcode == code
    child.close()


@pytest.mark.parametrize(
    ("task", "arguments"), [(tasks.send_ones, (2000,)), (tasks.send_frames, ((1000, 1000), 50))]
)
def test_a_sender_meets_its_parents_end(
    task: Callable[..., None], arguments: tuple[object, ...], start_method: str
) -> None:
    """A child in ``send`` ends too when the parent's end is closed, for it has closed its copy."""
    context = multiprocessing.get_context(start_method)
    here, there = context.Pipe()
    child = context.Process(target=task, args=(there, *arguments, here))
    child.start()
    there.close()
    assert here.poll(DEADLINE), "nothing came"
    here.close()
    child.join(DEADLINE)
    assert child.exitcode == 1
    child.close()


def test_a_peer_that_leaves_is_end_of_file(capfd: pytest.CaptureFixture[str]) -> None:
    """A child that waits for an array that never comes ends with EOFError, it does not hang."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=tasks.receive_and_zero, args=(there,))
    child.start()
    there.close()
    here.close()
    child.join(DEADLINE)
    assert child.exitcode == 1
    child.close()
    assert "EOFError" in capfd.readouterr().err
