"""A small campaign of each kind finds nothing; a report of it has the form that is promised."""

import json
import os
import re
from pathlib import Path

import jsonschema
import pytest

if not hasattr(os, "fork"):
    pytest.skip("there is no fork", allow_module_level=True)

from tests.campaign.__main__ import CAMPAIGNS, main
from tests.campaign.bulk import BYTES, slopes, unsteady
from tests.campaign.cases import Case
from tests.campaign.report import SCHEMA
from tests.campaign.runner import run
from tests.campaign.variants import VARIANTS

COUNTS = {"kill": 40, "interruption": 30, "hostile": 1000, "mixture": 8, "bulk": 2}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", CAMPAIGNS)
def test_a_small_campaign(name: str, variant: str) -> None:
    """Some tens of cases of each kind: all as the reference says, and nobody hangs."""
    cases = [Case(name, variant, 1, number) for number in range(COUNTS[name])]
    result = run(CAMPAIGNS[name], VARIANTS[variant], cases, workers=1 if name == "bulk" else 2)
    assert not result.failures, "\n".join(
        f"{case}: {outcome.verdict}, {outcome.kind}\n{outcome.details}"
        for case, outcome in result.failures
    )
    assert result.verdicts == {"right": COUNTS[name]}
    if name in ("kill", "interruption"):
        assert any("inside a message" in kind for kind in result.outcomes), "none hit a transfer"


def test_a_case_follows_from_its_name() -> None:
    """The same name draws the same numbers; another number, seed or variant draws others."""
    names = ["kill:streamed:1:57", "kill:streamed:1:58", "kill:streamed:2:57", "kill:plain:1:57"]
    drawn = [Case.of(name).rng().random() for name in [*names, names[0]]]
    assert drawn[0] == drawn[-1]
    assert len(set(drawn)) == len(names)
    assert list(map(str, map(Case.of, names))) == names


def test_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command writes the document in its form, and a table with a line for each campaign."""
    path = tmp_path / "report.json"
    small = "--kills 3 --interruptions 3 --hostile 20 --mixtures 0 --gigabytes 0 --seed 1 --report"
    assert main([*small.split(), str(path)]) == 0
    assert re.sub(r"\s", "", str(path)) in re.sub(r"\s", "", capsys.readouterr().out)
    document = json.loads(path.read_text("utf-8"))
    jsonschema.validate(document, SCHEMA)
    assert [row["campaign"] for row in document["rows"]] == [
        name for _ in VARIANTS for name in ("kill", "interruption", "hostile")
    ]
    for row in document["rows"]:
        assert row["count"] == sum(row["outcomes"].values())
    table = path.with_suffix(".md").read_text("utf-8")
    assert "| kill | streamed | 3 | 0 | 0 | 0 |" in table


def test_one_case_again(capsys: pytest.CaptureFixture[str]) -> None:
    """The command runs one case by its name, as often as it is told to."""
    assert main(["--replay", "hostile:streamed:1:7", "--times", "3"]) == 0
    assert "3/3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("key", "growth", "expected"),
    [
        ("resident, one side", 2 << 20, True),
        ("resident, one side", 1 << 10, False),
        ("descriptors, other side", 0.1, True),
        ("threads, one side", 0.0, False),
    ],
)
def test_what_is_flat(key: str, growth: float, expected: bool) -> None:
    """A figure that grows with what is moved is found, however it begins; a constant one is not."""
    samples = [{key: 9e9}] * 20 + [{key: 1e6 + growth * number} for number in range(80)]
    assert slopes(samples)[key] == pytest.approx(growth / (BYTES / 1e9), abs=1e-3)
    assert (key in unsteady(samples)) == expected
