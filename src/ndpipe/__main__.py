"""The command line: ``python -m ndpipe probe``."""

import argparse
import dataclasses
import importlib.util
import json
import multiprocessing
import sys
from collections.abc import Iterable, Iterator
from typing import Never

from ndpipe.machine import describe
from ndpipe.probe import ProbeResult, default_sizes, probe_sizes
from ndpipe.units import format_bytes, parse_bytes

_PROBE = """\
Send arrays of growing size to a child process through a standard
multiprocessing.Pipe, and report for each whether every byte arrived, how long
it took, and how far the memory of either process grew.

Before each size the memory that it needs, about six times the array, is
compared with what is free, container limits included; the probe stops there
rather than take the machine down. Ctrl-C stops it too, and what was measured
until then is printed.
"""
_EXAMPLES = """\
examples:
  python -m ndpipe probe                      from 1 MiB to past 2 GiB
  python -m ndpipe probe --max-size 512MiB    up to 512 MiB
  python -m ndpipe probe --json > probe.json  the records, for a program
"""
_INTERRUPTED = 130  # the shell's exit status for a command that Ctrl-C ended


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> Never:
        self.exit(2, f"{self.prog}: error: {message}\n")


def _size(text: str) -> int:
    try:
        size = parse_bytes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if size < 8:
        raise argparse.ArgumentTypeError(f"{text!r} is less than one float64, 8 bytes")
    return size


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds


def _parser() -> _Parser:
    parser = _Parser(prog="python -m ndpipe", description="Arrays and Pipes, measured here.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    probe = commands.add_parser(
        "probe",
        help="how large an array gets through a Pipe, and at what cost",
        description=_PROBE,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    probe.add_argument(
        "--max-size",
        type=_size,
        metavar="SIZE",
        help="the largest array, such as 512MiB or 1GB (default: past 2 GiB)",
    )
    probe.add_argument(
        "--start-method",
        choices=multiprocessing.get_all_start_methods(),
        help="how the child is started (default: as Python does here)",
    )
    probe.add_argument(
        "--timeout",
        type=_seconds,
        default=120.0,
        metavar="SECONDS",
        help="give a size up, and its child, after so long (default: 120)",
    )
    probe.add_argument(
        "--json", action="store_true", help="print the records as JSON, and nothing else"
    )
    probe.set_defaults(run=_probe)
    return parser


def _probe(options: argparse.Namespace) -> int:
    sizes = default_sizes(options.max_size)
    results: list[ProbeResult] = []
    try:
        for result in _with_progress(
            probe_sizes(sizes, timeout=options.timeout, start_method=options.start_method), sizes
        ):
            results.append(result)
        status = 0
    except KeyboardInterrupt:
        status = _INTERRUPTED
    if options.json:
        print(json.dumps([dataclasses.asdict(result) for result in results], indent=2))
    else:
        _print_table(results, options.start_method)
    if status:
        print(f"interrupted: {len(results)} of {len(sizes)} sizes were done", file=sys.stderr)
    return status


def _with_progress(results: Iterable[ProbeResult], sizes: list[int]) -> Iterator[ProbeResult]:
    """Yield `results` while a bar on stderr shows which size is on its way."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    # A bar in a file or a pipe is noise.
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        # Time goes with bytes, not with the number of sizes.
        task = progress.add_task("", total=sum(sizes))
        waiting = iter(sizes)
        progress.update(task, description=f"sending {format_bytes(next(waiting))}")
        for result in results:
            yield result
            upcoming = next(waiting, None)
            if upcoming is not None:
                progress.update(
                    task, advance=result.nbytes, description=f"sending {format_bytes(upcoming)}"
                )


def _print_table(results: list[ProbeResult], start_method: str | None) -> None:
    from rich.console import Console
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
        caption="grew: peak resident memory above what was resident before, per byte of the array",
        caption_justify="left",
    )
    for column in table.columns[:-1]:
        column.justify = "right"
        column.no_wrap = True
    for result in results:
        table.add_row(
            format_bytes(result.nbytes),
            _or_dash(result.wire_bytes, "{:,} B"),
            _or_dash(result.send_seconds, "{:.3g} s"),
            _or_dash(result.receive_seconds, "{:.3g} s"),
            _or_dash(_ratio(result.parent_growth_bytes, result.nbytes), "{:.1f} x"),
            _or_dash(_ratio(result.child_growth_bytes, result.nbytes), "{:.1f} x"),
            Text(result.outcome, style="green" if result.arrived else "bold red"),
        )
    console = Console()
    if not console.is_terminal:
        console.width = 120  # a file has no width of its own to fit into
    console.print(table)
    arrived = [result.nbytes for result in results if result.arrived]
    if arrived:
        print(f"The largest array that arrived intact has {format_bytes(max(arrived))}.")
    print(describe(start_method))


def _ratio(part: int | None, whole: int) -> float | None:
    return None if part is None else part / whole


def _or_dash(value: float | None, template: str) -> str:
    return "-" if value is None else template.format(value)


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status.

    Parameters
    ----------
    arguments : list of str, optional
        The words after ``python -m ndpipe``; by default those of this process.

    Returns
    -------
    int
        0, or 130 after Ctrl-C. Wrong arguments exit with 2 and one line on stderr.

    Examples
    --------
    >>> from ndpipe.__main__ import main
    >>> main(["probe", "--max-size", "many"])
    Traceback (most recent call last):
        ...
    SystemExit: 2
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    missing = [name for name in ("psutil", "rich") if importlib.util.find_spec(name) is None]
    if missing:
        names = " and ".join(missing)
        parser.error(f"{names} not installed; try: python -m pip install 'ndpipe[measure]'")
    status: int = options.run(options)
    return status


if __name__ == "__main__":
    # A spawned child imports this module again, under another name.
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
