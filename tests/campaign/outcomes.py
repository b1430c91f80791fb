"""What may become of a case, and which errors of a Pipe are documented."""

import re
import traceback
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Outcome", "Undocumented", "Verdict", "Wrong", "check", "of_error", "of_failure"]

Verdict = Literal["right", "wrong", "hang", "undocumented"]

_CUT = re.compile(r"end of file after (\d+) of (\d+) bytes of a message$")
_CLOSED = re.compile(r"^(connection was closed: .+|handle is closed)$")


class Wrong(AssertionError):  # noqa: N818 - a verdict
    """Something arrived that was not sent, or not as it was sent."""


class Undocumented(AssertionError):  # noqa: N818 - a verdict
    """A Pipe did what its reference does not say."""


@dataclass
class Outcome:
    """What became of one case.

    Attributes
    ----------
    kind : str
        In a few words, to be counted.
    verdict : str
        Whether that is right, or what is wrong about it.
    details : str
        For a person, where it is not right.
    figures : dict of str to float
        Whatever else is to be added up.
    sample : dict of str to float
        What is to be looked at as a series.
    """

    kind: str
    verdict: Verdict = "right"
    details: str = ""
    figures: dict[str, float] = field(default_factory=dict)
    sample: dict[str, float] = field(default_factory=dict)


def check(holds: Any, what: str) -> None:
    """Raise `Undocumented` unless it holds."""
    if not holds:
        raise Undocumented(what)


def of_failure(error: BaseException) -> Outcome:
    """Return the outcome of a case that raised."""
    verdict: Verdict = "undocumented"
    if isinstance(error, AssertionError) and not isinstance(error, Undocumented):
        verdict = "wrong"
    return Outcome(type(error).__name__, verdict, "".join(traceback.format_exception(error)))


def of_error(error: BaseException) -> str:
    """Name an error that the reference has for a peer that went away; raise for any other."""
    said = str(error)
    if type(error) is EOFError:
        return "end of file"
    if isinstance(error, BrokenPipeError):
        return "broken pipe"
    if isinstance(error, ConnectionResetError):
        return "connection reset"
    if type(error) is OSError:
        cut = _CUT.search(said)
        if cut and 0 < int(cut[1]) < int(cut[2]):
            return "end of file inside a message"
        if _CLOSED.match(said):
            return "closed"
    raise Undocumented(f"{type(error).__name__}: {said}") from error
