"""Provoke each symptom of `docs/symptoms.md`: run as a script, with the symptom's name.

Each function ends as the reader's program would: with the exception, the crash or the hang. The
ones that hang print `reached` first. What they print on standard error is compared with the page
by `test_symptoms.py`.
"""

import multiprocessing
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import Client, Connection, Listener
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np

import ndpipe
from ndpipe import tasks

FORK = multiprocessing.get_context("fork")
SPAWN = multiprocessing.get_context("spawn")
NAMELESS = lambda: 1  # noqa: E731 - what one of the symptoms is about


def reached() -> None:
    """Say that all before the hang went well."""
    os.write(1, b"reached\n")  # at once, and in one piece


def script(code: str, *, piped: bool = False) -> None:
    """Run a program from a file of its own, or from standard input."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "program.py")
        program.write_text(code)
        command = [sys.executable, "-" if piped else str(program)]
        subprocess.run(command, input=code, text=True, check=False, cwd=folder, timeout=60)


# Hangs


def join() -> None:
    here, there = FORK.Pipe()
    child = FORK.Process(target=tasks.send_ones, args=(there, 1000))
    child.start()
    there.close()
    reached()
    child.join()
    here.recv()


def no_eof() -> None:
    here, _there = FORK.Pipe()
    reached()
    here.recv()  # the other end is open here


def both_send() -> None:
    here, there = FORK.Pipe()
    FORK.Process(target=tasks.echo, args=(there, here)).start()
    reached()
    for _ in range(2):  # echo returns the first, and nobody receives it
        here.send(np.ones(1_000_000))


def poll() -> None:
    here, there = FORK.Pipe()
    os.write(there.fileno(), b"\0\0\0\x10")  # a length, and no body
    assert here.poll(1)
    reached()
    here.recv()


def killed() -> None:
    here, there = FORK.Pipe()
    child = FORK.Process(target=tasks.echo, args=(there, here))
    child.start()
    child.kill()
    reached()
    here.recv()  # the other end is open here


def image() -> None:
    here, _there = FORK.Pipe()
    reached()
    here.send_bytes(np.zeros((20_000, 2), np.uint8))


def queue_put() -> None:
    queue = FORK.Queue()
    queue.put(threading.Lock())
    reached()
    queue.get()


def queue_join() -> None:
    queue = FORK.Queue()
    child = FORK.Process(target=queue.put, args=(np.ones(1_000_000),))
    child.start()
    reached()
    child.join()


def fork() -> None:
    lock = threading.Lock()
    lock.acquire()
    threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
    warnings.simplefilter("always")
    child = FORK.Process(target=lock.acquire)
    child.start()
    reached()
    child.join()


def orphans() -> None:
    here, there = FORK.Pipe()
    child = FORK.Process(target=tasks.echo, args=(there,))
    child.start()
    there.close()
    here.close()
    reached()
    child.join()  # the child holds a copy of `here`


# Errors of the pipe


def eof() -> None:
    here, there = multiprocessing.Pipe()
    there.close()
    here.recv()


def broken_pipe() -> None:
    here, there = multiprocessing.Pipe()
    there.close()
    here.send("anybody?")


def reset() -> None:
    here, there = multiprocessing.Pipe()
    here.send("unread")
    there.close()
    here.recv()


def partial() -> None:
    here, there = multiprocessing.Pipe()
    os.write(there.fileno(), b"\0\0\0\x10half")
    there.close()
    here.recv()


def closed() -> None:
    here, _ = multiprocessing.Pipe()
    here.close()
    here.recv()


def one_way() -> None:
    receiver, _ = multiprocessing.Pipe(duplex=False)
    receiver.send("upstream")


def too_many() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (30, most))
    kept = []
    while True:
        kept.append(multiprocessing.Pipe())


def too_short() -> None:
    here, there = multiprocessing.Pipe()
    here.send_bytes(bytes(12))
    there.recv_bytes_into(np.zeros((3, 4), np.uint8))


def auth() -> None:
    here, there = FORK.Pipe()
    FORK.Process(target=tasks.serve_doubles, args=(there, b"key"), daemon=True).start()
    Client(here.recv(), authkey=b"a guess")


def refused() -> None:
    with Listener(("127.0.0.1", 0)) as listener:
        address = listener.address
    Client(address)


def in_use() -> None:
    with Listener(("127.0.0.1", 0)) as listener:
        Listener(listener.address)


# Errors of pickle and of size


def lock() -> None:
    multiprocessing.Pipe()[0].send(threading.Lock())


def lambda_() -> None:
    multiprocessing.Pipe()[0].send(NAMELESS)


def local() -> None:
    def outer() -> object:
        def inner() -> None: ...

        inner.__qualname__ = "outer.<locals>.inner"
        return inner

    multiprocessing.Pipe()[0].send(outer())


def truncated() -> None:
    here, there = multiprocessing.Pipe()
    here.send_bytes(pickle.dumps(np.zeros(100))[:500])
    there.recv()


def ran_out() -> None:
    here, there = multiprocessing.Pipe()
    here.send_bytes(b"")
    there.recv()


def unpickling() -> None:
    here, there = multiprocessing.Pipe()
    here.send_bytes(np.zeros(3))
    there.recv()


def numpy_core() -> None:
    message = pickle.dumps(np.zeros(3))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "numpy").mkdir()
        Path(folder, "numpy/__init__.py").touch()  # an older one: it has no _core
        code = f"import pickle; pickle.loads({message!r})"
        environment = {**os.environ, "PYTHONPATH": folder}
        command = [sys.executable, "-c", code]
        subprocess.run(command, env=environment, check=False, timeout=60)


def read_only() -> None:
    np.frombuffer(bytes(24))[0] = 1


def gib4() -> None:
    pickle.dumps(bytes(2**32), protocol=3)


def overflow() -> None:
    here, there = multiprocessing.Pipe()
    array = np.zeros(100_000)
    threading.Thread(target=ndpipe.wrap(here).send, args=(array,), daemon=True).start()
    there.recv()


def refused_pickle() -> None:
    here, there = multiprocessing.Pipe()
    here.send(1)
    ndpipe.wrap(there, allow_pickle=False).recv()


# Errors of starting


def no_guard() -> None:
    script(
        "import multiprocessing\n"
        "process = multiprocessing.get_context('spawn').Process(target=print)\n"
        "process.start()\n"
        "process.join()\n"
    )


def no_attribute() -> None:
    code = (
        "import multiprocessing\n"
        "def work(): pass\n"
        "process = multiprocessing.get_context('spawn').Process(target=work)\n"
        "process.start()\n"
        "process.join()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=False, timeout=60)


def stdin() -> None:
    script(
        "import multiprocessing\n"
        "if __name__ == '__main__':\n"
        "    process = multiprocessing.get_context('spawn').Process(target=print)\n"
        "    process.start()\n"
        "    process.join()\n",
        piped=True,
    )


def inheritance() -> None:
    multiprocessing.Pipe()[0].send(multiprocessing.Queue())


def semlock() -> None:
    SPAWN.Process(target=print, args=(FORK.Queue(),)).start()


def context() -> None:
    multiprocessing.set_start_method("spawn")
    multiprocessing.set_start_method("spawn")


def start_another() -> None:
    FORK.Process(target=print).start()


def daemon() -> None:
    child = FORK.Process(target=start_another, daemon=True)
    child.start()
    child.join()


def pool() -> None:
    with ProcessPoolExecutor(1, mp_context=FORK) as executor:
        executor.submit(os._exit, 1).result()


# Errors of shared memory


def segfault() -> None:
    tasks.read_after_close()


def exported() -> None:
    segment = SharedMemory(create=True, size=8)
    kept = np.frombuffer(segment.buf)
    segment.unlink()
    try:
        segment.close()
    finally:
        del kept  # or the segment complains again when it is deleted


def leaked() -> None:
    SharedMemory(create=True, size=8)


def vanished() -> None:
    SharedMemory("psm_of_another_program")


# Wrong data: these print what they found.


def changes() -> None:
    array = np.zeros(3)
    child = FORK.Process(target=array.fill, args=(1,))
    child.start()
    child.join()
    print(array)


def byte_order() -> None:
    here, there = multiprocessing.Pipe()
    here.send(np.zeros(3, ">f8"))
    print(there.recv().dtype.str)


def attributes() -> None:
    here, there = multiprocessing.Pipe()
    array = np.zeros(3).view(tasks.Labelled)
    array.label = "metres"
    here.send(array)
    print(repr(there.recv().label))


def tail() -> None:
    here, there = multiprocessing.Pipe()
    numbers = np.zeros(2, np.int32)
    here.send_bytes(bytes([1, 0, 0, 0, 2, 0, 0]))
    print(there.recv_bytes_into(numbers), numbers)


def draw(conn: Connection) -> None:
    conn.send(np.random.random())  # noqa: NPY002 - the state that a fork copies


def random() -> None:
    here, there = FORK.Pipe()
    np.random.random()  # noqa: NPY002 - the state that a fork copies
    for _ in range(2):
        FORK.Process(target=draw, args=(there,)).start()
    print(here.recv() == here.recv())


def memory() -> None:
    np.ones(2**55)


SYMPTOMS: dict[str, Callable[[], None]] = {
    name.strip("_").replace("_", "-"): function
    for name, function in list(globals().items())
    if callable(function)
    and getattr(function, "__module__", "") == __name__
    and name not in ("NAMELESS", "draw", "reached", "script", "start_another")
} | {"queue": queue_put, "4gib": gib4}

if __name__ == "__main__":
    SYMPTOMS[sys.argv[1]]()
