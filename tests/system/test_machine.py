"""A machine describes itself in terms that a reader can compare with their own."""

import dataclasses
import multiprocessing
import os

import numpy as np

from ndpipe import describe_machine


def test_every_fact_is_there() -> None:
    """No field is empty, and the text that stands under a plot has the main ones."""
    machine = describe_machine()
    assert all(dataclasses.astuple(machine))
    assert machine.numpy == np.__version__
    assert machine.cores <= (os.cpu_count() or 1)
    for fact in (machine.cpu, f"{machine.cores} core", machine.python, machine.start_method):
        assert fact in str(machine)


def test_asking_does_not_choose_a_start_method() -> None:
    """A reader can still call set_start_method after the machine was described."""
    describe_machine()
    child = multiprocessing.get_context("spawn").Process(target=_describe_and_choose)
    child.start()
    child.join(60)
    assert child.exitcode == 0
    child.close()


def _describe_and_choose() -> None:
    multiprocessing.set_start_method(None, force=True)
    describe_machine()
    assert multiprocessing.get_start_method(allow_none=True) is None
