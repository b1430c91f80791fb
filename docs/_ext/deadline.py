"""End a block that takes too long: a page that waits for ever fails, and the build goes on."""

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: Seconds that a block may take. Those that measure take a minute on a busy machine.
DEFAULT = 300.0

# A page may say otherwise in a comment of its own.
_OWN = re.compile(r"^# sphinx_gallery_deadline = ([\d.]+)$", re.MULTILINE)


class DeadlineError(Exception):
    """A block took too long. No subclass of `OSError`: pages catch those that they provoke."""


@contextmanager
def deadline(page: Path) -> Iterator[None]:
    """Raise in the ``with`` block, wherever it waits, once the page's deadline has passed.

    Parameters
    ----------
    page : pathlib.Path
        The example file.

    Raises
    ------
    DeadlineError
        Again each second, until the block ends: code that cleans up may wait for ever too.
    """
    own = _OWN.search(page.read_text("utf-8"))
    seconds = float(own[1]) if own else DEFAULT
    block, done = threading.get_ident(), threading.Event()

    def on_signal(*_: Any) -> None:
        if not done.is_set():
            raise DeadlineError(f"a block of {page.name} took longer than {seconds:g} s")

    def watch() -> None:
        late = not done.wait(seconds)
        while late:
            # A signal is what interrupts a system call. SIGALRM is left to the pages.
            signal.pthread_kill(block, signal.SIGUSR2)
            late = not done.wait(1)

    before = signal.signal(signal.SIGUSR2, on_signal)
    watchdog = threading.Thread(target=watch, daemon=True)
    watchdog.start()
    try:
        yield
    finally:
        done.set()
        watchdog.join()
        signal.signal(signal.SIGUSR2, before)
