"""Raise exceptions at chosen bytecode instructions of the package, as a signal handler would.

A handler's exception comes out of nowhere, in the middle of anything. Signals find only some of
those places, and by chance. A trace function finds each of them: it is called before every
instruction, and what it raises appears there.

The interpreter itself calls handlers at fewer places: where a function begins, where a call
returned, and where a loop begins anew. Those are *reachable*.
"""

import dis
import gc
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import ndpipe

PACKAGE = str(Path(ndpipe.__file__).parent)


_CHECKS = ("RESUME", "CALL", "JUMP_BACKWARD")  # after these, handlers are called


class Place(NamedTuple):
    """An instruction, for messages of failed tests, and whether a handler could be called there."""

    function: str
    line: int | None
    instruction: str
    reachable: bool

    def __str__(self) -> str:
        return f"{self.function}:{self.line} {self.instruction}"


class Injection:
    """Call something, with exceptions or other calls before chosen instructions of the package.

    Parameters
    ----------
    points : mapping of int to exception or callable
        What to raise, or call, before the instruction of that number, counted from 0 through all
        frames of the package. An exception does not end the counting: a second one can follow.
    within : callable, optional
        Whether to count the instructions of a code object; by default those of the package.

    Attributes
    ----------
    visited : int
        Instructions so far.
    fired : list of Place
        Where something was raised or called.
    last : Place or None
        The last instruction that was visited.
    """

    def __init__(
        self,
        points: Mapping[int, BaseException | Callable[[], None]] | None = None,
        within: Callable[[CodeType], bool] | None = None,
    ) -> None:
        self.points = dict(points or {})
        self.within = within or (lambda code: code.co_filename.startswith(PACKAGE))
        self.is_running = False
        self.visited = 0
        self.fired: list[Place] = []
        self._last: tuple[CodeType, int, int | None, int] | None = None
        self._previous: dict[FrameType, int] = {}

    def run(self, call: Callable[..., Any], *args: Any) -> Any:
        """Call it, and return what it returns."""
        before = sys.gettrace()
        sys._getframe().f_trace_opcodes = True  # Python 3.12 looks for it when tracing begins
        self.is_running = True
        collecting = gc.isenabled()
        gc.disable()  # no finalizer of anything else is to be counted
        sys.settrace(self.enter)
        try:
            return call(*args)
        except BaseException as error:
            _forget_places(error)
            raise
        finally:
            self.is_running = False
            sys.settrace(before)
            if collecting:
                gc.enable()
            self._previous.clear()
            sys._getframe().f_trace_opcodes = False

    @property
    def last(self) -> Place | None:
        """The last instruction that was visited."""
        return _place(*self._last) if self._last else None

    def enter(self, frame: FrameType, event: str, arg: Any) -> Any:  # noqa: ARG002 - sys.settrace's signature
        """Be what the interpreter calls when a function is called."""
        return self.follow(frame) if self.within(frame.f_code) else None

    def follow(self, frame: FrameType) -> Any:
        """Be called at each instruction of a frame from now on."""
        frame.f_trace = tracer = _Tracer(self)
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        return tracer

    def visit(self, frame: FrameType) -> BaseException | None:
        """Count an instruction; return what is to be raised before it."""
        number, self.visited = self.visited, self.visited + 1
        previous = self._previous.get(frame, 0)  # a function begins with RESUME
        self._previous[frame] = frame.f_lasti
        self._last = frame.f_code, frame.f_lasti, frame.f_lineno, previous
        action = self.points.get(number)
        if action is None:
            return None
        self.fired.append(_place(*self._last))
        if isinstance(action, BaseException):
            return action
        action()
        return None


class _Tracer:
    """What is called before each instruction of one frame.

    The interpreter stops tracing when a trace function raises, and lets go of the frame's own.
    That is the moment in which `__del__` begins anew, so nothing else may hold a tracer: not the
    traceback of what it raised either.
    """

    def __init__(self, injection: Injection) -> None:
        self.injection = injection
        self.raised_in: FrameType | None = None

    def __call__(self, frame: FrameType, event: str, arg: Any) -> Any:  # noqa: ARG002 - sys.settrace's signature
        error = self.injection.visit(frame) if event == "opcode" else None
        if error is None:
            return self
        self.raised_in = frame
        del self, frame
        raise error

    def __del__(self) -> None:
        frame, self.raised_in = self.raised_in, None
        if frame is None or not self.injection.is_running:
            return
        sys.settrace(self.injection.enter)
        while frame is not None:
            if self.injection.within(frame.f_code):
                self.injection.follow(frame)
            frame = frame.f_back


def _forget_places(error: BaseException | None) -> None:
    """Drop tracebacks: some of their entries have no line, which those who print them want."""
    while error is not None:
        error.__traceback__ = None
        error = error.__context__


def _place(code: CodeType, at: int, line: int | None, previous: int) -> Place:
    before, instruction = (dis.opname[code.co_code[place]] for place in (previous, at))
    # What catches an exception follows a call that raised it, and did not return.
    has_returned = instruction != "PUSH_EXC_INFO"
    reachable = previous == 0 or (before.startswith(_CHECKS) and has_returned)
    return Place(code.co_qualname, line, instruction, reachable)
