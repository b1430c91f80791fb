"""The command ``python -m ndpipe compare``."""

import argparse
import importlib.util
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ndpipe._cli._shared import INTERRUPTED, add_start_method, progress_bar, seconds, size
from ndpipe._system.units import format_bytes
from ndpipe.compare import (
    DEFAULT_SIZES,
    DIRECTION_NAMES,
    Comparison,
    InterruptedComparison,
    Progress,
    compare,
)
from ndpipe.compare.documents import from_json, to_csv, to_json
from ndpipe.compare.tables import format_differences, summary
from ndpipe.transports import DIRECTIONS, TRANSPORTS, Direction, find

DESCRIPTION = """\
Move arrays of random float64 values between a parent and a child process
through every transport, and measure each alike: from the start of the send
until the receiver has read every byte. The transports take turns in
random order, all bytes are verified, and starting processes is not timed.
Transfers are repeated until the ratio to the standard Pipe is known to 30 %,
or the time is up.

A transport that fails, or that needs more memory than is free, is listed with
the reason. Ctrl-C prints the measurements until then.
"""
EXAMPLES = """\
examples:
  python -m ndpipe compare                               the usual sizes
  python -m ndpipe compare --sizes 1MB,32MB,800MB        these sizes
  python -m ndpipe compare --transports ndpipe,shared-memory --repeat 20
  python -m ndpipe compare --json > here.json            records, for a program
  python -m ndpipe compare --against there.json          beside a saved run
  python -m ndpipe compare --plot here.svg               and a picture
"""
_BASELINES = ["memcpy", "pipe"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    usual = ",".join(format_bytes(n, decimal=True).replace(" ", "") for n in DEFAULT_SIZES)
    parser.add_argument(
        "--sizes",
        type=lambda text: [size(part) for part in text.split(",")],
        default=list(DEFAULT_SIZES),
        metavar="SIZE,...",
        help=f"sizes of the array, such as 32MB or 1GiB (default: {usual})",
    )
    parser.add_argument(
        "--transports",
        type=_transports,
        metavar="NAME,...",
        help="only these, and the baselines memcpy and pipe (default: all that work here)",
    )
    parser.add_argument("--list", action="store_true", help="list the transports, and end")
    parser.add_argument(
        "--direction", choices=[*DIRECTIONS, "both"], default="both", help="(default: both)"
    )
    add_start_method(parser)
    parser.add_argument(
        "--repeat",
        type=_count,
        metavar="N",
        help="transfers of each (default: as many as the ratios need)",
    )
    parser.add_argument(
        "--max-seconds",
        type=seconds,
        default=120.0,
        metavar="SECONDS",
        help="time for all transfers, without --repeat (default: 120)",
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=60.0,
        metavar="SECONDS",
        help="time limit of one transfer, after which its transport is given up (default: 60)",
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument(
        "--json", action="store_true", help="print a JSON document and nothing else"
    )
    output.add_argument("--csv", action="store_true", help="print comma-separated values instead")
    parser.add_argument(
        "--against",
        type=_saved,
        metavar="FILE",
        help="compare with a run saved by --json, or with the site's measurements.json",
    )
    parser.add_argument(
        "--plot",
        type=_picture,
        metavar="FILE",
        help="draw the speeds into this file, whose name ends in .svg, .png or .pdf",
    )


def _saved(text: str) -> Comparison:
    """Read a saved run before an hour of measuring."""
    try:
        return from_json(Path(text).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}") from None


def _transports(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    try:
        find(names)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return list(dict.fromkeys([*_BASELINES, *names]))


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def _picture(text: str) -> Path:
    """Check before an hour of measuring that the picture can be drawn."""
    path = Path(text)
    if importlib.util.find_spec("matplotlib") is None:
        raise argparse.ArgumentTypeError(
            "matplotlib not installed; try: python -m pip install 'ndpipe[plot]'"
        )
    if path.suffix not in {".svg", ".png", ".pdf"}:
        raise argparse.ArgumentTypeError(f"{text!r} ends in none of .svg, .png, .pdf")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {str(path.parent)!r}")
    return path


def run(options: argparse.Namespace) -> int:
    """Compare, print and return the exit status."""
    if options.list:
        _print_transports()
        return 0
    directions: tuple[Direction, ...] = DIRECTIONS
    if options.direction != "both":
        directions = (options.direction,)
    status = 0
    try:
        with _progress() as show:
            comparison = compare(
                options.transports,
                options.sizes,
                directions=directions,
                start_method=options.start_method,
                repeat=options.repeat,
                max_seconds=options.max_seconds,
                timeout=options.timeout,
                on_progress=show,
            )
    except InterruptedComparison as interrupted:
        comparison, status = interrupted.comparison, INTERRUPTED
    if options.json:
        print(to_json(comparison))
    elif options.csv:
        print(to_csv(comparison.measurements), end="")
    else:
        print(comparison.table(), summary(comparison.measurements), sep="\n\n", end="\n\n")
        if options.against:
            there = options.against
            print(format_differences(comparison.measurements, there.measurements))
            print(f"\nsaved: {there.date[:10]}: {there.machine}\n")
        print(comparison.machine)
    if options.plot and any(m.verified for m in comparison.measurements):
        from ndpipe.compare.plots import save_speeds

        save_speeds(comparison, options.plot)
        print(f"drawn: {options.plot}", file=sys.stderr)
    if status:
        number = len(comparison.measurements)
        print(f"interrupted: {number} measurements were made", file=sys.stderr)
    return status


@contextmanager
def _progress() -> Iterator[Callable[[Progress], None]]:
    """Show on stderr which transport is measured."""
    with progress_bar() as bar:
        task = bar.add_task("")

        def show(progress: Progress) -> None:
            where = f"{format_bytes(progress.nbytes, decimal=True)}, "
            where += DIRECTION_NAMES[progress.direction]
            bar.update(
                task,
                completed=progress.done,
                total=progress.total,
                description=f"{where}: {progress.transport}",
            )

        yield show


def _print_transports() -> None:
    for name, transport in TRANSPORTS.items():
        what = (transport.__doc__ or "").split("\n")[0].replace("``", "")
        print(textwrap.fill(f"{name:17} {what}", 80, subsequent_indent=18 * " "))
        if transport.info.missing:
            print(f"{'':17} not installed: {', '.join(transport.info.missing)}")
