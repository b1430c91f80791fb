"""Bytes of every kind for the parsers of what a peer sends: see what must hold in `targets.py`."""

import copyreg
import importlib.util
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.fuzz import targets

from ndpipe._pipe import in_band

SEEDS = list(targets.seeds())
TARGETS = pytest.mark.parametrize("number", range(len(targets.TARGETS)))
few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
# What the fuzzer has found, and what was mended then.
FOUND = [
    # A dtype of times whose pickle leaves out the unit: NumPy compared it, and crashed.
    (
        1,
        b"\x01\x80\x05cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tC\x01btR"
        b"(K\x01K\x03\x85cnumpy\ndtype\n(X\x02\x00\x00\x00M8\x89\x88tR(K\x04X\x01\x00\x00\x00<"
        b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89C\x18" + bytes(24) + b"tb.",
    ),
    # A codec that Python imports when it is first wanted.
    (1, b"\x00Vtext\n."),
    # Types that a pickle may name make memory when they are called.
    (1, b"\x02cnumpy\nbytes_\nJ\xff\xff\xff\x7f\x85R."),
    (1, b"\x03cnumpy\nvoid\nJ\xff\xff\xff\x7f\x85R."),
    (1, b"\x00cnumpy._core.numeric\n_frombuffer\n(J\xff\xff\xff\x7fNNNtR."),
    # A dtype whose constructor was left out.
    (2, b"\x03\x80\x04]cnumpy\ndtype\nX\x03\x00\x00\x00V12\x81\x88X\x01\x00\x00\x00C\x87a."),
]


@pytest.mark.parametrize(("number", "data"), SEEDS + FOUND)
def test_seeds_and_findings(number: int, data: bytes) -> None:
    """The messages from which the fuzzer sets out, and those at which it once stopped."""
    targets.TARGETS[number](data)


def test_the_seeds_are_descriptions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is read, made into an object, and sent again."""
    made: list[Any] = []
    monkeypatch.setattr(targets, "sent_again", made.append)
    descriptions = [data for number, data in SEEDS if number == 0]
    for data in descriptions:
        targets.description(data)
    assert len(made) == len(descriptions) > 0


def test_extensions_of_pickle(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a program has registered with copyreg is not reached, nor called."""
    called: list[Any] = []
    monkeypatch.setitem(copyreg._extension_cache, 7, called.append)
    for code in (b"\x82\x07", b"\x83\x07\x00", b"\x84\x07\x00\x00\x00"):
        with pytest.raises(TypeError, match="not an array"):
            in_band.decode_array(code + b"K\x01\x85R", targets.OUTS[0])
    assert not called


@TARGETS
@few
@given(data=st.binary(max_size=300))
@example(data=b"")
def test_any_bytes(number: int, data: bytes) -> None:
    """Bytes without a plan."""
    targets.TARGETS[number](data)


@TARGETS
@few
@given(seed=st.integers(0, 1 << 32))
def test_changed_messages(number: int, seed: int) -> None:
    """Messages in which a few bytes were changed."""
    rng = random.Random(seed)
    _, data = rng.choice([pair for pair in SEEDS if pair[0] == number])
    targets.TARGETS[number](targets.mutated(data, rng))


@TARGETS
@few
@given(text=st.text(st.sampled_from('[]{},:"\\0123456789.-+eE$u<i4|S nul'), max_size=200))
def test_text_like_a_description(number: int, text: str) -> None:
    """What has the signs of a description, in any order."""
    targets.TARGETS[number](text.encode())


@pytest.mark.thorough
@pytest.mark.timeout(7200)
@pytest.mark.skipif(not importlib.util.find_spec("atheris"), reason="Atheris is not installed")
def test_guided_by_coverage(tmp_path: Any) -> None:
    """The fuzzer finds nothing, in as many seconds as NDPIPE_FUZZ_SECONDS says, 60 by default."""
    seconds = os.environ.get("NDPIPE_FUZZ_SECONDS", "60")
    command = [sys.executable, str(Path(__file__).with_name("guided.py")), str(tmp_path)]
    done = subprocess.run(
        [*command, f"-max_total_time={seconds}", "-print_final_stats=1"],
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stderr[-3000:])
    assert done.returncode == 0
    assert int(re.findall(r"number_of_executed_units: (\d+)", done.stderr)[-1]) > 1000


@pytest.mark.parametrize("act", [lambda: os.listdir("/"), lambda: exec(""), lambda: bytes(9999)])  # noqa: S102, PTH208
def test_what_must_not_happen_is_noticed(act: Any) -> None:
    """A target that opens, executes or allocates fails."""
    happened = pytest.raises(AssertionError, match=r"it did this|were allocated")
    with happened, targets.watched(5000):
        act()
