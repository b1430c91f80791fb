"""Whose exception it is: of a call, or of a signal handler that the interpreter ran meanwhile.

A handler can raise anything, of any type and with any number. What is caught because a call says
something by it must be the call's own. For the same reason nothing here maps a function of Python
in what takes a `StopIteration` for an end, as `all` and `extend` do, and none of it runs in a
generator, which would make a `RuntimeError` of a handler's `StopIteration`.
"""

import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Any

__all__ = ["fails", "is_of_the_call"]

_OURS = ("ndpipe", "multiprocessing")


def is_of_the_call(error: BaseException) -> bool:
    """Return whether a call in this package has raised it, for whoever has caught it here.

    What a handler raises has come through the handler's code as well.
    """
    place: TracebackType | None = error.__traceback__
    while place is not None:
        module: str = place.tb_frame.f_globals.get("__name__", "")
        if module.partition(".")[0] not in _OURS:
            return False
        place = place.tb_next
    return True


def fails(load: Callable[..., Any], *args: Any) -> bool:
    """Whether what has just raised raises again: if not, a signal handler's exception fell in.

    Its type would not tell: a handler can raise anything. A second one may fall in here.
    """
    for _ in range(2):
        with contextlib.suppress(Exception):
            load(*args)
            return False
    return True
