"""What an end accepts of its peer: whether pickles, and how many bytes in one message."""

from typing import Any, NamedTuple

__all__ = ["LimitError", "Limits"]


class LimitError(OSError):
    """What came is a message that this end does not take."""


class Limits(NamedTuple):
    """What is refused, with `OSError`, before it is unpickled or allocated.

    Attributes
    ----------
    allow_pickle : bool
        Whether messages that hold a pickle are received, and sent.
    max_bytes : int or None
        The most memory that one message may ask for, in bytes.
    """

    allow_pickle: bool = True
    max_bytes: int | None = None

    @classmethod
    def of(cls, allow_pickle: Any, max_bytes: Any) -> "Limits":
        """Return the limits that a caller has asked for."""
        if max_bytes is not None and max_bytes < 0:
            raise ValueError("negative max_bytes")
        return cls(bool(allow_pickle), max_bytes)

    def and_of(self, other: "Limits") -> "Limits":
        """Return the stricter of each."""
        most = [n for n in (self.max_bytes, other.max_bytes) if n is not None]
        return Limits(self.allow_pickle and other.allow_pickle, min(most, default=None))

    def check_pickle(self) -> None:
        """Raise where a pickle has come to an end that takes none."""
        if not self.allow_pickle:
            raise LimitError("refused a pickle: this end has allow_pickle=False")

    def check_size(self, nbytes: int) -> None:
        """Raise if a message needs more memory than is allowed."""
        if self.max_bytes is not None and nbytes > self.max_bytes:
            limit = f"this end has max_bytes={self.max_bytes}"
            raise LimitError(f"refused a message that needs {nbytes} bytes: {limit}")
