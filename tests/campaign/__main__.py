"""Run the campaigns: ``python -m tests.campaign``, from the project's folder.

Each case is drawn from the seed and its number. A case that fails is printed with its name, and
``--replay NAME`` runs it again; what depends on the moment, as a kill does, may take ``--times``.
"""

import argparse
import math
import secrets
import signal
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from tests.campaign.bulk import BYTES, Bulk, unsteady
from tests.campaign.cases import Case
from tests.campaign.hostile import Hostile
from tests.campaign.interruptions import Interruptions
from tests.campaign.kills import Kills
from tests.campaign.mixtures import Mixtures
from tests.campaign.outcomes import Outcome
from tests.campaign.report import Report, row
from tests.campaign.runner import Result, run
from tests.campaign.variants import VARIANTS
from tests.campaign.worker import Campaign

CAMPAIGNS: dict[str, type[Campaign]] = {
    stage.name: stage for stage in (Kills, Interruptions, Hostile, Mixtures, Bulk)
}


def main(arguments: list[str] | None = None) -> int:
    """Run what the arguments ask for; return 1 if a case failed."""
    options = _parser().parse_args(arguments)
    console = Console()
    if options.replay:
        case = Case.of(options.replay)
        return _run(options, console, case.campaign, case.variant, [case] * options.times, None)
    counts = {
        "kill": options.kills,
        "interruption": options.interruptions,
        "hostile": options.hostile,
        "mixture": options.mixtures,
        "bulk": round(options.gigabytes * 1e9 / BYTES),
    }
    report = Report(options.report, add=options.add)
    failed = 0
    for variant in options.variants:
        for name, count in counts.items():
            cases = [Case(name, variant, options.seed, number) for number in range(count)]
            if cases:
                failed |= _run(options, console, name, variant, cases, report)
    console.print(report.table(), markup=False, highlight=False, soft_wrap=True)
    console.print(f"the report: {options.report.resolve()}", soft_wrap=True)
    return failed


def _run(
    options: argparse.Namespace,
    console: Console,
    name: str,
    variant: str,
    cases: list[Case],
    report: Report | None,
) -> int:
    """Run one campaign through one variant, show how it goes, and print its failures."""
    columns = [TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn()]
    # It draws when it is told to: a thread that draws would be in the workers' way, as forks.
    with Progress(*columns, console=console, auto_refresh=False) as progress:
        task = progress.add_task(f"{name}, {variant}, seed {cases[0].seed}", total=len(cases))

        def tell(result: Result) -> None:
            done = sum(result.verdicts.values())
            progress.update(task, completed=done, refresh=console.is_terminal)

        result = run(
            CAMPAIGNS[name],
            VARIANTS[variant],
            cases,
            deadline=options.deadline,
            workers=1 if name == "bulk" else options.workers,
            seconds=options.seconds,
            tell=tell,
        )
    for key, slope in unsteady(result.samples).items():
        result.add(cases[-1], Outcome(f"{key} grows", "wrong", f"{slope:,.0f} each GB"))
    if report:
        report.add(row(name, variant, cases[0].seed, result))
    for case, outcome in result.failures:
        text = f"{outcome.verdict}: {outcome.kind}\n{outcome.details}\nagain: --replay {case}\n"
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    return int(bool(result.failures))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("tests.campaign", description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--seed", type=int, default=secrets.randbits(32), help="another one by default each time")
    add("--kills", type=int, default=10_000, metavar="N")
    add("--interruptions", type=int, default=10_500, metavar="N")
    add("--hostile", type=int, default=100_000, metavar="N", help="corrupted streams")
    add("--mixtures", type=int, default=1000, metavar="N")
    add("--gigabytes", type=float, default=100, metavar="X", help="to move (1e9 bytes each)")
    add("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), metavar="NAME")
    add("--deadline", type=float, default=30, help="seconds for a case before it hangs")
    add("--seconds", type=float, default=math.inf, help="time for each campaign, done or not")
    add("--workers", type=int, default=2, help="processes that run cases")
    add("--report", type=Path, default=Path(".campaign/report.json"), help="a .md comes beside it")
    add("--add", action="store_true", help="keep the rows of the report that is there")
    add("--replay", metavar="CASE", help="run one case again, by its name")
    add("--times", type=int, default=1, help="how often to run it")
    return parser


if __name__ == "__main__":
    # Whatever ends this process ends its workers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    sys.exit(main())
