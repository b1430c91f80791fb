"""The ways of sending that every campaign is run through: one line each."""

from collections.abc import Callable
from typing import Any, NamedTuple

import ndpipe


class Variant(NamedTuple):
    """How the pipes of a campaign are made.

    Attributes
    ----------
    options : dict
        Keyword arguments for `make`, besides the threshold.
    make : callable
        `ndpipe.Pipe`, or a pipe with a fault, to see that a campaign finds it.
    recorded : dict
        What differs of the options where the bytes of messages are recorded, to be corrupted: for
        a way of sending by which not all of them go through the connection.
    """

    options: dict[str, Any]
    make: Callable[..., tuple[Any, Any]] = ndpipe.Pipe
    recorded: dict[str, Any] = {}  # noqa: RUF012 - nobody changes it

    def pipe(self, threshold: int = 1) -> tuple[Any, Any]:
        """Return the two ends of a new pipe."""
        return self.make(threshold=threshold, **self.options)

    @property
    def pickles(self) -> bool:
        """Whether any picklable object may be sent."""
        return bool(self.options.get("allow_pickle", True))


VARIANTS = {
    "streamed": Variant({"splice_threshold": None}),
    "spliced": Variant({"splice_threshold": 1}, recorded={"splice_threshold": None}),
    "plain": Variant({"allow_pickle": False}),
}
