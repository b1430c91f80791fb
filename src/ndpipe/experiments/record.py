"""One record of measurements, which all pages of the site and their tables read.

The build of the site measures once, with ``python -m ndpipe.experiments.record FOLDER``, and names
the folder in the environment variable ``NDPIPE_RECORD``. A page that somebody runs elsewhere
measures what it needs, then and there.
"""

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from ndpipe._system.memory import available_memory
from ndpipe.compare import Comparison, compare
from ndpipe.compare.documents import from_json, to_json
from ndpipe.compare.ranking import MAIN
from ndpipe.experiments.ladder import RUNGS
from ndpipe.transports import DIRECTIONS, TRANSPORTS, Direction, Transport, available

__all__ = ["SIZES", "describe_elsewhere", "elsewhere", "measured"]

#: Sizes of the record, in bytes; the last one is measured for some transports only.
SIZES = (100_000, 1_000_000, 8_000_000, 32_000_000, 100_000_000)

_LARGE = (*MAIN, "ndpipe-into")
_YARDSTICKS = ("memcpy", "memcpy-new", "first-touch")
_ELSEWHERE = ("pipe", "ndpipe", "shared-memory")
_ELSEWHERE_SIZE = 32_000_000
_PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def measured(
    transports: Iterable[str] | None = None,
    sizes: Sequence[int] = SIZES,
    directions: Sequence[Direction] = DIRECTIONS,
) -> Comparison:
    """Return measurements from the record, or make them where there is no record.

    Parameters
    ----------
    transports : iterable of str, optional
        Names of transports and of rungs of the ladder; by default all.
    sizes : sequence of int, optional
        Sizes in bytes, from `SIZES`.
    directions : sequence of {"to-child", "from-child"}, optional

    Returns
    -------
    Comparison

    Examples
    --------
    >>> from ndpipe.experiments.record import measured
    >>> comparison = measured(["pipe", "ndpipe"], [100_000], ["to-child"])
    >>> sorted(m.transport for m in comparison.measurements)
    ['ndpipe', 'pipe']
    """
    names = tuple(transports) if transports is not None else (*TRANSPORTS, *_rungs())
    folder = os.environ.get("NDPIPE_RECORD")
    if folder is None:
        return _measure(names, tuple(sizes), tuple(directions), 60.0)
    comparison = from_json(Path(folder, "measurements.json").read_text("utf-8")).select(*names)
    return comparison.where(lambda m: m.nbytes in sizes and m.direction in directions)


def elsewhere() -> list[Comparison]:
    """Return measurements under each start method, and on each other Python of this machine.

    Returns
    -------
    list of Comparison
        The `machine` of each names its start method and its Python. A Python without NumPy and
        psutil is not there; `NDPIPE_PYTHONS` names more interpreters, separated by colons.
    """
    folder = os.environ.get("NDPIPE_RECORD")
    if folder is None:
        return _measure_elsewhere()
    documents = json.loads(Path(folder, "elsewhere.json").read_text("utf-8"))
    return [from_json(json.dumps(document)) for document in documents]


def describe_elsewhere(comparisons: Iterable[Comparison]) -> str:
    """Return a table of main ratios to the standard Pipe, a line for each comparison.

    Parameters
    ----------
    comparisons : iterable of Comparison
        As :func:`elsewhere` returns them.

    Returns
    -------
    str
        It ends with the versions of Python that were looked for and not found.
    """
    row = "{:8} {:11} {:>19} {:>19} {:>19}"
    lines = [row.format("Python", "start", "Pipe", "ndpipe.Pipe", "shared memory")]
    lines.append(row.format("", "method", "GB/s", "times Pipe", "times Pipe"))
    found = set()
    for comparison in comparisons:
        machine = comparison.machine
        found.add(machine.python.rpartition(".")[0])
        ratios = (
            comparison.ratio(name, "pipe", _ELSEWHERE_SIZE) for name in ("ndpipe", "shared-memory")
        )
        figures = map(str, (comparison.speed("pipe", _ELSEWHERE_SIZE), *ratios))
        lines.append(row.format(machine.python, machine.start_method, *figures))
    if absent := [version for version in _PYTHONS if version not in found]:
        lines.append(f"not on this machine, with NumPy: Python {', '.join(absent)}")
    return "\n".join(lines)


def _rungs() -> dict[str, type[Transport]]:
    return {rung.info.name: rung for rung in RUNGS if rung.info.name not in TRANSPORTS}


@cache
def _measure(
    names: tuple[str, ...],
    sizes: tuple[int, ...],
    directions: tuple[Direction, ...],
    max_seconds: float,
) -> Comparison:
    start_method = multiprocessing.get_start_method(allow_none=True)
    start_method = start_method or multiprocessing.get_all_start_methods()[0]
    known = {kind.info.name: kind for kind in available(start_method)} | _rungs()
    kinds = [known[name] for name in names if name in known]
    fits = [size for size in sizes if 20 * size < available_memory()]
    return compare(kinds, fits, directions=directions, max_seconds=max_seconds)


def _measure_elsewhere() -> list[Comparison]:
    here = [
        compare(
            _ELSEWHERE,
            [_ELSEWHERE_SIZE],
            directions=["to-child"],
            start_method=method,
            max_seconds=4,
        )
        for method in multiprocessing.get_all_start_methods()
    ]
    # The other Pythons import this package from where it is, and their own NumPy.
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = ["-m", "ndpipe", "compare", "--json", "--max-seconds=4", "--direction=to-child"]
    command += [f"--transports={','.join(_ELSEWHERE)}", f"--sizes={_ELSEWHERE_SIZE}"]
    there = []
    for python in _other_pythons(environment):
        done = subprocess.run(  # noqa: S603 - a Python found here, our own code
            [python, *command],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode == 0:
            there.append(from_json(done.stdout))
    return here + there


def _other_pythons(environment: dict[str, str]) -> list[str]:
    """Return one interpreter of each other version that can run this package."""
    this = f"{sys.version_info.major}.{sys.version_info.minor}"
    names = [f"python{version}" for version in _PYTHONS]
    names = [*filter(None, os.environ.get("NDPIPE_PYTHONS", "").split(os.pathsep)), *names]
    code = "import sys, psutil, rich, numpy, ndpipe; print('%d.%d' % sys.version_info[:2])"
    found: dict[str, str] = {}
    for name in names:
        if (python := shutil.which(name)) is None:
            continue
        done = subprocess.run(  # noqa: S603 - a Python found here, our own code
            [python, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        version = done.stdout.strip()
        if done.returncode == 0 and version != this:
            found.setdefault(version, python)
    return list(found.values())


def _make(folder: Path) -> None:
    """Measure everything and write the record."""
    usual = _measure((*TRANSPORTS, *_rungs()), SIZES[:-1], DIRECTIONS, 80.0)
    # Yardsticks go nowhere: at the size that takes longest, one direction will do.
    there = _measure((*_LARGE, *_YARDSTICKS), SIZES[-1:], ("to-child",), 21.0)
    back = _measure(_LARGE, SIZES[-1:], ("from-child",), 20.0)
    measurements = [m for part in (usual, there, back) for m in part.measurements]
    whole = Comparison.of(measurements, usual.machine.start_method)
    others = [json.loads(to_json(comparison)) for comparison in _measure_elsewhere()]
    (folder / "measurements.json").write_text(to_json(whole), "utf-8")
    (folder / "elsewhere.json").write_text(json.dumps(others), "utf-8")


if __name__ == "__main__":
    _make(Path(sys.argv[1]))
