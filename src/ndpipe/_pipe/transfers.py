"""One message on its way through a stream, in either direction.

Whoever stops in the middle of a message closes the stream. An exception can arrive between any two
instructions; two habits make the rule hold all the same:

- Whether a message has begun is read from what was moved, never from the type of an exception. A
  send records what each system call wrote in the same call into C, as in
  ``next(map(written.append, map(write, ...)))``: no handler runs in between. (Not with ``extend``,
  to which a handler's `StopIteration` is an end.) A receive looks at the memory that the first
  byte goes to.
- Every public method that transfers has a handler of its own that calls :meth:`Transfer.stop`, and
  so has the function it calls: a second exception inside one handler still meets the other.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ndpipe._pipe.stream import Stream

__all__ = ["Transfer"]


class Transfer:
    """One message on its way in one direction: how much of it has moved, and whether it may stop.

    Attributes
    ----------
    done, total : int
        Bytes of the message that have moved, and that there are, as far as is known.
    is_inside : bool
        Whether stopping now would leave a part of a message, or lose one.
    """

    __slots__ = ()
    _verb: str
    _stream: "Stream"
    done: Any
    total: Any
    is_inside: Any

    def stop(self) -> None:
        """Close the stream if stopping here leaves a part of a message, or loses one.

        Only for the thread that makes the transfer: it lets go of what the transfer has open.
        """
        try:
            self.halt()
        finally:
            try:
                self._leave()
            finally:
                self.release()

    def halt(self) -> None:
        """Close the stream if stopping here would leave a part of a message, or lose one."""
        if self.is_inside:
            self._stream.abort(f"a {self._verb} stopped after {self.done} of {self.total} bytes")

    def _leave(self) -> None:
        """Make this the stream's message no more, if an exception has left it that."""
        raise NotImplementedError

    def release(self) -> None:
        """Close what is open for this message alone."""
