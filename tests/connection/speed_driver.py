"""What test_speed runs, in a fresh interpreter for each measurement.

A process that has already freed large arrays keeps memory for the next ones, which flatters
whoever allocates most. So each measurement starts its own driver, and the driver its peers before
it has allocated anything.
"""

import itertools
import multiprocessing
import statistics
import time
from typing import Any

import memory_use
import numpy as np
import psutil

import ndpipe

PIPES = {"standard": multiprocessing.Pipe, "ndpipe": ndpipe.Pipe}
MB = 1 << 20
fork = multiprocessing.get_context("fork")


def touch(array: np.ndarray[Any, Any]) -> float:
    """Read every page of an array."""
    return float(array.reshape(-1)[:: 4096 // array.itemsize].sum())


def serve(conn: Any, control: Any) -> None:
    """Receive, send or echo as told through another pipe; report sums, CPU seconds and growth."""
    arrays: dict[int, Any] = {}
    while (order := control.recv()) is not None:
        action, size, count = order
        if action == "send" and size not in arrays:
            arrays = {size: np.random.default_rng(0).random(size // 8)}
        control.send(None)
        before, cpu = memory_use.resident(), time.process_time()
        memory_use.reset_peak()
        total = 0.0
        for _ in range(count):
            if action == "send":
                conn.send(arrays[size])
            elif action == "echo":
                conn.send(conn.recv())
            else:
                total += touch(conn.recv())
        control.send((total, time.process_time() - cpu, memory_use.peak() - before))


class Peer:
    """A child at the other end of a pipe of one make."""

    def __init__(self, make: Any, action: str = "receive", duplex: bool = True) -> None:
        self.control, control = multiprocessing.Pipe()
        first, second = make(duplex)
        self.conn, theirs = (first, second) if action == "send" else (second, first)
        self.child = fork.Process(target=serve, args=(theirs, control), daemon=True)
        self.child.start()
        theirs.close()
        control.close()

    def tell(self, *order: Any) -> None:
        """Give an order, and wait until it is understood."""
        self.control.send(order)
        self.control.recv()

    def end(self) -> None:
        """Let the child end."""
        self.control.send(None)
        self.child.join(30)
        self.control.close()
        self.conn.close()


def transfer(peer: Peer, action: str, array: Any, count: int) -> dict[str, float]:
    """Let the peer receive or send the array so many times; return what it cost both sides."""
    peer.tell(action, array.nbytes, count)
    before, cpu = memory_use.resident(), time.process_time()
    memory_use.reset_peak()
    start = time.perf_counter()
    total = 0.0
    for _ in range(count):
        if action == "receive":
            peer.conn.send(array)
        else:
            total += touch(peer.conn.recv())
    their_total, their_cpu, their_growth = peer.control.recv()
    seconds = time.perf_counter() - start
    cpu = time.process_time() - cpu + their_cpu
    assert np.isclose(total + their_total, count * touch(array))
    growth = [memory_use.peak() - before, their_growth]
    sender, receiver = growth if action == "receive" else reversed(growth)
    return {
        "seconds": seconds / count,
        "cpu": cpu / count,
        "sender": sender,
        "receiver": receiver,
    }


def warm_machine(nbytes: int) -> None:
    """Touch memory that is about to be used.

    A virtual machine may get memory from its host only when it is touched, and give it back when
    it has been free for a second or two. Waiting for the host is not what is measured here.
    """
    nbytes = min(nbytes, psutil.virtual_memory().available // 3)
    child = fork.Process(target=np.ones, args=(nbytes, np.uint8))
    child.start()
    child.join()


def large_arrays(action: str, duplex: bool, size: int, count: int, rounds: int) -> Any:
    """Return what each make of pipe costs, measured in turns: seconds at best, medians else."""
    peers = {name: Peer(make, action, duplex) for name, make in PIPES.items()}
    array = np.random.default_rng(0).random(size // 8)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in peers}
    for _, (name, peer) in itertools.product(range(rounds + 1), peers.items()):
        warm_machine(4 * size)
        runs[name].append(transfer(peer, action, array, count))
    for peer in peers.values():
        peer.end()
    return {
        name: {
            key: (min if key == "seconds" else statistics.median)(run[key] for run in made[1:])
            for key in made[0]
        }
        for name, made in runs.items()
    }


def round_trips(obj: Any, count: int, rounds: int) -> float:
    """Return the time of a round trip over that with the standard pipe, the median of rounds."""
    peers = {name: Peer(make) for name, make in PIPES.items()}
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    for _, (name, peer) in itertools.product(range(rounds), peers.items()):
        peer.tell("echo", 0, count)
        start = time.perf_counter()
        for _ in range(count):
            peer.conn.send(obj)
            peer.conn.recv()
        seconds[name].append(time.perf_counter() - start)
        peer.control.recv()
    for peer in peers.values():
        peer.end()
    pairs = zip(seconds["ndpipe"], seconds["standard"], strict=True)
    return statistics.median(ours / standard for ours, standard in pairs)


def recv_into_against_memcpy(size: int, rounds: int) -> float:
    """Return the speed of recv_into over that of copying one warm array to another, at best."""
    peer = Peer(ndpipe.Pipe, "send")
    out, source = np.zeros(size // 8), np.random.default_rng(0).random(size // 8)
    copied, received = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        out[:] = source
        copied.append(time.perf_counter() - start)
        peer.tell("send", size, 1)
        start = time.perf_counter()
        peer.conn.recv_into(out)
        received.append(time.perf_counter() - start)
        peer.control.recv()
    peer.end()
    return min(copied) / min(received)


def soak(nbytes: int) -> list[tuple[int, ...]]:
    """Move so many bytes; return resident memory, descriptors, threads and children ten times."""
    peers = {action: Peer(ndpipe.Pipe, action) for action in ("receive", "send")}
    array = np.random.default_rng(0).random(64 * MB // 8)
    process, seen = psutil.Process(), []
    for _ in range(10):
        for action, peer in peers.items():
            transfer(peer, action, array, nbytes // array.nbytes // 20 + 1)
        counts = process.num_fds(), process.num_threads(), len(process.children())
        seen.append((process.memory_info().rss, *counts))
    for peer in peers.values():
        peer.end()
    return seen


def run(results: Any, measurement: str, *args: Any) -> None:
    """Be the driver: send back what the measurement returns."""
    results.send(globals()[measurement](*args))
