"""The state that a child has from its parent, and the errors of children that cannot start."""

import multiprocessing
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ndpipe.tasks import report_inheritance

__all__ = ["child_report", "last_error"]


def child_report(method: str) -> dict[str, Any]:
    """Start a child, and return its report of the state that it has from this process.

    Parameters
    ----------
    method : {"fork", "spawn", "forkserver"}
        How the child is started.

    Returns
    -------
    dict of str to object
        The report, as `ndpipe.tasks.report_inheritance` sends it.

    See Also
    --------
    ndpipe.tasks.report_inheritance : The child's task.

    Examples
    --------
    >>> import numpy as np
    >>> from ndpipe.experiments.inheritance import child_report
    >>> with np.printoptions(precision=2):
    ...     child_report("spawn")["print precision"]
    8
    """
    context = multiprocessing.get_context(method)
    here, there = context.Pipe()
    child: Any = context.Process(target=report_inheritance, args=(there, here))  # type: ignore[attr-defined]  # BaseContext does not declare it
    child.start()
    there.close()
    with here:
        if not here.poll(60):
            raise TimeoutError("the child has not reported")
        report: dict[str, Any] = here.recv()
    child.join(timeout=60)
    return report


def last_error(code: str, *, session: bool = False) -> str:
    """Run Python code in a process of its own, and return the last error that it prints.

    Parameters
    ----------
    code : str
        A program.
    session : bool, default False
        Whether to run it as a notebook or an interactive session does, where no file holds the
        code, and not as a script.

    Returns
    -------
    str
        The name and the text of the exception, on one line; empty if there was none.

    Examples
    --------
    >>> from ndpipe.experiments.inheritance import last_error
    >>> last_error("1 / 0")
    'ZeroDivisionError: division by zero'
    >>> last_error("1 / 1", session=True)
    ''
    """
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "script.py")
        script.write_text(code, "utf-8")
        done = subprocess.run(  # noqa: S603 - this Python, our own code
            [sys.executable, *(["-c", code] if session else [script])],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    errors = re.split(r"^(?=\w+Error:)", done.stderr, flags=re.MULTILINE)
    return " ".join(errors[-1].split()) if len(errors) > 1 else ""
