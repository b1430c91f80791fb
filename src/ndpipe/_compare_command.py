"""The command ``python -m ndpipe compare``."""

import argparse
import importlib.util
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ndpipe._command import INTERRUPTED, add_start_method, or_dash, seconds, size, table_console
from ndpipe.compare import DEFAULT_SIZES, Measurement, Step, compare
from ndpipe.records import Comparison, Ranked, groups, rank, to_csv, to_json
from ndpipe.transports import DIRECTIONS, TRANSPORTS, Direction, find
from ndpipe.units import format_bytes, format_seconds

DESCRIPTION = """\
Move arrays of random float64 values between a parent and a child process in
every way there is, and measure each alike: from the moment the sender begins
to send until the receiver has read every byte. The transports take turns, the
bytes are verified, and starting the processes is not in the time.

Before each size the memory that a transport needs is compared with what is
free. One that fails is listed with its error, and the others go on. Ctrl-C
prints what was measured until then.
"""
EXAMPLES = """\
examples:
  python -m ndpipe compare                               the usual sizes
  python -m ndpipe compare --sizes 1MB,32MB,800MB        these sizes
  python -m ndpipe compare --transports ndpipe,shared-memory --repeat 20
  python -m ndpipe compare --json > here.json            records, for a program
  python -m ndpipe compare --plot here.svg               and a picture
"""
_BASELINES = ["memcpy", "pipe"]
_WAYS = {"to-child": "parent to child", "from-child": "child to parent"}


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
        help="only these, and the two baselines memcpy and pipe (default: all that work here)",
    )
    parser.add_argument("--list", action="store_true", help="list the transports, and end")
    parser.add_argument(
        "--direction", choices=[*DIRECTIONS, "both"], default="both", help="(default: both)"
    )
    add_start_method(parser)
    parser.add_argument(
        "--repeat",
        type=_count,
        default=5,
        metavar="N",
        help="time so many transfers of each (default: 5)",
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=60.0,
        metavar="SECONDS",
        help="give a transport up after so long over one transfer (default: 60)",
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument(
        "--json", action="store_true", help="print a JSON document and nothing else"
    )
    output.add_argument("--csv", action="store_true", help="print one line a measurement instead")
    parser.add_argument(
        "--plot",
        type=_picture,
        metavar="FILE",
        help="draw speed against size too; the name ends in .svg, .png or .pdf",
    )


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
    """Find out before an hour of measuring whether its picture can be drawn."""
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
    measurements: list[Measurement] = []
    status = 0
    try:
        with _progress() as show:
            for measurement in compare(
                options.transports,
                options.sizes,
                directions=directions,
                start_method=options.start_method,
                repeat=options.repeat,
                timeout=options.timeout,
                on_step=show,
            ):
                measurements.append(measurement)
    except KeyboardInterrupt:
        status = INTERRUPTED
    comparison = Comparison.of(measurements, options.start_method)
    if options.json:
        print(to_json(comparison))
    elif options.csv:
        print(to_csv(measurements), end="")
    else:
        for (nbytes, direction), group in groups(measurements).items():
            _print_table(f"{format_bytes(nbytes, decimal=True)}, {_WAYS[direction]}", rank(group))
        print(comparison.machine)
    if options.plot and any(m.verified for m in measurements):
        from ndpipe.plots import save_speeds

        save_speeds(comparison, options.plot)
        print(f"drawn: {options.plot}", file=sys.stderr)
    if status:
        print(f"interrupted: {len(measurements)} measurements were made", file=sys.stderr)
    return status


@contextmanager
def _progress() -> Iterator[Any]:
    """Show on stderr which transport has its turn."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    # A bar in a file or a pipe is noise.
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("")

        def show(step: Step) -> None:
            where = f"{format_bytes(step.nbytes, decimal=True)}, {_WAYS[step.direction]}"
            progress.update(
                task,
                completed=step.done,
                total=step.total,
                description=f"{where}: {step.transport}",
            )

        yield show


def _print_table(title: str, ranked: list[Ranked]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(
        *("transport", "time", "\N{PLUS-MINUS SIGN} %", "GB/s", "x Pipe", "x memcpy", "CPU"),
        *("memory", "start-up"),
        title=title,
        title_justify="left",
        caption=_caption(ranked),
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for column in table.columns:
        column.no_wrap = True
        column.justify = "left" if column.header == "transport" else "right"
    for entry in ranked:
        m = entry.measurement
        # Where the median is known, the others are.
        if m.seconds is None or m.first_quartile_seconds is None:
            continue
        if m.third_quartile_seconds is None or m.sender_growth_bytes is None:
            continue
        spread = (m.third_quartile_seconds - m.first_quartile_seconds) / 2
        grown = m.sender_growth_bytes, m.receiver_growth_bytes or 0
        table.add_row(
            m.transport,
            format_seconds(m.seconds),
            f"{100 * spread / m.seconds:.0f}",
            or_dash(m.gigabytes_per_second, "{:.3g}"),
            or_dash(entry.of_pipe, "{:.3g}"),
            or_dash(entry.of_memcpy, "{:.2f}"),
            format_seconds((m.sender_cpu_seconds or 0.0) + (m.receiver_cpu_seconds or 0.0)),
            "+".join(f"{growth / m.nbytes:.1f}" for growth in grown),
            "-" if m.startup_seconds is None else format_seconds(m.startup_seconds),
        )
    console = table_console()
    console.print(table)
    for entry in ranked:
        if entry.measurement.error:
            console.print(
                f"{entry.measurement.transport}: {entry.measurement.error}",
                style="bold red",
                markup=False,
                highlight=False,
            )
    console.print()


def _caption(ranked: list[Ranked]) -> str:
    text = (
        "\N{PLUS-MINUS SIGN}: half of the times are within. CPU: sender and receiver together.\n"
        "memory: how far the sender's and the receiver's peak rose, per byte of the array."
    )
    measured = [e.measurement for e in ranked if e.measurement.transport != "memcpy"]
    seconds = [m.seconds for m in measured if m.seconds]
    own = [m.overhead_seconds for m in measured if m.overhead_seconds]
    if seconds and own:
        share = statistics.median(own) / min(seconds)
        text += (
            f"\nOf each time {format_seconds(statistics.median(own))} is the harness's own: "
            f"{100 * share:.2g} % of the shortest but memcpy's."
        )
    return text


def _print_transports() -> None:
    from rich.table import Table

    table = Table("name", "what it is", "moves", "peers", "the receiver may write", "cleaned up by")
    for name, transport in TRANSPORTS.items():
        facts = transport.facts
        what = (transport.__doc__ or "").split("\n")[0].replace("``", "")
        if facts.missing:
            what += f" [not installed: {', '.join(facts.missing)}]"
        table.add_row(name, what, facts.moves, facts.peers, facts.writeable, facts.cleanup)
    table_console().print(table, markup=False)
