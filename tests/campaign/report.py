"""What a campaign found, as a document and as a table."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from tests.campaign.bulk import slopes
from tests.campaign.runner import Result

from ndpipe._system.machine import describe_machine

__all__ = ["SCHEMA", "Report", "row"]

SCHEMA = json.loads(Path(__file__).with_name("report.schema.json").read_text("utf-8"))
"""The form of the document."""


def row(campaign: str, variant: str, seed: int, result: Result) -> dict[str, Any]:
    """Return what one campaign through one variant found."""
    return {
        "campaign": campaign,
        "variant": variant,
        "seed": seed,
        "count": sum(result.verdicts.values()),
        "wrong": result.verdicts["wrong"],
        "hangs": result.verdicts["hang"],
        "undocumented": result.verdicts["undocumented"],
        "seconds": round(result.seconds, 1),
        "outcomes": dict(result.outcomes.most_common()),
        "figures": {key: round(value, 6) for key, value in result.figures.items()},
        "slopes": {key: round(value, 3) for key, value in slopes(result.samples).items()},
        "failures": [
            {
                "case": str(case),
                "verdict": outcome.verdict,
                "kind": outcome.kind,
                "details": outcome.details,
            }
            for case, outcome in result.failures
        ],
    }


class Report:
    """The document: the machine, and one row for each campaign through each variant."""

    def __init__(self, path: Path, *, add: bool = False) -> None:
        self.path = path
        self.rows: list[dict[str, Any]] = []
        if add and path.exists():
            self.rows = json.loads(path.read_text("utf-8"))["rows"]

    def add(self, row: dict[str, Any]) -> None:
        """Add a row, and write the document and the table."""
        self.rows.append(row)
        document = {"machine": dataclasses.asdict(describe_machine()), "rows": self.rows}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
        self.path.with_suffix(".md").write_text(self.table(), "utf-8")

    def table(self) -> str:
        """Return the document as Markdown."""
        lines = [
            "| what | way | cases | wrong | hangs | undocumented | seconds | seed |",
            "| --- | --- | --: | --: | --: | --: | --: | --: |",
        ]
        for row in self.rows:
            keys = ("campaign", "variant", "count", "wrong", "hangs", "undocumented", "seconds")
            cells = [str(row[key]) for key in (*keys, "seed")]
            lines.append(f"| {' | '.join(cells)} |")
        lines += ["", f"{describe_machine()}.", ""]
        for row in self.rows:
            lines += [f"### {row['campaign']}, {row['variant']}, seed {row['seed']}", ""]
            lines += _list(row["figures"], "{:,.6g} {}")
            lines += _list(row["slopes"], "{:,.3g} {} more each GB")
            lines += ["| outcome | cases |", "| --- | --: |"]
            lines += [f"| {kind} | {count:,} |" for kind, count in row["outcomes"].items()]
            lines += [""]
            for failure in row["failures"]:
                lines += [f"- `{failure['case']}`: {failure['verdict']}, {failure['kind']}"]
            lines += [""] * bool(row["failures"])
        return "\n".join(lines)


def _list(numbers: dict[str, float], form: str) -> list[str]:
    text = "; ".join(form.format(number, name) for name, number in numbers.items())
    return [f"{text}.", ""] if text else []
