"""The process that is the parent of a transport's child, and how the harness talks to it.

Each transport is measured in a parent of its own, a fresh interpreter in a session of its own: a
transport that hangs or crashes is ended with all that it started, the threads of one are not there
when another forks, and the reader's ``__main__`` is never imported by a child.
"""

import contextlib
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Never

from ndpipe._pairs import Pair, pair_for
from ndpipe._transfer import Timing, overhead
from ndpipe.transports.base import Direction, Transport

__all__ = ["FailedError", "Host", "Opened"]

_GRACE = 5.0  # seconds for processes that were asked to end


class FailedError(Exception):
    """A transport failed; the message says how. Its host is gone."""


@dataclass(frozen=True)
class Opened:
    """What setting a transport up told."""

    startup_seconds: float | None
    sender_growth_bytes: int
    receiver_growth_bytes: int


class Host:
    """The process that plays the parent.

    Parameters
    ----------
    folder : pathlib.Path
        Where it writes temporary files; whoever made the folder removes it.
    timeout : float
        Seconds that it may take over one request.
    """

    def __init__(self, folder: Path, timeout: float) -> None:
        self.timeout = timeout
        self.stderr = folder / "stderr"
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),  # noqa: PTH109
            # Whatever goes to a temporary place, multiprocessing's own sockets too.
            "TMPDIR": str(folder),
            "JOBLIB_TEMP_FOLDER": str(folder),
        }
        with self.stderr.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-c", "from ndpipe._host import main; main()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=environment,
                start_new_session=True,  # Ctrl-C is for the harness to handle
            )

    def open(
        self, kind: type[Transport], direction: Direction, nbytes: int, start_method: str
    ) -> Opened:
        """Set a transport up and do a first transfer."""
        opened: Opened = self._ask("open", kind, direction, nbytes, start_method)
        return opened

    def transfer(self) -> Timing:
        """Do one transfer."""
        timing: Timing = self._ask("transfer")
        return timing

    def close(self) -> None:
        """Undo what `open` did."""
        self._ask("close")

    def _ask(self, *request: Any) -> Any:
        assert self.process.stdin and self.process.stdout  # noqa: S101, PT018
        hung = threading.Event()

        def give_up() -> None:
            hung.set()
            self.process.kill()  # which ends the wait below; `stop` sees to the rest

        watchdog = threading.Timer(self.timeout, give_up)
        try:
            watchdog.start()
            pickle.dump(request, self.process.stdin)
            self.process.stdin.flush()
            failure, result = pickle.load(self.process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError):
            self.process.wait()
            failure, result = f"its process died: exit code {self.process.returncode}", None
        finally:
            watchdog.cancel()
            if watchdog.ident is not None:
                watchdog.join()
        if hung.is_set():
            raise FailedError(f"timed out after {self.timeout:g} s")
        if failure:
            raise FailedError(failure)
        return result

    def dismiss(self) -> None:
        """Let the process end by itself, without waiting for that."""
        assert self.process.stdin  # noqa: S101
        with contextlib.suppress(OSError):
            self.process.stdin.close()

    def stop(self, *, at_once: bool = False) -> None:
        """End the process and all that it started."""
        assert self.process.stdout  # noqa: S101
        self.dismiss()
        if not at_once:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_GRACE)
        _end_session(self.process)
        self.process.stdout.close()


def _end_session(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads a session, and everything in it."""
    if sys.platform == "win32":
        import psutil

        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
        process.kill()
        process.wait()
        return
    # Not SIGKILL yet: resource trackers ignore SIGTERM, and unlink what the others leave.
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + _GRACE
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        while _runs(process) and time.monotonic() < deadline:
            time.sleep(0.005)
    process.wait()


def _runs(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether anything runs in the session of a process."""
    import psutil

    process.poll()
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    # It may be that init has not yet got round to what has ended long ago.
    for other in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getpgid(other.pid) == process.pid and other.status() != psutil.STATUS_ZOMBIE:
                return True
    return False


# What follows runs in that process.


class _Replies:
    """The way back to the harness."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.lock = threading.Lock()

    def done(self, result: Any) -> None:
        with self.lock:
            pickle.dump((None, result), self.stream)
            self.stream.flush()

    def fail(self, message: str) -> Never:
        """Tell of a failure, once, and end this process: nothing in it can be relied on."""
        self.lock.acquire()  # for good: whichever thread is first has said it
        pickle.dump((message, None), self.stream)
        self.stream.flush()
        os._exit(1)


def main() -> None:
    """Do what the harness asks, until it closes its end."""
    requests, replies = _take_standard_streams()
    pair: Pair | None = None
    while True:
        try:
            request = pickle.load(requests)
        except EOFError:
            break
        try:
            match request:
                case "open", kind, direction, nbytes, start_method:
                    context = multiprocessing.get_context(start_method)
                    pair = pair_for(kind, direction, nbytes, context, replies.fail)
                    replies.done(Opened(pair.startup_seconds, *pair.growth))
                case ("transfer",) if pair:
                    replies.done(replace(pair.transfer(), overhead_seconds=overhead()))
                case ("close",) if pair:
                    pair.close()
                    pair = None
                    replies.done(None)
        except BaseException as error:
            time.sleep(0.5)  # a child that has broken this process knows better what went wrong
            replies.fail(f"{type(error).__name__}: {error}")
    if pair:
        pair.close()


def _take_standard_streams() -> tuple[BinaryIO, _Replies]:
    """Keep the harness's two pipes to this process: what a child prints must not get in there."""
    requests = os.fdopen(os.dup(0), "rb")
    stream = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if hasattr(os, "register_at_fork"):
        # A forked child that held them would hide the death of this process.
        os.register_at_fork(after_in_child=requests.close)
        os.register_at_fork(after_in_child=stream.close)
    return requests, _Replies(stream)
