"""Shared by the commands of ``python -m ndpipe``: argument types, progress bar, table."""

import argparse
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Never

from ndpipe._system.units import parse_bytes

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

INTERRUPTED = 130  # the shell's exit status for a command that Ctrl-C ended


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> Never:
        self.exit(2, f"{self.prog}: error: {message}\n")


def size(text: str) -> int:
    """Read the size of an array, in bytes."""
    try:
        nbytes = parse_bytes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if nbytes < 8:
        raise argparse.ArgumentTypeError(f"{text!r} is less than one float64, 8 bytes")
    return nbytes


def seconds(text: str) -> float:
    """Read a number of seconds, at most a day."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return number


def add_start_method(parser: argparse.ArgumentParser) -> None:
    """Add the option for the start method."""
    parser.add_argument(
        "--start-method",
        choices=multiprocessing.get_all_start_methods(),
        help="how the child is started (default: as Python does here)",
    )


@contextmanager
def progress_bar() -> "Iterator[Progress]":
    """Show a progress bar on stderr, if that is a terminal, until the ``with`` block ends."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        yield bar


def table_console() -> "Console":
    """Return the console for a table."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console.width = 120  # a file has no width of its own to fit into
    return console


def or_dash(value: float | None, template: str) -> str:
    """Format a value that may be missing."""
    return "-" if value is None else template.format(value)
