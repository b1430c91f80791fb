"""Every task that a person or a CI job runs; `nox -l` lists them."""

import shutil
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
# They have sessions of their own: the first two need the built site, the third is slow.
ELSEWHERE = ["tests/site", "tests/browser", "tests/downloads"]
DOCTESTS = ["src", "docs"]
# More processes than a small machine has cores, since many tests wait. `-n0` among a session's
# arguments undoes it.
WORKERS = ["-n3", "--dist=worksteal"]
SCHEMAS = {
    "vendor.dependabot": ".github/dependabot.yml",
    "vendor.github-issue-config": ".github/ISSUE_TEMPLATE/config.yml",
    "vendor.github-issue-forms": ".github/ISSUE_TEMPLATE/[!c]*.yml",
    "vendor.github-workflows": ".github/workflows/*.yml",
    "custom.github-workflows-require-timeout": ".github/workflows/*.yml",
    "vendor.readthedocs": ".readthedocs.yaml",
}


def _answers(python: str) -> bool:
    """Return whether an interpreter runs: version managers leave names that only print a hint."""
    try:
        done = subprocess.run([python, "-c", ""], capture_output=True, timeout=60, check=False)
    except OSError:
        return False
    return done.returncode == 0


THIS = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHERS = [python for python in nox.project.python_versions(PROJECT) if python != THIS]


def _install(session: nox.Session, *groups: str, extras: str = "") -> None:
    # Editable: a child process, and a rebuild while somebody writes, import the same files.
    dependencies = nox.project.dependency_groups(PROJECT, *groups)
    # Python compiles what is imported; pip would compile all, which doubles its time. And keeps
    # it, whatever the environment says: else each of the many processes would compile NumPy anew.
    session.env["PYTHONDONTWRITEBYTECODE"] = ""
    bytecode = Path(session.virtualenv.location, "bytecode").resolve()
    session.env["PYTHONPYCACHEPREFIX"] = str(bytecode)
    session.install("--no-compile", "-e", f".{extras}", *dependencies)


def _install_docs(session: nox.Session, *groups: str) -> None:
    # Pinned, so that the same commit gives the same site.
    session.env["PIP_CONSTRAINT"] = str(Path("docs/constraints.txt").resolve())
    _install(session, "docs", *groups, extras="[measure,third-party]")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests, the doctests and the pages' examples, on the Python that runs nox.

    Arguments are pytest's: nox -s tests -- -n0 tests/probe
    """
    _install_docs(session, "tests")
    session.run("pytest", *WORKERS, *(f"--ignore={path}" for path in ELSEWHERE), *session.posargs)


@nox.session(python=[python for python in OTHERS if _answers(f"python{python}")])
def pythons(session: nox.Session) -> None:
    """Run the tests and the doctests on each other Python that is found here."""
    _install(session, "tests", extras="[measure]")
    # The site is built by one Python; its helpers are tested there.
    ignored = (f"--ignore={path}" for path in [*ELSEWHERE, "tests/docs"])
    session.run("pytest", *WORKERS, *ignored, *session.posargs)


@nox.session
def downloads(session: nox.Session) -> None:
    """Run every page as a script, under each start method, and as a notebook."""
    _install_docs(session, "tests", "downloads")
    # What a person chooses may be all of one kind; 5: no test was chosen.
    codes = [0, 5] if session.posargs else [0]
    for options in ([*WORKERS, "--dist=loadgroup", "-m=not alone"], ["-m=alone"]):
        command = "pytest", *options, "tests/downloads", *session.posargs
        session.run(*command, success_codes=codes)


@nox.session
def doctest(session: nox.Session) -> None:
    """Run only the doctests of the package and of the pages."""
    _install(session, "tests", extras="[measure]")
    session.run("pytest", *DOCTESTS, *session.posargs)


@nox.session
def thorough(session: nox.Session) -> None:
    """Run the long profiles, print their figures, and run the campaign of faults.

    Needs a quiet machine, 16 GB of memory, and up to two hours. After the word "campaign" come
    arguments for that alone: nox -s thorough -- campaign --replay kill:streamed:1:57
    NDPIPE_FUZZ_SECONDS says how long a fuzzer looks for messages that do harm, where there is one
    for this Python.
    """
    _install(session, "tests", "fuzz", extras="[measure]")
    first, *rest = session.posargs or [""]
    if first != "campaign":
        session.run("pytest", "-m", "thorough", "-s", "tests", *session.posargs)
    if first in ("", "campaign"):
        session.run("python", "-m", "tests.campaign", *rest)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types and spelling, and the settings of services against their schemas."""
    _install(session, "lint", "docs", "tests", extras="[measure]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("codespell")
    for schema, pattern in SCHEMAS.items():
        files = sorted(map(str, Path().glob(pattern)))
        session.run("check-jsonschema", "--builtin-schema", schema, *files)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site into docs/_build/html, run what has changed, and check what was built.

    Arguments are sphinx-build's: nox -s docs -- -E builds everything again.
    """
    _install_docs(session)
    with session.chdir("docs"):
        # A name that leads nowhere is a warning (-n), a warning is an error (-W); all are shown.
        command = "python -m sphinx -b html -n -W --keep-going -d _build/doctrees"
        session.run(*command.split(), *session.posargs, ".", "_build/html")
    session.run("pytest", "--quiet", "tests/site")
    session.log(f"the site: {(HTML / 'index.html').resolve()}")


@nox.session
def browser(session: nox.Session) -> None:
    """Open every built page in a real browser (Chromium, which must be installed).

    Both themes, three widths: accessibility, keyboard, search, print, weight and more.
    """
    _install_docs(session, "browser")
    # On all cores; a worker that is done takes tests from another.
    session.run("pytest", "-n", "auto", "--dist", "worksteal", "tests/browser", *session.posargs)


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


@nox.session
def dist(session: nox.Session) -> None:
    """Build sdist and wheel into dist, check them, and run the doctests from the unpacked sdist."""
    session.install("build", "twine")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", "dist")
    session.run("twine", "check", "--strict", *map(str, Path("dist").iterdir()))
    unpacked = Path(session.create_tmp(), "sdist").resolve()
    shutil.rmtree(unpacked, ignore_errors=True)
    (archive,) = Path("dist").glob("*.tar.gz")
    shutil.unpack_archive(archive, unpacked, filter="data")
    with session.chdir(*unpacked.iterdir()):
        _install(session, "docs", "tests", "downloads", extras="[measure]")
        session.run("pytest", *DOCTESTS)
        # All other tests are in it too, with what they import.
        here = (f"--ignore={path}" for path in ELSEWHERE[:2])
        session.run("pytest", "--collect-only", "--quiet", "tests", *here)
