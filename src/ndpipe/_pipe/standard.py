"""The standard connection's own ways in, which :mod:`ndpipe.connection` builds on.

Its methods end in ``_check_closed``, ``_send_bytes`` and ``_poll``, from Python 3.3 to 3.14. Its
type stubs leave them out; here they are, for the checker.
"""

from multiprocessing import connection as standard
from typing import TYPE_CHECKING, Any, Never

__all__ = ["StandardConnection", "take_handle"]

if TYPE_CHECKING:

    class StandardConnection(standard.Connection):
        """Over a file descriptor."""

        _readable: bool
        _writable: bool

        def _bad_message_length(self) -> Never: ...
        def _check_readable(self) -> None: ...
        def _check_writable(self) -> None: ...
        def _poll(self, timeout: float | None) -> bool: ...
else:
    StandardConnection = standard.Connection


def take_handle(connection: Any) -> int:
    """Return the handle of a standard connection, which is closed for everybody else from now."""
    handle: int = connection.fileno()
    connection._handle = None
    return handle
