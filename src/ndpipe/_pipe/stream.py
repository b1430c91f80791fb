"""Bytes between two processes, one whole message at a time in each direction.

A stream of bytes has no marks where messages begin. Whoever stops in the middle of a message can
only be safe by never using the stream again. This module keeps that rule. What the messages say
is the business of :mod:`ndpipe._pipe.sending` and :mod:`ndpipe._pipe.receiving`.

How the rule holds against exceptions is said in :mod:`ndpipe._pipe.transfers`: messages on their
way, outgoing and incoming.
"""

import contextlib
import errno
import os
import threading
import weakref

from ndpipe._pipe.descriptors import Descriptors
from ndpipe._pipe.files import File, Part
from ndpipe._pipe.incoming import Incoming
from ndpipe._pipe.outgoing import Outgoing
from ndpipe._pipe.raised import is_of_the_call
from ndpipe._pipe.transfers import Transfer

__all__ = ["Stream"]


class Stream:
    """A file that carries messages, and whose turn it is to use it.

    Parameters
    ----------
    file : File
        Where the bytes go, which the stream owns from now on.

    Attributes
    ----------
    refused : bytes
        The start of a message that a receive refused.
    kept : Descriptors
        The pipe that came with that.
    """

    _outgoing, _incoming = Outgoing, Incoming

    def __init__(self, file: File) -> None:
        self.file = file
        self.why_closed = "handle is closed"
        self.refused = b""
        self.kept = Descriptors()
        self._new_turns()
        # It is forgotten by a function of C: in one of Python, as a WeakSet has, the exception
        # of a signal handler would be lost.
        _streams.add(weakref.ref(self, _streams.discard))

    def _new_turns(self) -> None:
        # Reentrant: a signal handler may use the connection on which the program waits.
        self.send_turn, self.receive_turn = threading.RLock(), threading.RLock()
        self.outgoing: Outgoing | None = None
        self.incoming: Incoming | None = None

    @property
    def handle(self) -> int | None:
        """The descriptor; None once it is closed."""
        handle = self.file.fileno()
        return None if handle < 0 else handle

    def send(self, *parts: Part, way: type[Outgoing] | None = None) -> None:
        """Send one message, given in parts, or close."""
        message = (way or self._outgoing)(self, parts)
        try:
            message.send()
        except BaseException:
            try:
                message.stop()
            finally:
                message.stop()  # where a second exception has interrupted the first
            raise

    def next_message(self) -> Incoming:
        """Return the next message, of which nothing has been read yet."""
        return self._incoming(self)

    def interrupt(self, transfer: Transfer) -> None:
        """Let a signal handler use the stream while `transfer` waits, unless that has begun."""
        if transfer.is_inside:
            self.abort("a message was interrupted before its end")
            raise OSError(self.why_closed)

    def raise_if_closed(self, error: OSError) -> None:
        """Raise with the reason if what `error` means is that the stream was closed meanwhile."""
        if error.errno == errno.EBADF and self.handle is None and is_of_the_call(error):
            raise OSError(self.why_closed) from error

    def check_idle(self) -> None:
        """Raise if any thread is inside a send or a receive: where it is, nobody else can know."""
        if self.outgoing or self.incoming:
            raise OSError("the connection cannot be passed on while a thread uses it")

    def close(self) -> None:
        """Close this process's descriptor."""
        for transfer in (self.outgoing, self.incoming):
            if transfer is not None:
                transfer.halt()
        self.file.close()
        self.kept.close()

    def abort(self, why: str) -> None:
        """Close in the middle of a message, for every process that holds this end."""
        self.kept.close()
        if self.handle is None:
            return
        self.why_closed = f"connection was closed: {why}"
        # Other processes may hold copies of this end: without a shutdown, the peer and any thread
        # in the other direction would wait on them for the rest of the message.
        try:
            self.file.shutdown()
        except OSError as error:  # the peer has gone
            if not is_of_the_call(error):  # the shutdown may still be to be done
                with contextlib.suppress(OSError):
                    self.file.shutdown()
                self.file.close()
                raise
        self.file.close()

    def after_fork(self) -> None:
        """Forget, in a forked child, the transfers of threads that only the parent has."""
        for transfer in (self.outgoing, self.incoming):
            if transfer is not None:
                transfer.release()
        receiving = self.incoming is not None and self.incoming.has_begun
        if self.outgoing is not None or receiving:
            self.why_closed = "connection was closed: it was forked in the middle of a message"
            self.file.close()
        self._new_turns()


_streams: set[weakref.ref[Stream]] = set()


def _after_fork() -> None:
    for reference in list(_streams):
        stream = reference()
        if stream is not None:
            stream.after_fork()


# Not multiprocessing's own hook, which `os.fork` does not call.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
