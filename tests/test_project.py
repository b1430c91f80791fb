"""What the project says about itself agrees: versions, sessions, files."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import ndpipe

ROOT = Path(__file__).parents[1]
TEXTS = ["README.md", ".github/CONTRIBUTING.md", ".github/PULL_REQUEST_TEMPLATE.md"]
HEADING = re.compile(r"^## \[(?P<name>.+)\](?: - (?P<day>\d{4}-\d\d-\d\d))?$", re.MULTILINE)


@pytest.fixture(scope="module")
def project() -> dict[str, str]:
    """Return the table *project* of pyproject.toml."""
    table: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return table


@pytest.fixture(scope="module")
def changelog() -> str:
    """Return the changelog's text."""
    return (ROOT / "docs/changelog.md").read_text("utf-8")


def test_the_version_is_said_once(project: dict[str, str]) -> None:
    """What is imported has the version of the project's settings."""
    assert ndpipe.__version__ == project["version"]


def test_the_changelog_ends_at_the_version(project: dict[str, str], changelog: str) -> None:
    """The version is the newest in the changelog, with a day, or the next that it announces."""
    first, *released = HEADING.finditer(changelog)
    assert first["name"] == "Unreleased"
    assert first["day"] is None
    assert all(release["day"] for release in released)
    announced = re.findall(r"will be (\S+)\.$", changelog, re.MULTILINE)
    newest = [release["name"] for release in released[:1]]
    assert project["version"] in (announced or newest)


def test_the_changelog_keeps_to_its_form(changelog: str) -> None:
    """Releases come newest first, and each heading in them is one of the six kinds of change."""
    days = [match["day"] for match in HEADING.finditer(changelog) if match["day"]]
    assert days == sorted(days, reverse=True)
    kinds = set(re.findall(r"^### (.+)$", changelog, re.MULTILINE))
    assert kinds
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert len(re.findall("^## ", changelog, re.MULTILINE)) == len(HEADING.findall(changelog))


def _sessions() -> set[str]:
    functions = ast.parse((ROOT / "noxfile.py").read_text("utf-8")).body
    return {
        node.name.replace("_", "-")
        for node in functions
        if isinstance(node, ast.FunctionDef)
        and any("nox.session" in ast.unparse(decorator) for decorator in node.decorator_list)
    }


@pytest.mark.parametrize(
    "path", [*TEXTS, *(str(p.relative_to(ROOT)) for p in ROOT.glob(".github/workflows/*.yml"))]
)
def test_a_session_that_is_named_exists(path: str) -> None:
    """Each `nox -s NAME` in what people and services read is a session."""
    named = set(re.findall(r"nox -s ([\w-]+)", (ROOT / path).read_text("utf-8")))
    assert named <= _sessions()


def test_every_file_that_a_contributor_is_sent_to_exists() -> None:
    """Paths in CONTRIBUTING lead somewhere, but for those with a placeholder."""
    text = (ROOT / ".github/CONTRIBUTING.md").read_text("utf-8")
    paths = re.findall(r"`((?:src|docs|examples|tests)/[^`<>]*)`", text)
    assert len(paths) >= 5
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_what_a_contributor_does_is_short() -> None:
    """Four commands come first; adding a page, a transport or a symptom takes under ten lines."""
    text = (ROOT / ".github/CONTRIBUTING.md").read_text("utf-8")
    introduction, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    assert len(re.findall(r"^ {4}python3 ", introduction, re.MULTILINE)) == 4
    for section in sections:
        title, *lines = section.strip().splitlines()
        assert len([line for line in lines if line]) < 10, title


def test_a_pipe_needs_nothing_but_numpy() -> None:
    """Without the modules that extras bring, `ndpipe.Pipe` carries an array all the same."""
    script = """
import sys
sys.modules.update(dict.fromkeys(("psutil", "rich", "joblib", "zmq", "matplotlib")))
import ndpipe, numpy
here, there = ndpipe.Pipe()
here.send(numpy.arange(3))
print(there.recv())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("[0 1 2]\n", "")
