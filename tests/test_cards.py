"""Each program of *Choose a way* can be pasted into a file and run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
CARDS = sorted((DOCS / "explanation/cards").glob("*.py"))


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.stem)
def test_a_card_runs(
    card: Path, start_method: str, as_default: dict[str, str], tmp_path: Path
) -> None:
    """It prints something, no error, and leaves no file."""
    script = tmp_path / "pasted.py"
    script.write_text(card.read_text("utf-8"), "utf-8")
    paths = [as_default["PYTHONPATH"], os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-B", script.name],
        cwd=tmp_path,
        env={**os.environ, **as_default, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["pasted.py"]


def test_every_card_is_on_the_page_and_fits_it() -> None:
    """At most 27 lines of at most 80 columns, each shown once."""
    page = (DOCS / "explanation/choose.md").read_text("utf-8")
    shown = re.findall(r"literalinclude\} cards/(\w+)\.py", page)
    assert sorted(shown) == [card.stem for card in CARDS]
    for card in CARDS:
        lines = card.read_text("utf-8").splitlines()
        assert len(lines) <= 27, card
        assert max(map(len, lines)) <= 80, card
