"""The index of symptoms says what the running Python says.

Each entry is provoked by a function of `symptoms.py`, in a process that may hang or crash.
"""

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs/symptoms.md"
PROVOKE = Path(__file__).with_name("symptoms.py")

HANGS = [
    *("join", "no-eof", "both-send", "poll", "killed"),
    *("image", "queue", "queue-join", "fork", "orphans"),
]
PRINTS = {
    "changes": "[0. 0. 0.]",
    "byte-order": "<f8",
    "attributes": "''",
    "tail": "7 [1 0]",
    "random": "True",
}
EXITS = {"segfault": -signal.SIGSEGV}
# Provoked by a page or a test of their own, or no text to compare.
ELSEWHERE = {
    "bus-error": "plot_11b_when_shared_memory_breaks",
    "interrupted": "plot_14_interrupted_in_the_middle",
    "wrong-data": "plot_11_share_dont_send",
    "struct": "plot_10_on_the_wire",
    "32mib": "plot_4_size_limit",
    "slow": "plot_3_what_it_costs",
    "two-speeds": "plot_1c_one_pipe_two_speeds",
    "args": "plot_2_send_to_child",
    "object": "plot_07_what_comes_back",
    "fastest": "plot_2_every_way",
}
NOT_RUN = {"windows", "invalid"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="error numbers of Linux")


@cache
def _entries() -> dict[str, tuple[str, str]]:
    """Return the title and the text of each entry, by its label without `symptom-`."""
    found = re.findall(
        r"^\(symptom-([\w-]+)\)=\n### (.+)\n\n((?:.+\n|\n(?!\(|#))+)", PAGE.read_text("utf-8"), re.M
    )
    return {label: (title, text) for label, title, text in found}


ENTRIES = _entries()
ERRORS = sorted(set(ENTRIES) - set(HANGS) - set(PRINTS) - set(EXITS) - set(ELSEWHERE) - NOT_RUN)


def _start(symptom: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, PROVOKE, symptom],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _stop(process: subprocess.Popen[str], seconds: float = 0) -> tuple[str, str]:
    """Return what a reproduction and its children printed; kill those that do not end in time."""
    try:
        return process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        return process.communicate(timeout=60)


def _provoke(symptom: str) -> tuple[int | None, str, str]:
    """Run a reproduction that ends by itself: exit code, output, standard error."""
    with _start(symptom) as process:
        try:
            code: int | None = process.wait(60)
        except subprocess.TimeoutExpired:
            code = None
        # A resource tracker prints, and unlinks a segment, after the process has ended.
        return code, *_stop(process, 5)


@pytest.fixture(scope="module")
def hanging() -> dict[str, tuple[int | None, str, str]]:
    """Run all reproductions that hang, side by side, and stop them after a while."""
    processes = {symptom: _start(symptom) for symptom in HANGS}
    try:
        deadline = time.monotonic() + 60
        for process in processes.values():
            assert process.stdout
            ready, _, _ = select.select([process.stdout], [], [], deadline - time.monotonic())
            assert ready, "it does not even begin"
        time.sleep(2)
        codes = {symptom: process.poll() for symptom, process in processes.items()}
    finally:
        said = {symptom: _stop(process) for symptom, process in processes.items()}
    return {symptom: (codes[symptom], *said[symptom]) for symptom in HANGS}


def _texts(symptom: str) -> list[str]:
    """Return the code in an entry, its title first."""
    title, text = ENTRIES[symptom]
    return [" ".join(code.split()) for code in re.findall(r"(?<!\})`([^`]+)`", f"{title}\n{text}")]


def _says(text: str, line: str) -> bool:
    """Tell whether a line is a text of the page, in which `…` stands for anything."""
    return bool(re.fullmatch(".*".join(map(re.escape, text.split("…"))), line))


def test_the_index_has_entries() -> None:
    """A page that is read wrongly would pass every test below."""
    assert len(ENTRIES) == PAGE.read_text("utf-8").count("\n(symptom-") >= 50
    assert len(ERRORS) >= 25


@pytest.mark.parametrize("symptom", ERRORS)
def test_the_text_is_what_python_says(symptom: str) -> None:
    """The last line of the traceback, or of the warning, is written in the entry."""
    code, _, err = _provoke(symptom)
    assert code is not None, "it hangs"
    texts = _texts(symptom)
    assert any(_says(text, said) for text in texts for said in _messages(err)), (texts, err)


def _messages(err: str) -> list[str]:
    """Return the messages on standard error: by themselves, and with the lines set in below."""
    found = re.findall(r"^(\S.*)\n?((?:[ \t].*\n?|\n)*)", err, re.MULTILINE)
    bare = [(re.sub(r"^\S+:\d+: ", "", first), rest) for first, rest in found]
    return [first for first, _ in bare] + [
        " ".join(f"{first} {rest}".split()) for first, rest in bare
    ]


def test_a_text_that_python_does_not_say_is_noticed() -> None:
    """The comparison tells texts apart that differ in a word."""
    (text, *_) = _texts("broken-pipe")
    assert _says(text, "BrokenPipeError: [Errno 32] Broken pipe")
    assert not _says(text, "BrokenPipeError: [Errno 32] Broken tube")
    assert not _says("EOFError", "EOFError: Ran out of input")


@pytest.mark.parametrize("symptom", HANGS)
def test_a_hang_hangs(hanging: dict[str, tuple[int | None, str, str]], symptom: str) -> None:
    """The reproduction reaches the call that is described, and does not return from it."""
    code, out, _ = hanging[symptom]
    assert "reached" in out  # a child's lines may come before it, or half of one
    assert code is None


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the warning exists since Python 3.12")
def test_the_warning_of_fork_is_what_python_says(
    hanging: dict[str, tuple[int | None, str, str]],
) -> None:
    """The entry about threads and fork opens with the warning."""
    _, _, err = hanging["fork"]
    (text, *_) = _texts("fork")
    assert any(_says(text, said) for said in _messages(err)), err


@pytest.mark.parametrize("symptom", PRINTS)
def test_wrong_data_is_as_described(symptom: str) -> None:
    """No error, and not the data that one would expect."""
    assert _provoke(symptom) == (0, f"{PRINTS[symptom]}\n", "")


@pytest.mark.parametrize("symptom", EXITS)
def test_a_crash_has_the_exit_code(symptom: str) -> None:
    """The process ends by the signal whose number the entry names."""
    code, _, _ = _provoke(symptom)
    assert code == EXITS[symptom]
    assert f"exit code {code}" in ENTRIES[symptom][0]


@pytest.mark.parametrize("symptom", ELSEWHERE)
def test_what_is_shown_elsewhere_links_to_it(symptom: str) -> None:
    """An entry that is not provoked here names the page that shows it."""
    assert ELSEWHERE[symptom] in ENTRIES[symptom][1]


@pytest.mark.parametrize("symptom", sorted(NOT_RUN))
def test_what_is_not_run_says_so(symptom: str) -> None:
    """An entry for another system admits it and cites its sources."""
    assert "Not run here" in ENTRIES[symptom][1]
    assert "](https://" in ENTRIES[symptom][1]


@pytest.mark.parametrize("symptom", ENTRIES)
def test_an_entry_leads_to_a_page(symptom: str) -> None:
    """Every entry links to a page of this site, and the contents link to the entry."""
    assert re.search(r"\{(doc|meth|func|mod|ref)\}`", ENTRIES[symptom][1])
    assert f"<symptom-{symptom}>`" in PAGE.read_text("utf-8").split("## Hangs")[0]
