"""Fail a page whose child process failed, or was left running.

sphinx-gallery sees an exception in the parent. A child that dies takes its exception with it: the
page would show a traceback, or nothing, and the build would be green.
"""

import ast
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import CodeType
from typing import Any
from unittest.mock import patch

# The comment of a page that shows a failing child.
EXPECTED = re.compile(r"^# sphinx_gallery_child_may_fail$", re.MULTILINE)

_GRACE = 5.0  # seconds: a child that has done its work may still be on its way out

# Every child that a page has started so far: its name, and the object that keeps its exit code
# after Process.close().
_started: dict[str, list[tuple[str, Any]]] = {}


class ChildError(Exception):
    """A child that the page does not say it expects to fail has failed or was left running."""


@contextmanager
def watched(page: Path, code: CodeType) -> Iterator[None]:
    """Record the children that a block starts, and judge those that the page has started so far.

    Parameters
    ----------
    page : pathlib.Path
        The example file.
    code : types.CodeType
        The block, compiled with the line numbers that it has in the file.

    Raises
    ------
    ChildError
        After the block: if a child of the page has exited with another code than 0; after the
        last block: also if one is still alive.
    """
    children = _started.setdefault(str(page), [])
    start = BaseProcess.start

    def start_and_record(process: BaseProcess) -> None:
        start(process)
        children.append((process.name, process._popen))  # type: ignore[attr-defined]  # private

    try:
        with patch.object(BaseProcess, "start", start_and_record):
            yield
    except BaseException:
        _end_all(children)
        raise
    source = page.read_text("utf-8")
    _judge(children, last=_is_last(code, source), may_fail=bool(EXPECTED.search(source)))


def _is_last(code: CodeType, source: str) -> bool:
    last_line = ast.parse(source).body[-1].lineno
    return any(line == last_line for _, _, line in code.co_lines())


def _judge(children: list[tuple[str, Any]], *, last: bool, may_fail: bool) -> None:
    deadline = time.monotonic() + (_GRACE if last else 0)
    for name, popen in children:
        while (exitcode := popen.poll()) is None and time.monotonic() < deadline:
            time.sleep(0.01)
        if exitcode is None and last:
            _end_all(children)
            raise ChildError(f"{name} was still running when the page ended")
        if exitcode and not may_fail:
            _end_all(children)
            raise ChildError(
                f"{name} exited with code {exitcode}. If the page means it to, say so in a "
                "comment of its own line: # sphinx_gallery_child_may_fail"
            )
    if last:
        children.clear()


def _end_all(children: list[tuple[str, Any]]) -> None:
    """Kill the children that a failed page has left: the build would wait for them at its end."""
    for _, popen in children:
        if popen.poll() is None:
            popen.kill()
    children.clear()
