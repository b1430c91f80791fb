"""Fixtures of all tests. No test leaves a child, descriptor, thread or shared memory behind."""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing import forkserver, resource_tracker
from pathlib import Path

import psutil
import pytest

# The commands under test write to pipes here, where they are not to draw as on a terminal.
os.environ.pop("FORCE_COLOR", None)
# A shell lets what it runs in the background ignore interrupts, and every child inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)

START_METHODS = multiprocessing.get_all_start_methods()


@pytest.fixture(params=START_METHODS)
def start_method(request: pytest.FixtureRequest) -> str:
    """Each way in which multiprocessing can start a child here."""
    return request.param


@pytest.fixture(scope="session", autouse=True)
def _long_lived_helpers() -> None:
    """Start multiprocessing's own helper processes, so that no test seems to leak them."""
    resource_tracker.ensure_running()
    if "forkserver" in START_METHODS:
        forkserver.set_forkserver_preload([])
        forkserver.ensure_running()


#: Seconds that a test's children, threads and descriptors have to go after its end.
GRACE = 5.0
#: The same for shared memory: what other killed processes had is seen here until it is unlinked.
SEGMENT_GRACE = 20.0

# What multiprocessing, joblib and these tests call theirs: a browser, say, has segments too.
_SEGMENTS = ("psm_", "sem.", "joblib", "ndpipe")


def _mapped_elsewhere() -> str:
    """Return the memory maps of all processes outside of this test run, as far as they are seen."""
    ours = {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}
    found = []
    for maps in Path("/proc").glob("[0-9]*/maps"):
        if int(maps.parent.name) not in ours:
            with contextlib.suppress(OSError):  # ended meanwhile, or another user's
                found.append(maps.read_text())
    return "".join(found)


def _descriptors() -> Counter[str]:
    links = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            links.append(os.readlink(link))  # noqa: PTH115 - pipes and sockets are no paths
        except OSError:
            continue  # the descriptor that lists the others
    return Counter(links)


def _held() -> dict[str, Counter[object]]:
    """Return what this process holds that outlives a test which forgets it."""
    held: dict[str, Counter[object]] = {
        "children": Counter(child.pid for child in psutil.Process().children()),
        "threads": Counter(threading.enumerate()),
    }
    if Path("/proc/self/fd").exists():
        held["descriptors"] = Counter(_descriptors())
        held["shared memory"] = Counter(
            path.name
            for path in Path("/dev/shm").iterdir()  # noqa: S108 - is read only
            if path.name.startswith(_SEGMENTS)
        )
    return held


def _leaked(before: dict[str, Counter[object]]) -> dict[str, list[object]]:
    leaked = {kind: list((now - before[kind]).elements()) for kind, now in _held().items()}
    if segments := leaked.get("shared memory"):
        mapped = _mapped_elsewhere()
        leaked["shared memory"] = [
            name
            for name in map(str, segments)
            if name not in mapped and Path("/dev/shm", name).exists()  # noqa: S108 - is read only
        ]
    return {kind: left for kind, left in leaked.items() if left}


@pytest.fixture(autouse=True)
def _leaves_nothing_behind() -> Iterator[None]:
    before = _held()
    yield
    begin = time.monotonic()
    while leaked := _leaked(before):
        grace = SEGMENT_GRACE if set(leaked) == {"shared memory"} else GRACE
        if time.monotonic() > begin + grace:
            pytest.fail(f"left behind: {leaked}")
        time.sleep(0.02)


@pytest.fixture
def as_default(start_method: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment in which a script finds `start_method` to be the default."""
    folder = tmp_path_factory.mktemp("sitecustomize")
    (folder / "sitecustomize.py").write_text(
        f"import multiprocessing\nmultiprocessing.set_start_method({start_method!r}, force=True)\n"
    )
    paths = [str(folder), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
