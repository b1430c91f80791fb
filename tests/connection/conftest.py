"""What the tests of connections share: pipes of both makes, and profiles for properties."""

import contextlib
import multiprocessing
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pipes_under_test
import pytest
from hypothesis import HealthCheck, settings

import ndpipe

# Examples cross a process boundary, on machines that do other things too: no deadline for one.
settings.register_profile(
    "ci", max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("ci"), max_examples=10_000)
settings.load_profile("ci")

PipeMaker = Callable[..., tuple[Any, Any]]


@pytest.fixture
def closing() -> Iterator[contextlib.ExitStack]:
    """Close what a test enters here, whatever becomes of the test."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture(params=pipes_under_test.MAKES)
def make_pipe(request: pytest.FixtureRequest, closing: contextlib.ExitStack) -> PipeMaker:
    """Make pipes that close when the test ends, over descriptors and over standard messages."""

    def make(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        a, b = pipes_under_test.MAKES[request.param](*args, **kwargs)
        closing.enter_context(a)
        closing.enter_context(b)
        return a, b

    return make


@pytest.fixture
def pipe(closing: contextlib.ExitStack) -> tuple[ndpipe.Connection, ndpipe.Connection]:
    """Two ends over descriptors, in one process; every array travels out of band."""
    a, b = pipes_under_test.descriptor_pipe()
    return closing.enter_context(a), closing.enter_context(b)


@pytest.fixture
def in_thread() -> Iterator[Callable[..., threading.Thread]]:
    """Run a call in a thread, which must end with the test. What it raises is returned."""
    threads = []

    def start(call: Callable[..., Any], *args: Any) -> threading.Thread:
        thread = threading.Thread(target=call, args=args, daemon=True)
        threads.append(thread)
        thread.start()
        return thread

    yield start
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive(), "a thread of the test did not end"


@pytest.fixture
def start_child(closing: contextlib.ExitStack) -> Callable[..., Any]:
    """Start a child that is killed, if it has not ended by itself, when the test ends."""

    def start(method: str, target: Callable[..., None], *args: Any) -> Any:
        child = multiprocessing.get_context(method).Process(target=target, args=args, daemon=True)
        child.start()

        def end() -> None:
            child.join(5)
            child.kill()
            child.join()
            child.close()

        closing.callback(end)
        return child

    return start
