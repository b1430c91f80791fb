"""Capture the output of a block's processes, in the order in which they print it.

sphinx-gallery replaces ``sys.stdout`` by an object that writes into memory. A forked child writes
into its own copy of that memory, and a spawned one to the file descriptor: neither reaches the
page. So while a block runs, descriptors 1 and 2 lead to one append-mode file that parent and
children share, and when it ends, what was appended goes to sphinx-gallery as if the parent had
printed it.

One file serves the whole build: a fork server keeps the descriptors that it had at its start.
"""

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from _ext.deadline import deadline
from _ext.failed_children import watched

#: What begins each line that the parent prints: a character that no text means anything by.
PARENT_MARK = "\ue000"


def run_block(block: Any) -> tuple[float, Any]:
    """Run one code block of a page; this is the callable given as ``show_memory``.

    Parameters
    ----------
    block : callable
        What sphinx-gallery wants run: the compiled block, or a function that does nothing before
        the first.

    Returns
    -------
    memory : float
        Always 0: the parent's own memory would not be the truth, and no figure is shown.
    result : object
        What `block` returned.

    Raises
    ------
    _ext.failed_children.ChildError
        If a child of the page has failed.
    _ext.deadline.DeadlineError
        If the block takes too long.
    """
    code = getattr(block, "code", None)
    if code is None:  # before the first block: the record so far is that of other pages
        _Shown.until = os.fstat(_record()).st_size
        return 0.0, block()
    page = Path(code.co_filename)
    with recorded(), watched(page, code), deadline(page):
        result = block()
    return 0.0, result


@contextmanager
def recorded() -> Iterator[None]:
    """Collect what this process and its children print, and print it here at the end."""
    record = _record()
    page = sys.stdout, sys.stderr
    # Children whose stdout is a file would keep their lines until they end.
    unbuffered = os.environ.get("PYTHONUNBUFFERED")
    os.environ["PYTHONUNBUFFERED"] = "1"
    with _descriptors_lead_to(record):
        sys.stdout, sys.stderr = ParentStream(1), ParentStream(2)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            sys.stdout, sys.stderr = page
            if unbuffered is None:
                del os.environ["PYTHONUNBUFFERED"]
            else:
                os.environ["PYTHONUNBUFFERED"] = unbuffered
            # From where the last block's output ended: a child may have printed since.
            begin, _Shown.until = _Shown.until, os.fstat(record).st_size
            text = os.pread(record, _Shown.until - begin, begin)
            sys.stdout.write(text.decode("utf-8", "replace"))


class _Shown:
    """How far the record has been put onto pages."""

    until = 0


@cache
def _record() -> int:
    # Linux and macOS let an open file be unlinked: nothing is left to clean up.
    with tempfile.TemporaryFile("a+b", prefix="ndpipe-docs-") as file:
        return os.dup(file.fileno())


@contextmanager
def _descriptors_lead_to(target: int) -> Iterator[None]:
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
    saved = {descriptor: os.dup(descriptor) for descriptor in (1, 2)}
    try:
        for descriptor in saved:
            os.dup2(target, descriptor)
        yield
    finally:
        for descriptor, original in saved.items():
            os.dup2(original, descriptor)
            os.close(original)


class ParentStream(io.TextIOBase):
    """A text stream that writes each line at once and marks the parent's.

    A forked child inherits the object. Its process id differs, so its lines are not marked, and
    half a line that the parent had not finished is not written twice.
    """

    encoding = "utf-8"

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._parent = self._writer = os.getpid()
        self._line = ""
        self._in_line = False  # a flush has written the start of a line

    def fileno(self) -> int:
        """Return the descriptor that the lines go to."""
        return self._descriptor

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str) -> int:
        """Write the lines that `text` completes and keep the rest."""
        if self._writer != os.getpid():
            self._writer, self._line, self._in_line = os.getpid(), "", False
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._put(f"{line}\n")
        return len(text)

    def flush(self) -> None:
        """Write what there is of a line."""
        if self._writer == os.getpid() and self._line:
            self._put(self._line)
            self._line = ""

    def _put(self, text: str) -> None:
        marked = self._writer == self._parent and not self._in_line
        self._in_line = not text.endswith("\n")
        data = (PARENT_MARK * marked + text).encode("utf-8", "replace")
        while data:
            data = data[os.write(self._descriptor, data) :]
