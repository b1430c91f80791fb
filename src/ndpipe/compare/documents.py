"""A comparison as a document: JSON, with a schema, and CSV.

``python -m ndpipe compare --json`` and the build of the site write the same document, so that the
numbers of two machines can be compared.
"""

import csv
import dataclasses
import io
import json
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

from ndpipe._system.machine import Machine
from ndpipe.compare._measurement import Measurement
from ndpipe.compare.results import Comparison

__all__ = ["from_json", "schema", "to_csv", "to_json"]


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
    from_json : The inverse.

    Examples
    --------
    >>> from ndpipe.compare import Comparison
    >>> from ndpipe.compare.documents import from_json, to_json
    >>> empty = Comparison.of([])
    >>> from_json(to_json(empty)) == empty
    True
    """
    return json.dumps(dataclasses.asdict(comparison), indent=1, allow_nan=False)


def from_json(text: str) -> Comparison:
    """Return the comparison in a JSON document.

    Parameters
    ----------
    text : str
        A document that :func:`to_json` has written.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If it is no such document.

    Examples
    --------
    >>> from ndpipe.compare.documents import from_json
    >>> from_json("{}")
    Traceback (most recent call last):
        ...
    ValueError: not a document of measurements: 'measurements' is missing
    """
    try:
        document = json.loads(text)
        for record in document["measurements"]:
            record["samples"] = tuple(map(tuple, record["samples"]))
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
    >>> from ndpipe.compare.documents import schema
    >>> sorted(schema()["properties"])
    ['date', 'machine', 'measurements', 'version']
    """
    text = files("ndpipe.compare").joinpath("measurements.schema.json").read_text(encoding="utf-8")
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
        A line for each measurement, without its samples; an unknown value is empty.

    Examples
    --------
    >>> from ndpipe.compare.documents import to_csv
    >>> to_csv([]).startswith("transport,direction,nbytes,")
    True
    """
    text = io.StringIO()
    names = [field.name for field in dataclasses.fields(Measurement) if field.name != "samples"]
    writer = csv.DictWriter(text, names, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(dataclasses.asdict(measurement) for measurement in measurements)
    return text.getvalue()
