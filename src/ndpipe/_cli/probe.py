"""The command ``python -m ndpipe probe``."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterable, Iterator

from ndpipe._cli._shared import (
    INTERRUPTED,
    add_start_method,
    or_dash,
    progress_bar,
    seconds,
    size,
    table_console,
)
from ndpipe._system.machine import describe_machine
from ndpipe._system.units import format_bytes
from ndpipe.probe import ProbeResult, default_sizes, probe_sizes

DESCRIPTION = """\
Send arrays of growing size to a child process through a standard
multiprocessing.Pipe, and report for each whether every byte arrived, how long
it took, and how far the memory of either process grew.

Before each size the memory that it needs, about six times the array, is
compared with what is free, container limits included; the probe stops there
rather than take the machine down. Ctrl-C stops it too, and prints the results
until then.
"""
EXAMPLES = """\
examples:
  python -m ndpipe probe                      from 1 MiB to past 2 GiB
  python -m ndpipe probe --max-size 512MiB    up to 512 MiB
  python -m ndpipe probe --json > probe.json  the records, for a program
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.add_argument(
        "--max-size",
        type=size,
        metavar="SIZE",
        help="the largest array, such as 512MiB or 1GB (default: past 2 GiB)",
    )
    add_start_method(parser)
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=120.0,
        metavar="SECONDS",
        help="time limit of one size, after which its child is killed (default: 120)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the records as JSON, and nothing else"
    )


def run(options: argparse.Namespace) -> int:
    """Probe, print and return the exit status."""
    sizes = default_sizes(options.max_size)
    results: list[ProbeResult] = []
    try:
        for result in _with_progress(
            probe_sizes(sizes, timeout=options.timeout, start_method=options.start_method), sizes
        ):
            results.append(result)
        status = 0
    except KeyboardInterrupt:
        status = INTERRUPTED
    if options.json:
        print(json.dumps([dataclasses.asdict(result) for result in results], indent=2))
    else:
        _print_table(results, options.start_method)
    if status:
        print(f"interrupted: {len(results)} of {len(sizes)} sizes were done", file=sys.stderr)
    return status


def _with_progress(results: Iterable[ProbeResult], sizes: list[int]) -> Iterator[ProbeResult]:
    """Yield `results` while a bar on stderr shows which size is being sent."""
    with progress_bar() as bar:
        # Time goes with bytes, not with the number of sizes.
        task = bar.add_task("", total=sum(sizes))
        waiting = iter(sizes)
        bar.update(task, description=f"sending {format_bytes(next(waiting))}")
        for result in results:
            yield result
            upcoming = next(waiting, None)
            if upcoming is not None:
                bar.update(
                    task, advance=result.nbytes, description=f"sending {format_bytes(upcoming)}"
                )


def _print_table(results: list[ProbeResult], start_method: str | None) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(
        "array",
        "in the pipe",
        "send",
        "receive",
        "parent grew",
        "child grew",
        "outcome",
        caption="grew: peak resident memory less resident memory before, in multiples of the array",
        caption_justify="left",
    )
    for column in table.columns[:-1]:
        column.justify = "right"
        column.no_wrap = True
    for result in results:
        table.add_row(
            format_bytes(result.nbytes),
            or_dash(result.wire_bytes, "{:,} B"),
            or_dash(result.send_seconds, "{:.3g} s"),
            or_dash(result.receive_seconds, "{:.3g} s"),
            or_dash(_ratio(result.parent_growth_bytes, result.nbytes), "{:.1f} x"),
            or_dash(_ratio(result.child_growth_bytes, result.nbytes), "{:.1f} x"),
            Text(result.outcome, style="green" if result.arrived else "bold red"),
        )
    table_console().print(table)
    arrived = [result.nbytes for result in results if result.arrived]
    if arrived:
        print(f"The largest array that arrived intact has {format_bytes(max(arrived))}.")
    print(describe_machine(start_method))


def _ratio(part: int | None, whole: int) -> float | None:
    return None if part is None else part / whole
