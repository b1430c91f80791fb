"""The standard connection's own ways in, which :mod:`ndpipe.connection` builds on.

Every public method of the standard ``Connection`` ends in ``_send_bytes``, ``_recv_bytes`` or
``_poll``, from Python 3.3 to 3.14. Its type stubs leave them out; here they are, for the checker.
"""

import sys
from multiprocessing import connection as standard
from typing import TYPE_CHECKING, Any

__all__ = ["StandardConnection", "StandardMessages", "reduce_messages", "take_handle"]

if TYPE_CHECKING:
    import io

    class StandardConnection(standard.Connection):
        """Over a file descriptor."""

        _handle: int | None

        def _check_readable(self) -> None: ...
        def _check_writable(self) -> None: ...
        def _send_bytes(self, buf: memoryview) -> None: ...
        def _recv_bytes(self, maxsize: int | None = None) -> "io.BytesIO | None": ...
        def _poll(self, timeout: float | None) -> bool: ...

    StandardMessages = StandardConnection

    def reduce_messages(connection: standard.Connection) -> tuple[Any, Any]: ...
elif sys.platform == "win32":
    StandardConnection = standard.Connection
    StandardMessages = standard.PipeConnection
    reduce_messages = standard.reduce_pipe_connection
else:
    StandardConnection = StandardMessages = standard.Connection
    reduce_messages = standard.reduce_connection


def take_handle(connection: Any) -> int:
    """Return the handle of a standard connection, which is closed for everybody else from now."""
    handle: int = connection.fileno()
    connection._handle = None
    return handle
