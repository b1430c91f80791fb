"""The tasks of the recipes do in a child what their docstrings say, under every start method."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Client, Connection
from multiprocessing.process import BaseProcess
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import numpy as np
import pytest

import ndpipe
from ndpipe import tasks

DEADLINE = 60  # seconds: for a hang, not for a slow machine


def _start(
    start_method: str, task: Callable[..., None], *args: Any, pipe: Any = multiprocessing.Pipe
) -> tuple[BaseProcess, Connection]:
    here, there = pipe()
    process = multiprocessing.get_context(start_method).Process(target=task, args=(there, *args))
    process.start()
    there.close()
    return process, here


def _receive(conn: Connection) -> Any:
    assert conn.poll(DEADLINE), "nothing came"
    return conn.recv()


def _end(process: BaseProcess, conn: Connection) -> None:
    conn.close()
    process.join(DEADLINE)
    assert process.exitcode == 0
    process.close()


def test_properties_of_every_layout() -> None:
    """Each kind differs from the others in what is reported of it, but for its values."""
    lines = {name: tasks.properties(array) for name, array in tasks.layouts().items()}
    assert lines["plain"] == "ndarray <f8 C-order writeable memory-of-ndarray"
    assert lines["big-endian"].split()[1] == ">f8"
    assert lines["Fortran"].split()[2] == "F-order"
    assert lines["every second"].split()[2] == lines["broadcast"].split()[2] == "no-order"
    assert lines["read-only"].split()[3] == "read-only"
    assert lines["dates"].split()[1] == "<M8[s]"
    assert lines["masked"].split()[0] == "MaskedArray"
    assert lines["labelled"].endswith("metres")


@pytest.mark.parametrize("as_argument", [False, True])
def test_report_describes_what_arrived(start_method: str, as_argument: bool) -> None:
    """Arrays are described alike whether they come through the pipe or as an argument."""
    arrays = {"dates": tasks.layouts()["dates"]}
    child, here = _start(start_method, tasks.report, *([arrays] if as_argument else []))
    if not as_argument:
        here.send(arrays)
    assert _receive(here)["dates"].startswith("ndarray <M8[s] C-order writeable")
    _end(child, here)


@pytest.mark.parametrize("dtype", ["u1", ">f4", "M8[s]", [("a", "i1"), ("b", "f8")]])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(), (0, 3), (3, 4)])
def test_bytes_of_is_a_view_of_all_bytes(dtype: Any, order: Any, shape: tuple[int, ...]) -> None:
    """What is written to the flat bytes is in the array, whatever its dtype and layout."""
    array = np.zeros(shape, dtype, order)
    flat = tasks.bytes_of(array)
    assert flat.shape == (array.nbytes,)
    flat[:] = 1
    assert set(array.tobytes()) <= {1}
    assert np.shares_memory(flat, array) == bool(array.nbytes)


def test_an_image_is_sent_as_its_bytes(start_method: str) -> None:
    """Flat, all bytes are in one message; as it is, ndpipe's connection sends them too."""
    for flat, pipe in ((True, multiprocessing.Pipe), (False, ndpipe.Pipe)):
        child, here = _start(start_method, tasks.send_image, (30, 40), flat, pipe=pipe)
        assert here.poll(DEADLINE)
        assert here.recv_bytes() == bytes(i % 256 for i in range(1200))
        _end(child, here)


def test_the_header_grows_with_the_body() -> None:
    """A body of 2 GiB has the long header, a shorter one four bytes."""
    assert tasks.header_of(2**31 - 1) == b"\x7f\xff\xff\xff" + bytes(8)
    assert tasks.header_of(2**31) == b"\xff\xff\xff\xff" + (2**31).to_bytes(8, "big")


def test_a_worker_serves_until_none(start_method: str) -> None:
    """Each result has its job's number, and None ends the worker."""
    child, here = _start(start_method, tasks.serve_pipe, tasks.subtract_mean)
    for number in (5, 3):
        here.send((number, np.array([1.0, 3.0])))
        back, block = _receive(here)
        assert back == number
        np.testing.assert_array_equal(block, [-1, 1])
    here.send(None)
    _end(child, here)


def test_workers_share_a_queue(start_method: str) -> None:
    """Every job is done by one of them, and as many None end them."""
    context = multiprocessing.get_context(start_method)
    jobs, results = context.Queue(), context.Queue()
    args = (jobs, results, tasks.subtract_mean)
    workers = [context.Process(target=tasks.serve_queue, args=args) for _ in range(2)]
    for worker in workers:
        worker.start()
    for job in [*enumerate(np.ones((4, 3))), None, None]:
        jobs.put(job)
    assert sorted(results.get(timeout=DEADLINE)[0] for _ in range(4)) == [0, 1, 2, 3]
    for worker in workers:
        worker.join(DEADLINE)
        assert worker.exitcode == 0
        worker.close()
    for queue in (jobs, results):
        queue.close()
        queue.join_thread()


def test_a_shared_array_is_changed_in_place(start_method: str) -> None:
    """The parent sees what the child wrote, and the segment is the parent's to unlink."""
    segment = SharedMemory(create=True, size=80)
    try:
        array = np.ndarray(10, buffer=segment.buf)
        array[:] = np.arange(10)
        child, here = _start(start_method, tasks.double_shared)
        here.send((segment, array.shape, array.dtype))
        assert _receive(here) == "done"
        np.testing.assert_array_equal(array, 2 * np.arange(10))
        del array
        _end(child, here)
    finally:
        segment.close()
        segment.unlink()


def test_slots_are_filled_when_they_are_free(start_method: str) -> None:
    """A slot keeps its frame until its number is sent again."""
    segment = SharedMemory(create=True, size=2 * 8)
    try:
        child, here = _start(start_method, tasks.fill_slots, segment, (2, 1))
        ring = np.ndarray((2, 1), buffer=segment.buf)
        for number, slot in enumerate((1, 0, 0)):
            here.send(slot)
            assert _receive(here) == slot
            assert ring[slot] == number
        assert ring[1] == 0
        del ring
        here.send(None)
        _end(child, here)
    finally:
        segment.close()
        segment.unlink()


def test_the_server_refuses_a_wrong_key_and_goes_on(start_method: str) -> None:
    """A stranger gets an error, and the next client is served, until it closes."""
    server, here = _start(start_method, tasks.serve_doubles, b"key")
    address = _receive(here)
    with pytest.raises(multiprocessing.AuthenticationError):
        Client(address, authkey=b"a guess")
    with ndpipe.wrap(Client(address, authkey=b"key")) as conn:
        conn.send(np.arange(100_000.0))
        np.testing.assert_array_equal(_receive(conn), np.arange(0, 200_000.0, 2))
    _end(server, here)
