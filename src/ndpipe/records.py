"""What a comparison measured, as a document: written and read, ranked and tabulated.

``python -m ndpipe compare --json`` writes the same document as the build of the site does, so
that one machine can be laid beside another. Its schema is ``measurements.schema.json`` in this
package; :func:`schema` returns it.
"""

import csv
import dataclasses
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from ndpipe.compare import Measurement
from ndpipe.machine import Machine, describe
from ndpipe.transports import Direction

__all__ = [
    "Comparison",
    "Ranked",
    "crossover",
    "from_json",
    "groups",
    "rank",
    "schema",
    "to_csv",
    "to_json",
]


@dataclass(frozen=True)
class Comparison:
    """The measurements of one run, and what they depend on.

    Attributes
    ----------
    machine : Machine
        The machine that they were made on.
    date : str
        When, in UTC, as ISO 8601 has it.
    version : str
        The version of ndpipe.
    measurements : tuple of Measurement
    """

    machine: Machine
    date: str
    version: str
    measurements: tuple[Measurement, ...]

    @classmethod
    def of(
        cls, measurements: Iterable[Measurement], start_method: str | None = None
    ) -> "Comparison":
        """Put measurements together that were made here and now.

        Parameters
        ----------
        measurements : iterable of Measurement
        start_method : str, optional
            The one that they were made with, where it is not the default.

        Returns
        -------
        Comparison
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(describe(start_method), now, version("ndpipe"), tuple(measurements))


def to_json(comparison: Comparison) -> str:
    """Return a comparison as a JSON document.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    str

    See Also
    --------
    from_json : The way back.

    Examples
    --------
    >>> from ndpipe.records import Comparison, from_json, to_json
    >>> empty = Comparison.of([])
    >>> from_json(to_json(empty)) == empty
    True
    """
    return json.dumps(dataclasses.asdict(comparison), indent=2, allow_nan=False)


def from_json(text: str) -> Comparison:
    """Return the comparison that a JSON document holds.

    Parameters
    ----------
    text : str
        As :func:`to_json` writes it.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If it is no such document.

    Examples
    --------
    >>> from ndpipe.records import from_json
    >>> from_json("{}")
    Traceback (most recent call last):
        ...
    ValueError: not a document of measurements: 'machine' is missing
    """
    try:
        document = json.loads(text)
        return Comparison(
            Machine(**document["machine"]),
            document["date"],
            document["version"],
            tuple(Measurement(**record) for record in document["measurements"]),
        )
    except KeyError as error:
        raise ValueError(f"not a document of measurements: {error} is missing") from None
    except TypeError as error:
        raise ValueError(f"not a document of measurements: {error}") from None


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the document.

    Returns
    -------
    dict

    Examples
    --------
    >>> from ndpipe.records import schema
    >>> sorted(schema()["properties"])
    ['date', 'machine', 'measurements', 'version']
    """
    text = files("ndpipe").joinpath("measurements.schema.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def to_csv(measurements: Iterable[Measurement]) -> str:
    """Return measurements as comma-separated values, under a line of column names.

    Parameters
    ----------
    measurements : iterable of Measurement

    Returns
    -------
    str
        One line for each; what is not known is empty.

    Examples
    --------
    >>> from ndpipe.records import to_csv
    >>> to_csv([]).startswith("transport,direction,nbytes,")
    True
    """
    text = io.StringIO()
    names = [field.name for field in dataclasses.fields(Measurement)]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(dataclasses.asdict(measurement) for measurement in measurements)
    return text.getvalue()


def groups(
    measurements: Iterable[Measurement],
) -> dict[tuple[int, Direction], list[Measurement]]:
    """Return measurements that can be compared with one another: same size, same direction.

    Parameters
    ----------
    measurements : iterable of Measurement

    Returns
    -------
    dict
        From (bytes, direction) to a list of Measurement, in the order in which they came.

    Examples
    --------
    >>> from ndpipe.compare import Measurement
    >>> from ndpipe.records import groups
    >>> both = [Measurement("pipe", d, 80, "fork", 0) for d in ("to-child", "from-child")]
    >>> list(groups(both))
    [(80, 'to-child'), (80, 'from-child')]
    """
    found: dict[tuple[int, Direction], list[Measurement]] = {}
    for measurement in measurements:
        found.setdefault((measurement.nbytes, measurement.direction), []).append(measurement)
    return found


@dataclass(frozen=True)
class Ranked:
    """A measurement among others of its group.

    Attributes
    ----------
    measurement : Measurement
    of_pipe : float or None
        How many times as fast as the standard Pipe; None where either was not measured.
    of_memcpy : float or None
        How many times as fast as a copy within one process.
    """

    measurement: Measurement
    of_pipe: float | None
    of_memcpy: float | None


def rank(measurements: Iterable[Measurement]) -> list[Ranked]:
    """Return the measurements of one group, the fastest first, those that failed last.

    Parameters
    ----------
    measurements : iterable of Measurement
        Of one size and direction.

    Returns
    -------
    list of Ranked

    Examples
    --------
    >>> from ndpipe.compare import Measurement
    >>> from ndpipe.records import rank
    >>> slow = Measurement("pipe", "to-child", 80, "fork", 1, None, True, seconds=0.5)
    >>> fast = Measurement("ndpipe", "to-child", 80, "fork", 1, None, True, seconds=0.125)
    >>> [(ranked.measurement.transport, ranked.of_pipe) for ranked in rank([slow, fast])]
    [('ndpipe', 4.0), ('pipe', 1.0)]
    """
    measured = list(measurements)
    seconds = {m.transport: m.seconds for m in measured}

    def times_as_fast(measurement: Measurement, baseline: str) -> float | None:
        base = seconds.get(baseline)
        return base / measurement.seconds if base and measurement.seconds else None

    return [
        Ranked(m, times_as_fast(m, "pipe"), times_as_fast(m, "memcpy"))
        for m in sorted(measured, key=lambda m: (m.seconds is None, m.seconds or 0.0))
    ]


def crossover(
    measurements: Iterable[Measurement], transport: str, other: str, direction: Direction
) -> int | None:
    """Return the size from which one transport is faster than another, at all larger ones too.

    Parameters
    ----------
    measurements : iterable of Measurement
    transport, other : str
        Names of transports.
    direction : {"to-child", "from-child"}

    Returns
    -------
    int or None
        The smallest of the measured sizes, in bytes; None where the largest is not faster.

    Examples
    --------
    >>> from ndpipe.compare import Measurement
    >>> from ndpipe.records import crossover
    >>> def made(name, nbytes, seconds):
    ...     return Measurement(name, "to-child", nbytes, "fork", 1, None, True, seconds=seconds)
    >>> crossover([made("pipe", 80, 1.0), made("queue", 80, 2.0),
    ...            made("pipe", 800, 9.0), made("queue", 800, 8.0)], "queue", "pipe", "to-child")
    800
    """
    found = None
    for (nbytes, way), group in sorted(groups(measurements).items()):
        seconds = {m.transport: m.seconds for m in group}
        one, two = seconds.get(transport), seconds.get(other)
        if way != direction or one is None or two is None:
            continue
        if one >= two:
            found = None
        elif found is None:
            found = nbytes
    return found
