"""Every task that a person or a CI job runs; `nox -l` lists them."""

import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["lint", "tests"]
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"  # `nox -R` skips even the look whether all is installed

PROJECT = nox.project.load_toml("pyproject.toml")
HTML = Path("docs/_build/html")


def _answers(python: str) -> bool:
    """Tell whether an interpreter runs: version managers leave names that only print a hint."""
    try:
        done = subprocess.run([python, "-c", ""], capture_output=True, timeout=60, check=False)
    except OSError:
        return False
    return done.returncode == 0


# The Python that runs nox builds the site; the code is tested on every other one that is here.
THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHERS = [python for python in nox.project.python_versions(PROJECT) if python != THIS]
PYTHONS = [THIS, *(python for python in OTHERS if _answers(f"python{python}"))]


def _install(session: nox.Session, *groups: str, extras: str = "") -> None:
    # Editable: a child process, and a rebuild while somebody writes, import the same files.
    dependencies = nox.project.dependency_groups(PROJECT, *groups)
    session.install("-e", f".{extras}", *dependencies)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests, the doctests and the pages' examples, on every Python that is found.

    Arguments are pytest's: nox -s tests -- tests/test_probe.py
    """
    # Where the site is built, the helpers that build it are tested, with the same pinned versions.
    builds_site = session.python == THIS
    if builds_site:
        session.env["PIP_CONSTRAINT"] = str(Path("docs/constraints.txt").resolve())
    _install(session, "tests", *(["docs", "downloads"] if builds_site else []), extras="[measure]")
    # What needs the built site runs in the sessions docs and browser.
    ignored = ["tests/test_site.py", "tests/browser", *([] if builds_site else ["tests/docs"])]
    # The examples are the same everywhere; one Python runs them under every start method.
    chosen = [] if builds_site else ["-k", "not test_a_download_runs or fork-"]
    session.run("pytest", *(f"--ignore={path}" for path in ignored), *chosen, *session.posargs)


@nox.session
def doctest(session: nox.Session) -> None:
    """Run only the doctests of the package and the examples in README and pages."""
    _install(session, "tests", extras="[measure]")
    session.run("pytest", "src", "docs", "tests/test_readme.py", *session.posargs)


@nox.session
def thorough(session: nox.Session) -> None:
    """Run the long profiles and print their figures: speed, memory, soak, every interruption.

    Wants a quiet machine, 16 GB of memory, and up to an hour.
    """
    _install(session, "tests", extras="[measure]")
    session.run("pytest", "-m", "thorough", "-s", "tests", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types and spelling, and the workflow files against their schemas."""
    _install(session, "lint", "docs", "tests", extras="[measure]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("codespell")
    workflows = sorted(map(str, Path(".github/workflows").glob("*.yml")))
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    session.run("check-jsonschema", "--builtin-schema", "vendor.readthedocs", ".readthedocs.yaml")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site into docs/_build/html, run what has changed, and check what was built.

    Arguments are sphinx-build's: nox -s docs -- -E builds everything again.
    """
    _install_docs(session)
    with session.chdir("docs"):
        # A name that leads nowhere is a warning (-n), a warning is an error (-W); all are shown.
        command = "python -m sphinx -b html -n -W --keep-going"
        session.run(*command.split(), *session.posargs, ".", "_build/html")
    session.run("pytest", "--quiet", "tests/test_site.py")
    session.log(f"the site: {(HTML / 'index.html').resolve()}")


@nox.session
def browser(session: nox.Session) -> None:
    """Open every built page in a real browser (Chromium, which must be installed)."""
    _install_docs(session, "browser")
    session.run("pytest", "tests/browser", *session.posargs)


@nox.session(name="docs-live")
def docs_live(session: nox.Session) -> None:
    """Serve the site on this machine and build it again whenever a source file is saved."""
    _install_docs(session, "live")
    # What a build writes must not start the next one.
    written = [str(Path("docs", name).resolve()) for name in ("_build", "auto_examples")]
    with session.chdir("docs"):
        command = "python -m sphinx_autobuild -n --watch ../src --watch ../examples"
        ignored = [f"--ignore={folder}/*" for folder in written]
        session.run(*command.split(), *ignored, *session.posargs, ".", "_build/html")


def _install_docs(session: nox.Session, *groups: str) -> None:
    # Pinned, so that the same commit gives the same site.
    session.env["PIP_CONSTRAINT"] = str(Path("docs/constraints.txt").resolve())
    _install(session, "docs", *groups, extras="[measure,peers]")
