"""Every task that a person or a CI job runs; `nox -l` lists them."""

import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["lint", "tests"]
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"  # a second run starts at once; `nox -R` even skips installing

PROJECT = nox.project.load_toml("pyproject.toml")
HTML = Path("docs/_build/html")


def _answers(python: str) -> bool:
    """Tell whether an interpreter is there and runs; version managers leave stubs that do not."""
    try:
        done = subprocess.run([python, "-c", ""], capture_output=True, timeout=60, check=False)
    except OSError:
        return False
    return done.returncode == 0


THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHONS = [THIS] + [
    version
    for version in nox.project.python_versions(PROJECT)
    if version != THIS and _answers(f"python{version}")
]


def _install(session: nox.Session, *groups: str, extras: str = "measure") -> None:
    session.install("-e", f".[{extras}]", *nox.project.dependency_groups(PROJECT, *groups))


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Unit tests, doctests and the examples in README and pages, on every Python found here.

    Arguments go to pytest: nox -s tests -- -k probe
    """
    # The site's helpers and the downloads are tested on the Python that builds the site.
    builds_site = session.python == THIS
    _install(session, "tests", *(["docs", "downloads"] if builds_site else []))
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    ignored = ["tests/test_site.py", *([] if builds_site else ["tests/docs"])]
    session.run("pytest", "src", "tests", "docs", "README.md", *(f"--ignore={i}" for i in ignored))


@nox.session
def doctest(session: nox.Session) -> None:
    """Only the doctests of the package and the examples in README and pages."""
    _install(session, "tests")
    session.run("pytest", "src", "docs", "README.md", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff, mypy, codespell, and the schemas of the workflow files."""
    _install(session, "lint", "docs", "tests")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("codespell")
    workflows = sorted(map(str, Path(".github/workflows").glob("*.yml")))
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    session.run("check-jsonschema", "--builtin-schema", "vendor.readthedocs", ".readthedocs.yaml")


def _install_docs(session: nox.Session, *groups: str) -> None:
    # Pinned, so that the same commit gives the same site.
    _install(session, "docs", *groups, extras="measure")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site into docs/_build/html, running what has changed, and check what was built."""
    session.env["PIP_CONSTRAINT"] = str(Path("docs/constraints.txt").resolve())
    _install(session, "docs")
    with session.chdir("docs"):
        # -n: every name leads somewhere; -W: a warning is an error; all of them are shown.
        session.run(
            *"python -m sphinx -b html -n -W --keep-going . _build/html".split(), *session.posargs
        )
    session.run("pytest", "-q", "tests/test_site.py")
    session.log(f"the site: {(HTML / 'index.html').resolve()}")


@nox.session(name="docs-live")
def docs_live(session: nox.Session) -> None:
    """Serve the site and build it again whenever a file is saved."""
    session.env["PIP_CONSTRAINT"] = str(Path("docs/constraints.txt").resolve())
    _install(session, "docs", "live")
    # What the build itself writes must not start the next one.
    ignored = ["_build", "auto_examples"]
    with session.chdir("docs"):
        session.run(
            *"python -m sphinx_autobuild -b html -n . _build/html --watch ../src".split(),
            *"--watch ../examples --open-browser".split(),
            *(f"--ignore={Path(folder).resolve()}/*" for folder in ignored),
            *session.posargs,
        )
