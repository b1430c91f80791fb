"""The command line: ``python -m ndpipe probe`` and ``python -m ndpipe compare``."""

import argparse
import importlib.util
import io
import sys

import ndpipe
from ndpipe._cli import compare, probe
from ndpipe._cli._shared import INTERRUPTED, Parser

_COMMANDS = {
    "probe": (probe, "how large an array gets through a Pipe, and at what cost"),
    "compare": (compare, "every way to move an array, measured alike"),
}


def _parser() -> Parser:
    parser = Parser(prog="python -m ndpipe", description="Arrays and Pipes, measured here.")
    parser.add_argument("--version", action="version", version=f"ndpipe {ndpipe.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, (module, summary) in _COMMANDS.items():
        command = commands.add_parser(
            name,
            help=summary,
            description=module.DESCRIPTION,
            epilog=module.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


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
    if "run" not in options:
        parser.print_help()
        return 0
    missing = [name for name in ("psutil", "rich") if importlib.util.find_spec(name) is None]
    if missing:
        names = " and ".join(missing)
        parser.error(f"{names} not installed; try: python -m pip install 'ndpipe[measure]'")
    status: int = options.run(options)
    return status


if __name__ == "__main__":
    # A spawned child imports this module again, under another name.
    if isinstance(sys.stdout, io.TextIOWrapper):
        # An encoding without µ, as that of the C locale, is no reason to lose what was measured.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
