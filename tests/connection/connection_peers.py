"""What the children of these tests run: importable by name under every start method."""

import contextlib
import dataclasses
import itertools
import os
import select
import signal
import socket
from multiprocessing.connection import Connection
from typing import Any

import numpy as np


@dataclasses.dataclass
class Frame:
    """An object that holds arrays."""

    number: int
    images: list[Any]


def echo(conn: Connection, *others: Connection) -> None:
    """Send back whatever arrives, until end of file. Close the copies of other ends at once."""
    for other in others:
        other.close()
    with conn:
        while True:
            try:
                message = conn.recv()
            except EOFError:
                return
            conn.send(message)


def send_all(conn: Connection, messages: list[Any]) -> None:
    """Send each of the messages, then close."""
    with conn:
        for message in messages:
            conn.send(message)


def send_zeros_for_ever(conn: Connection, nbytes: int) -> None:
    """Send the same array again and again, until somebody ends this process or the pipe."""
    array = np.zeros(nbytes, np.uint8)
    with conn:
        while True:
            try:
                conn.send(array)
            except OSError:
                return


def receive_bytes_then_die(conn: Connection, nbytes: int) -> None:
    """Take so many bytes off the stream, whatever they mean, then be killed."""
    poller = select.poll()
    poller.register(conn.fileno(), select.POLLIN)
    with socket.socket(fileno=conn.fileno()) as end:
        while nbytes > 0:
            for number, _ in poller.poll():
                if number != conn.fileno():
                    nbytes -= len(os.read(number, min(nbytes, 1 << 16)))
                    continue
                data, pipes, _, _ = socket.recv_fds(end, min(nbytes, 1 << 16), 1)
                nbytes -= len(data)
                for pipe in pipes:  # where the rest of the message comes through
                    poller.register(pipe, select.POLLIN)
    os.kill(os.getpid(), signal.SIGKILL)


def use_passed_ends(conn: Connection) -> None:
    """Receive a receiving end and a sending end, and send what arrives at one through the other."""
    with conn:
        receiver, sender = conn.recv()
    with receiver, sender:
        sender.send(receiver.recv())


def send_numbers(conn: Connection, other: Connection, nbytes: int) -> None:
    """Send arrays that hold their own number in every element, until nobody receives them."""
    other.close()
    with conn, contextlib.suppress(OSError):
        for number in itertools.count():
            conn.send(np.full(nbytes // 4, number, np.uint32))


def echo_under_signals(conn: Connection, *others: Connection) -> None:
    """Echo, while a handler that returns is called a thousand times a second."""
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 1e-3, 1e-3)
    echo(conn, *others)
    signal.setitimer(signal.ITIMER_REAL, 0)


def marks(nbytes: int) -> list[int]:
    """Return places in an array of so many bytes: its ends, and around the powers of two."""
    edges = [0, 1 << 16, 1 << 30, 1 << 31, 1 << 32, nbytes]
    places = {edge + offset for edge in edges for offset in (-1, 0, 1)}
    return sorted(place for place in places if 0 <= place < nbytes)


def send_marked(conn: Connection, other: Connection, nbytes: int, how: str) -> None:
    """Send zeros with a number at each mark, by the method of that name."""
    other.close()
    array = np.zeros(nbytes, np.uint8)
    array[marks(nbytes)] = np.arange(1, len(marks(nbytes)) + 1)
    with conn:
        getattr(conn, how)(array)


def report_turns(conn: Any, report: Connection) -> None:
    """Report whether both directions of an end that was inherited can be used."""
    with conn, report:
        turns = conn._stream.send_turn, conn._stream.receive_turn
        report.send([turn.acquire(timeout=5) for turn in turns])


def report_send(conn: Connection, report: Connection) -> None:
    """Report what became of a send through an end that was inherited."""
    with report:
        try:
            conn.send("from the child")
        except OSError as error:
            report.send(str(error))
        else:
            report.send("sent")


class Labelled(np.ndarray):
    """An array with a label, which it takes along when it is pickled."""

    label = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return labelled, (np.asarray(self), self.label)


def labelled(array: np.ndarray[Any, Any], label: str) -> Labelled:
    """Return the array with a label."""
    result = array.view(Labelled)
    result.label = label
    return result


unpickled: list[int] = []


def leave_a_trace(number: int) -> None:
    """Be called by unpickling."""
    unpickled.append(number)


class Unpickled:
    """An object that leaves a trace when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return leave_a_trace, (1,)


def send_limits(conn: Any) -> None:
    """Send what an end accepts, and how it refuses a set."""
    with conn:
        try:
            conn.send(set())
        except TypeError as error:
            conn.send([*conn._limits, str(error).partition(":")[0]])
