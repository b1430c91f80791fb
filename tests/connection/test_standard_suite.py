"""CPython's own tests of connections, with multiprocessing.Pipe replaced by ndpipe.Pipe."""

import multiprocessing
import unittest
from collections.abc import Iterator

import pytest

import ndpipe

pytest.importorskip(
    "test._test_multiprocessing", reason="this interpreter ships without its test package"
)
import standard_cases as cases

SLOW = {"test_wait_timeout", "test_wait_integer", "test_wait_slow", "test_wait_socket_slow"}
CASES = [
    pytest.param(
        case(name), id=f"{case.__name__}-{name}", marks=[pytest.mark.thorough] * (name in SLOW)
    )
    for case in (cases.Connection, cases.Poll, cases.PicklingConnections, cases.Wait)
    for name in unittest.TestLoader().getTestCaseNames(case)
]


@pytest.fixture
def standard_surroundings(start_method: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the start method the default, on which the standard tests rely, and Pipe ours."""
    before = multiprocessing.get_start_method(allow_none=True)
    multiprocessing.set_start_method(start_method, force=True)
    monkeypatch.setattr(multiprocessing, "Pipe", ndpipe.Pipe)
    yield
    multiprocessing.set_start_method(before, force=True)


@pytest.mark.usefixtures("standard_surroundings")
@pytest.mark.parametrize("case", CASES)
# What tests of the standard library need where warnings are errors.
@pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded, use of fork:DeprecationWarning",
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)
def test_standard_suite(case: unittest.TestCase) -> None:
    """A test of the standard library passes."""
    result = unittest.TestResult()
    unittest.TestSuite([case]).run(result)
    problems = [text for _, text in (*result.errors, *result.failures)]
    assert not problems, "\n".join(problems)
    for _, reason in result.skipped:
        pytest.skip(reason)
    assert result.testsRun == 1
