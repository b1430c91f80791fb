"""The answer of `poll` for a pipe in each state, and the result of the next `recv`."""

import multiprocessing
import os
import threading

__all__ = ["poll_and_recv"]


def poll_and_recv(share: str, *, closed: bool) -> tuple[bool, str]:
    """Let a part of a message arrive; return the answer of `poll` and the result of `recv`.

    Parameters
    ----------
    share : {"nothing", "half", "all"}
        The part of the message ``"hi"`` that has arrived before `poll` is called.
    closed : bool
        Whether the sender has closed its end. If it has not, a timer closes it after half a
        second.

    Returns
    -------
    said : bool
        The answer of ``poll()``.
    done : str
        What `recv` returned or raised, or ``"waits for ever"`` if only the timer ended it.

    Examples
    --------
    >>> from ndpipe.experiments.polling import poll_and_recv
    >>> poll_and_recv("nothing", closed=True)
    (True, 'raises EOFError()')
    >>> poll_and_recv("half", closed=False)
    (True, 'waits for ever')
    """
    here, there = multiprocessing.Pipe()
    there.send("hi")
    message = os.read(here.fileno(), 1000)  # its length, in four bytes, and its pickle
    os.write(there.fileno(), message[: {"nothing": 0, "half": 9, "all": None}[share]])
    if closed:
        there.close()
    timer = threading.Timer(0.5, there.close)
    said = here.poll()
    timer.start()
    try:
        done = f"returns {here.recv()!r}"
    except (EOFError, OSError) as error:
        done = f"raises {error!r}" if closed else "waits for ever"
    timer.cancel()
    timer.join()
    here.close()
    there.close()
    return said, done
