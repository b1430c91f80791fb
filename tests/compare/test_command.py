"""``python -m ndpipe compare``, as a user meets it."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jsonschema
import pytest
from tests.harness import run_command

from ndpipe.compare.documents import from_json, schema
from ndpipe.transports import TRANSPORTS


def test_a_table_for_each_size_and_direction_and_the_machine() -> None:
    """The baselines are there unasked, for the ratios."""
    done = run_command("compare", "--sizes", "80kB,800kB", "--transports", "queue", "--repeat", "1")
    assert done.returncode == 0
    assert done.stderr == ""
    for title in ("80 kB, parent to child", "800 kB, child to parent"):
        assert title in done.stdout
    first = done.stdout.split("80 kB, child")[0].splitlines()
    names = {word for line in first for word in line.split()[1:2] if word in TRANSPORTS}
    assert names == {"memcpy", "pipe", "queue"}
    assert "NumPy" in done.stdout.splitlines()[-1]
    assert "The harness itself adds" in done.stdout


def test_the_table_is_sorted_by_speed_and_fits_80_columns() -> None:
    """The place grows from row to row, but for ties, and the Pipe's ratio is 1."""
    done = run_command(
        "compare",
        *("--sizes", "800kB", "--direction", "to-child", "--repeat", "3"),
        *("--transports", "manager,shared-memory-new"),
    )
    rows = [line.split() for line in done.stdout.splitlines() if len(line.split()) > 8]
    rows = [row for row in rows if row[1] in TRANSPORTS]
    assert rows[0][1] == "memcpy"
    assert {row[1] for row in rows} == {"memcpy", "pipe", "manager", "shared-memory-new"}
    places = [int(row[0]) for row in rows if row[0] != "="]
    assert places == sorted(places)
    assert next(row[6] for row in rows if row[1] == "pipe") == "1"
    table = done.stdout[: done.stdout.index("The harness")]
    assert max(map(len, table.splitlines())) <= 80


def test_json_is_a_document_of_the_schema_and_nothing_else(start_method: str) -> None:
    """Other output would spoil a redirection."""
    done = run_command(
        "compare",
        *("--sizes=80kB", "--transports=queue", "--repeat=2", "--json"),
        *("--direction", "from-child", "--start-method", start_method),
    )
    document = json.loads(done.stdout)
    jsonschema.validate(document, schema())
    comparison = from_json(done.stdout)
    assert comparison.machine.start_method == start_method
    assert [(m.transport, m.repeats) for m in comparison.measurements] == [
        ("memcpy", 2),
        ("pipe", 2),
        ("queue", 2),
    ]
    assert done.stderr == ""


def test_a_saved_run_stands_beside_this_one(tmp_path: Path) -> None:
    """Ratios of both, and the machine of the saved run; a changed ratio differs."""
    options = "--sizes=80kB", "--transports=queue", "--repeat=6", "--direction=to-child"
    saved = json.loads(run_command("compare", *options, "--json").stdout)
    for record in saved["measurements"]:
        if record["transport"] == "queue":
            record["samples"] = [[100.0 for _ in one] for one in record["samples"]]
    path = tmp_path / "saved.json"
    path.write_text(json.dumps(saved))
    done = run_command("compare", *options, "--against", str(path))
    assert done.returncode == 0
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("queue")]
    assert row.endswith("differs")
    assert f"saved: {saved['date'][:10]}" in done.stdout


def test_the_result_is_said_in_words() -> None:
    """The last lines name the fastest; baselines do not count."""
    out = run_command("compare", "--sizes=80kB,800kB", "--transports=ndpipe", "--repeat=3").stdout
    assert "800 kB, parent to child: fastest " in out
    assert "80 kB, parent to child: fastest" not in out.replace("800 kB", "")


def test_csv_is_lines_and_nothing_else() -> None:
    """A header, and a line for each measurement."""
    done = run_command("compare", "--sizes=80kB", "--transports=pipe", "--repeat=1", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(row["transport"], row["verified"]) for row in rows] == [
        ("memcpy", "True"),
        ("pipe", "True"),
    ] * 2


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    """Its name is printed on stderr."""
    path = tmp_path / "here.svg"
    done = run_command(
        "compare", "--sizes=80kB", "--transports=pipe", "--repeat=1", "--plot", str(path)
    )
    assert done.returncode == 0
    assert done.stderr == f"drawn: {path}\n"
    assert "<svg" in path.read_text()


def test_the_list_names_every_transport() -> None:
    """In plain text, 80 columns wide."""
    done = run_command("compare", "--list")
    assert done.returncode == 0
    for name in TRANSPORTS:
        assert name in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_picture_without_matplotlib_is_one_line_that_says_what_to_install(
    tmp_path: Path,
) -> None:
    """Before anything is measured."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'matplotlib' else find(name, *rest)\n"
    )
    done = run_command(
        "compare", "--plot", "here.svg", env={**os.environ, "PYTHONPATH": str(tmp_path)}
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "matplotlib not installed; try: python -m pip install 'ndpipe[plot]'" in done.stderr


# A shell says 130 of either. Python takes the second, whatever the program says, when the interrupt
# has passed through an exec() of source text, as the making of a dataclass is.
INTERRUPTED = (130, -signal.SIGINT)


@contextmanager
def _running(scratch: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a comparison that would take an hour, in a session as a terminal gives one."""
    # An interrupt in the middle of an import leaves a file open, which Python would warn of.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    command = [sys.executable, "-m", "ndpipe", "compare", "--sizes=8MB", "--repeat=1000"]
    with subprocess.Popen(
        [*command, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    ) as running:
        deadline = time.monotonic() + 60
        # The folder of the run is made just before its first process.
        while not list(scratch.glob("ndpipe-*")) and time.monotonic() < deadline:
            time.sleep(0.002)
        yield running


# The first is while processes start, the last while all transports do their transfers.
@pytest.mark.parametrize(("moment", "to_group"), [(0, 0), (0.3, 1), (3, 0)])
def test_an_interrupt_prints_what_there_is_and_leaves_nothing(
    moment: float, to_group: bool, scratch: Path
) -> None:
    """Processes, temporary files and shared memory are looked for by the fixtures."""
    with _running(scratch, "--json") as running:
        time.sleep(moment)
        # A terminal's goes to the whole group.
        (os.killpg if to_group else os.kill)(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert running.returncode in INTERRUPTED
    assert "Traceback" not in err
    assert err.startswith("interrupted: ")
    measured = from_json(out).measurements
    assert all(m.verified and m.repeats < 1000 for m in measured)
    assert len(measured) == int(err.split()[1])


def test_ctrl_c_held_down_leaves_nothing(scratch: Path) -> None:
    """A keyboard repeats about 30 times a second, until the command has ended."""
    with _running(scratch) as running:
        time.sleep(1)
        while running.poll() is None:
            running.send_signal(signal.SIGINT)
            time.sleep(0.03)
        running.communicate(timeout=60)
    assert running.returncode in INTERRUPTED


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_end_leaves_nothing(number: int, scratch: Path) -> None:
    """The command cleans up and then dies of the signal, as a command should."""
    with _running(scratch) as running:
        time.sleep(1)
        running.send_signal(number)
        running.communicate(timeout=60)
    assert running.returncode == -number


def test_the_next_start_removes_what_a_killed_command_left(scratch: Path) -> None:
    """SIGKILL leaves a folder; the runners notice the death and end."""
    with _running(scratch) as running:
        time.sleep(1)
        running.kill()
        running.communicate(timeout=60)
    assert len(list(scratch.glob("ndpipe-*"))) == 1
    assert run_command("compare", "--sizes=80kB", "--transports=pipe", "--repeat=1").returncode == 0
    assert list(scratch.glob("ndpipe-*")) == []
