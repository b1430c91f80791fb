"""The command line answers in one line where it cannot help, and loses nothing where it can."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from tests.harness import run_command

import ndpipe
from ndpipe import __main__ as command


def test_the_table_has_a_row_a_size_and_the_machine() -> None:
    """The probe prints a row for each size, its conclusion, and what it ran on."""
    done = run_command("probe", "--max-size", "4MiB")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.count("arrived intact") == 4  # three rows and the sentence below them
    assert "The largest array that arrived intact has 4 MiB." in done.stdout
    assert "NumPy" in done.stdout.splitlines()[-1]


def test_json_is_the_records_and_nothing_else(start_method: str) -> None:
    """With --json, standard output is one document under every start method."""
    done = run_command("probe", "--max-size=2MiB", "--json", "--start-method", start_method)
    records = json.loads(done.stdout)
    assert [record["nbytes"] for record in records] == [1024**2, 2 * 1024**2]
    assert {record["outcome"] for record in records} == {"arrived intact"}
    assert done.stderr == ""


def test_an_encoding_without_all_characters() -> None:
    """Where output is ASCII, as in the C locale can be, the table is printed all the same."""
    names = "pipe,ndpipe"
    done = run_command(
        *("compare", "--sizes", "8kB", "--transports", names, "--repeat", "2"),
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert "ndpipe" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["prode"], "invalid choice: 'prode'"),
        (["probe", "--max-size", "big"], "write a number and a unit, such as 512MiB"),
        (["probe", "--max-size", "7"], "less than one float64"),
        (["probe", "--timeout", "soon"], "not a number of seconds"),
        (["probe", "--timeout", "nan"], "not a number of seconds"),
        (["probe", "--start-method", "knife"], "invalid choice: 'knife'"),
        (["probe", "--fast"], "unrecognized arguments: --fast"),
        (
            ["compare", "--transports", "pipe,telepathy"],
            "no transport 'telepathy'; there are memcpy, memcpy-new, ",
        ),
        (["compare", "--sizes", "1MB,big"], "write a number and a unit, such as 512MiB"),
        (["compare", "--sizes", "7"], "less than one float64"),
        (["compare", "--sizes", ""], "write a number and a unit"),
        (["compare", "--direction", "up"], "invalid choice: 'up'"),
        (["compare", "--start-method", "knife"], "invalid choice: 'knife'"),
        (["compare", "--repeat", "0"], "'0' is not a whole number from 1 on"),
        (["compare", "--repeat", "many"], "'many' is not a whole number"),
        (["compare", "--max-seconds", "0"], "not a number of seconds above 0"),
        (["compare", "--timeout", "0"], "not a number of seconds above 0"),
        (["compare", "--plot", "here.txt"], "ends in none of .svg, .png, .pdf"),
        (["compare", "--plot", "nowhere/here.svg"], "there is no folder 'nowhere'"),
        (["compare", "--against", "nowhere.json"], "No such file"),
        (["compare", "--json", "--csv"], "not allowed with argument"),
    ],
)
def test_wrong_arguments_are_one_line_and_exit_code_2(arguments: list[str], hint: str) -> None:
    """The line says what is wrong, and there is no traceback."""
    done = run_command(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert hint in done.stderr


@pytest.mark.parametrize("missing", ["rich", "psutil"])
def test_a_missing_extra_is_one_line_that_says_what_to_install(
    missing: str, tmp_path: Path
) -> None:
    """The command names the module and the extra that brings it."""
    hide = tmp_path / "sitecustomize.py"
    hide.write_text(f"import sys; sys.modules[{missing!r}] = None")
    paths = filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")])
    done = run_command("probe", env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)})
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"python -m ndpipe: error: {missing} not installed; "
        "try: python -m pip install 'ndpipe[measure]'"
    ]


def test_alone_it_prints_its_help() -> None:
    """Both commands are named, and the exit status is 0."""
    done = run_command()
    assert done.returncode == 0
    assert "probe" in done.stdout
    assert "compare" in done.stdout
    assert done.stderr == ""


def test_the_version_is_the_packages() -> None:
    """One line, with the name."""
    assert run_command("--version").stdout == f"ndpipe {ndpipe.__version__}\n"


def test_help_shows_examples() -> None:
    """The help of a command has a command line to copy."""
    done = run_command("probe", "--help")
    assert done.returncode == 0
    assert "--max-size 512MiB" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups to signal")
@pytest.mark.parametrize("as_json", [False, True])
def test_an_interrupt_prints_what_there_is_and_leaves_no_process(as_json: bool) -> None:
    """Ctrl-C reaches parent and child, as a terminal sends it; what was measured is printed."""
    arguments = [sys.executable, "-m", "ndpipe", "probe", *(["--json"] if as_json else [])]
    with subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        # Wait until a child of it exists, so that the interrupt falls into a transfer.
        parent, deadline = psutil.Process(running.pid), time.monotonic() + 60
        while not parent.children() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.5)
        os.killpg(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert running.returncode in (130, -signal.SIGINT)  # a shell says 130 of either
    assert "interrupted: " in err
    assert "Traceback" not in err
    if as_json:
        assert len(json.loads(out)) < 13
    else:
        assert "outcome" in out
    with pytest.raises(ProcessLookupError):
        os.killpg(running.pid, 0)


def test_the_command_runs_in_this_process_too(capsys: pytest.CaptureFixture[str]) -> None:
    """The function that `python -m ndpipe` calls takes arguments and returns an exit code."""
    assert command.main(["probe", "--max-size", "8", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["nbytes"] == 8
