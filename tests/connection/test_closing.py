"""Closing an end while a thread sends: a number that is free again belongs to somebody else."""

import os
import threading
from types import CodeType
from typing import Any

import numpy as np
from deadlines import unread, when_still
from injection import PACKAGE, Injection

import ndpipe

LARGE = np.zeros(4 << 20, np.uint8)


def closing_code(code: CodeType) -> bool:
    """Whether it is code of the package, or the standard connection's own closing."""
    standard = code.co_filename.endswith("connection.py") and "multiprocessing" in code.co_filename
    return code.co_filename.startswith(PACKAGE) or (
        standard and code.co_name in ("close", "_close", "__exit__", "__del__")
    )


class Race:
    """One thread sends, another closes; one of them is stopped at a point until the other is done.

    Whatever number is free then is taken by somebody else, whose descriptors must stay open.
    """

    def __init__(self, point: int) -> None:
        self.a, self.b = ndpipe.Pipe()
        self.injection = Injection({point: self.meanwhile}, closing_code)
        self.sender = threading.Thread(target=self.send, daemon=True)
        self.closer = threading.Thread(target=self.a.close, daemon=True)
        self.strangers: list[tuple[int, int]] = []
        self.trace_sender = False
        self.waiting_at = 0
        self.error: Exception | None = None

    def send(self) -> None:
        """Send more than fits, until the peer goes away."""
        try:
            if self.trace_sender:
                self.injection.run(self.a.send, LARGE)
            else:
                self.a.send(LARGE)
        except OSError:
            pass  # as it should be
        except Exception as error:
            self.error = error

    def meanwhile(self) -> None:
        """Let the other thread do what it can; then take the numbers that are free."""
        if self.trace_sender:
            self.closer.start()
            self.closer.join(0.05)
        else:
            self.b.close()
            self.sender.join(0.05)
        for number in (*os.pipe(), *os.pipe()):
            self.strangers.append((number, os.fstat(number).st_ino))

    def run(self, trace_sender: bool) -> None:
        """Let the sender wait for room; close; then let the peer go away."""
        self.trace_sender = trace_sender
        self.sender.start()
        try:
            # Blocked, or stopped before it could be, or done.
            when_still(lambda: unread(self.b.fileno()) + 1, calm=0.02)
            self.waiting_at = self.injection.visited
            if not trace_sender:
                self.injection.run(self.a.close)
        finally:
            self.b.close()
            for thread in (self.sender, self.closer):
                if thread.ident is not None:
                    thread.join(10)
            self.a.close()
        assert not self.sender.is_alive()
        assert not self.closer.is_alive()

    def lost(self) -> list[int]:
        """Return the numbers that the strangers lost, having closed the others."""
        lost = []
        for number, inode in self.strangers:
            try:
                assert os.fstat(number).st_ino == inode
                os.close(number)
            except (OSError, AssertionError):
                lost.append(number)
        return lost


def races(trace_sender: bool) -> dict[str, Any]:
    """Stop one of the threads at each point in turn; return where numbers were lost."""
    first = Race(-1)
    first.run(trace_sender)
    points = first.injection.visited
    found: dict[str, Any] = {}
    for point in range(max(first.waiting_at - 1, 0), points):
        race = Race(point)
        try:
            race.run(trace_sender)
        except Exception as error:
            race.error = error
        if lost := race.lost() or race.error:
            found[str(race.injection.fired[0])] = lost
    print(f"{points} points, {len(found)} failures")
    assert points > 5
    return found


def test_a_close_that_is_stopped_anywhere() -> None:
    """However far a close has come when the sender gives up, each number is closed once."""
    assert not races(trace_sender=False)


def test_a_send_that_is_stopped_anywhere() -> None:
    """However far a send has come when another thread closes, each number is closed once."""
    assert not races(trace_sender=True)
