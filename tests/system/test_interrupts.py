"""Ctrl-C waits for the end of a block, and means there what it meant before."""

import signal
import threading

import pytest

from ndpipe._system.interrupts import interrupts_deferred


def test_an_interrupt_comes_when_the_block_is_done() -> None:
    """KeyboardInterrupt is raised at the end of the block, not inside it."""
    done = False
    with pytest.raises(KeyboardInterrupt), interrupts_deferred() as interrupts:  # noqa: PT012 - the block is what is tested
        signal.raise_signal(signal.SIGINT)
        assert len(interrupts) == 1
        done = True
    assert done


def test_an_interrupt_outweighs_what_the_block_raises() -> None:
    """A transfer that is broken off because of Ctrl-C fails; it is the Ctrl-C that is reported."""
    with pytest.raises(KeyboardInterrupt), interrupts_deferred():  # noqa: PT012 - the block is what is tested
        signal.raise_signal(signal.SIGINT)
        raise BrokenPipeError


def test_without_an_interrupt_nothing_changes() -> None:
    """An exception of the block passes, and the handler is the one from before."""
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(BrokenPipeError), interrupts_deferred():
        raise BrokenPipeError
    assert signal.getsignal(signal.SIGINT) is before


def test_ignored_interrupts_stay_ignored() -> None:
    """As for the jobs that a script starts in the background."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupts_deferred() as interrupts:
            signal.raise_signal(signal.SIGINT)
        assert interrupts == []
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_leave_signals_alone() -> None:
    """In a thread, where no handler can be set, the block changes none."""
    before, seen = signal.getsignal(signal.SIGINT), []

    def enter() -> None:
        with interrupts_deferred():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join(60)
    assert seen == [before]
