"""The harness's side of a runner: the process that is the parent of a transport's child.

Each transport has a runner of its own, a fresh interpreter that leads a session. So a transport
that hangs or crashes is ended with all that it started, one transport's threads do not exist
where another forks, and no child imports the reader's ``__main__``.
"""

import contextlib
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ndpipe.compare._sample import Sample
from ndpipe.compare._session import end_session
from ndpipe.compare.drivers.base import First
from ndpipe.transports.base import Direction, Transport

__all__ = ["FailedError", "LostError", "Runner"]

_GRACE = 5.0  # seconds for a process that was asked to end


class FailedError(Exception):
    """A transport failed; its runner has ended, or is about to."""


class LostError(FailedError):
    """A process of the transport died or was killed at the deadline."""


class Runner:
    """A process that opens one transport at a time and transfers arrays through it.

    Parameters
    ----------
    folder : pathlib.Path
        Parent of a folder for the temporary files of the process.
    timeout : float
        Seconds that one request may take.
    interrupts : sequence, optional
        As soon as it has an element, a request that is under way is given up.
    """

    def __init__(self, folder: Path, timeout: float, interrupts: Sequence[int] = ()) -> None:
        self.timeout, self.interrupts = timeout, interrupts
        # The address of a socket has about 100 bytes, and multiprocessing adds to this path.
        scratch = folder / str(len(list(folder.iterdir())))
        scratch.mkdir()
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),  # noqa: PTH109 - a text like the others
            "TMPDIR": str(scratch),
            "JOBLIB_TEMP_FOLDER": str(scratch),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from ndpipe.compare._serve import main; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C reaches the harness only
        )

    def open(
        self, kind: type[Transport], direction: Direction, nbytes: int, start_method: str
    ) -> First:
        """Open a transport and do a first transfer."""
        first: First = self._ask("open", kind, direction, nbytes, start_method)
        return first

    def transfer(self) -> Sample:
        """Do one transfer."""
        sample: Sample = self._ask("transfer")
        return sample

    def close(self) -> None:
        """Close the transport."""
        self._ask("close")

    def _ask(self, *request: Any) -> Any:
        assert self.process.stdin and self.process.stdout  # noqa: S101, PT018 - for mypy
        done = threading.Event()
        watchdog = threading.Thread(target=self._kill_when_due, args=(done,), daemon=True)
        watchdog.start()
        try:
            pickle.dump((self.timeout, *request), self.process.stdin)
            self.process.stdin.flush()
            failure, result = pickle.load(self.process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError):
            self.process.wait()
            done.set()
            watchdog.join()
            raise LostError(self._reason()) from None
        finally:
            done.set()
            watchdog.join()
        if failure:
            lost, message = failure
            raise (LostError if lost else FailedError)(message)
        return result

    def _kill_when_due(self, done: threading.Event) -> None:
        """Kill the process at the deadline or on an interrupt; `stop` ends what it started."""
        deadline = time.monotonic() + self.timeout
        self.timed_out = False
        while not done.wait(0.05):
            self.timed_out = time.monotonic() >= deadline
            if self.interrupts or self.timed_out:
                self.process.kill()
                return

    def _reason(self) -> str:
        if self.timed_out:
            return f"timed out after {self.timeout:g} s"
        if self.interrupts:
            return "interrupted"
        return f"its process died: exit code {self.process.returncode}"

    def dismiss(self) -> None:
        """Let the process end by itself, without waiting for it."""
        assert self.process.stdin  # noqa: S101 - for mypy
        with contextlib.suppress(OSError):
            self.process.stdin.close()

    def stop(self, *, at_once: bool = False) -> None:
        """End the process and all that it started."""
        assert self.process.stdout  # noqa: S101 - for mypy
        self.dismiss()
        if not at_once:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_GRACE)
        end_session(self.process)
        self.process.stdout.close()
