"""The speed of the standard Pipe, and the allocator."""

import sys

import pytest

from ndpipe.compare import compare
from ndpipe.experiments.allocator import PIPES


@pytest.mark.skipif(sys.platform != "linux", reason="the allocator is glibc's")
def test_each_pipe_delivers_what_was_sent() -> None:
    """The threshold changes nothing but the time; a C library without one is said."""
    found = compare(PIPES, [300_000], directions=["to-child"], repeat=2).measurements
    assert len(found) == len(PIPES)
    for m in found:
        assert m.verified or "no such threshold" in (m.error or ""), m
