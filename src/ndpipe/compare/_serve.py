"""The runner's own side: answer the requests of the harness, one at a time."""

import multiprocessing
import os
import pickle
import signal
import threading
import time
from typing import Any, BinaryIO, Never

from ndpipe.compare.drivers import Driver, make_driver

__all__ = ["main"]

_GRACE = 5.0  # seconds beyond the harness's own deadline, which comes first while it is alive


def main() -> None:
    """Answer requests until the harness closes its end."""
    requests, replies = _take_standard_streams()
    driver: Driver | None = None
    while (message := _next(requests)) is not None:
        timeout, *request = message
        _end_session_after(timeout + _GRACE)
        result: Any = None
        try:
            match request, driver:
                case ["open", kind, direction, nbytes, start_method], None:
                    context = multiprocessing.get_context(start_method)
                    driver = make_driver(kind, direction, nbytes, context, replies.fail_lost)
                    result = driver.first
                case ["transfer"], Driver():
                    result = driver.transfer()
                case ["close"], Driver():
                    driver.close()
                    driver = None
                case _:
                    state = "open" if driver else "not open"
                    raise RuntimeError(f"cannot {request[0]}: the transport is {state}")
        except BaseException as error:
            # Wait for the child's own error, which is usually the cause.
            time.sleep(0.5)
            replies.fail(f"{type(error).__name__}: {error}")
        _end_session_after(0)
        if not replies.done(result):
            break
    if driver:
        _end_session_after(_GRACE)
        driver.close()


def _next(requests: BinaryIO) -> Any:
    try:
        return pickle.load(requests)
    except EOFError:
        return None


def _end_session_after(seconds: float) -> None:
    """End this session after a time: a harness that was killed cannot. 0 cancels."""
    if not hasattr(signal, "setitimer"):
        return  # Windows

    def end(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
        os.killpg(0, signal.SIGCONT)
        time.sleep(1)  # in which a resource tracker unlinks shared memory
        os.killpg(0, signal.SIGKILL)

    signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)


class _Replies:
    """The answers to the harness: a failure, or a result."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.lock = threading.Lock()

    def done(self, result: Any) -> bool:
        """Send a result; return False if the harness has gone."""
        with self.lock:
            try:
                pickle.dump((None, result), self.stream)
                self.stream.flush()
            except BrokenPipeError:
                return False
        return True

    def fail(self, message: str, *, lost: bool = False) -> Never:
        """Report a failure and end this process: its state cannot be relied on."""
        self.lock.acquire()  # never released: the first failure is the one that is reported
        try:
            pickle.dump(((lost, message), None), self.stream)
            self.stream.flush()
        finally:
            os._exit(1)

    def fail_lost(self, message: str) -> Never:
        """Report the error or the death of a child."""
        self.fail(message, lost=message.startswith("the child died"))


def _take_standard_streams() -> tuple[BinaryIO, _Replies]:
    """Keep the two pipes to the harness for replies: what a child prints must not mix with them."""
    requests = os.fdopen(os.dup(0), "rb")
    stream = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if hasattr(os, "register_at_fork"):
        # While a forked child holds them, the harness does not notice the death of this process.
        os.register_at_fork(after_in_child=requests.close)
        os.register_at_fork(after_in_child=stream.close)
    return requests, _Replies(stream)
