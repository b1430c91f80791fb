"""Forks that multiprocessing does not see, with a deadline."""

import os
import pickle
import select
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any


def in_fork(call: Callable[[], Any], seconds: float = 10) -> Any:
    """Return what the call returns in a process made by os.fork; "hung" if it does not."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        report_and_exit(call, writer)
    os.close(writer)
    return report_of(pid, reader, seconds)


def report_and_exit(call: Callable[[], Any], writer: int) -> None:
    """Write down what the call returns, and end this process without any of pytest's clean-up."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # pytest-timeout's is the parent's
    try:
        os.write(writer, pickle.dumps(call()))
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(0)


def report_of(pid: int, reader: int, seconds: float = 10) -> Any:
    """Return what such a process wrote down, having ended it; "hung" if it wrote nothing."""
    ready, _, _ = select.select([reader], [], [], seconds)
    report = os.read(reader, 1 << 16) if ready else pickle.dumps("hung")
    os.close(reader)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return pickle.loads(report) if report else "no report"


def outcome(call: Callable[[], Any]) -> Any:
    """Return what the call returns, or the name of its error and what that says."""
    try:
        return call()
    except (OSError, EOFError) as error:
        return f"{type(error).__name__}: {error}"
