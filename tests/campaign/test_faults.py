"""The campaigns find the faults of pipes that have some: wrong bytes, hangs, strange errors."""

import os
from typing import Any

import pytest

if not hasattr(os, "fork"):
    pytest.skip("there is no fork", allow_module_level=True)

from tests.campaign.__main__ import CAMPAIGNS
from tests.campaign.bulk import unsteady
from tests.campaign.cases import Case
from tests.campaign.faults import FAULTS, STANDARD, AnotherError, Hanging, Leaking, WrongByte
from tests.campaign.runner import Result, run


def campaign(name: str, variant: Any, count: int = 100, most: int = 1, **options: Any) -> Result:
    """Run cases with a faulty pipe until one fails."""
    cases = [Case(name, "faulty", 1, number) for number in range(count)]
    return run(CAMPAIGNS[name], variant, cases, workers=1, most=most, **options)


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_a_wrong_byte(name: str) -> None:
    """An array that arrives with one bit changed is counted as wrong, and what differs is said."""
    result = campaign(name, FAULTS[WrongByte])
    assert result.verdicts["wrong"] > 0
    assert not result.verdicts["hang"]
    assert all("Wrong: " in outcome.details for _, outcome in result.failures)


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_a_hang(name: str) -> None:
    """A call that does not return is counted as a hang, and what each process did is shown."""
    result = campaign(name, FAULTS[Hanging], deadline=0.5)
    assert result.verdicts == {"hang": 1}
    ((case, outcome),) = result.failures
    assert str(case) == f"{name}:faulty:1:0"
    assert "faults.py" in outcome.details


@pytest.mark.parametrize("name", ["kill", "interruption", "hostile"])
def test_another_error(name: str) -> None:
    """An error that the reference does not have is counted as undocumented."""
    result = campaign(name, FAULTS[AnotherError])
    assert result.verdicts["undocumented"] > 0
    assert any("what the reference does not say" in out.details for _, out in result.failures)


def test_a_leak() -> None:
    """Memory that grows with what is moved is found."""
    result = campaign("bulk", FAULTS[Leaking], count=3)
    assert result.verdicts == {"right": 3}
    assert "resident, one side" in unsteady(result.samples)


def test_a_worker_that_ends() -> None:
    """A crash is counted as undocumented, and the campaign goes on with the next case."""

    class Crashing(CAMPAIGNS["hostile"]):  # type: ignore[misc]
        def run(self, rng: Any) -> Any:
            return os._exit(3) if rng.random() < 0.5 else super().run(rng)

    cases = [Case("hostile", "streamed", 1, number) for number in range(10)]
    result = run(Crashing, FAULTS[Leaking], cases, workers=1)
    assert result.verdicts.total() == 10
    assert 0 < result.verdicts["undocumented"] < 10
    assert all("exit code 3" in outcome.details for _, outcome in result.failures)


def test_the_standard_pipe() -> None:
    """Why there is another one: the standard Pipe goes on after an interruption, or waits."""
    result = campaign("interruption", STANDARD, deadline=2)
    assert result.failures
