"""Records, document and schema agree; ranking follows the intervals."""

import csv
import dataclasses
import io
import json
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import jsonschema
import pytest

from ndpipe._system.machine import Machine
from ndpipe.compare import Comparison, Measurement, compare
from ndpipe.compare.documents import from_json, schema, to_csv, to_json
from ndpipe.compare.ranking import faster_from, groups, rank


def made(transport: str, seconds: float | None, nbytes: int = 80, **more: Any) -> Measurement:
    """Make a measurement with a given time, as of equal samples in three passes."""
    return dataclasses.replace(
        Measurement(transport, "to-child", nbytes, "fork", 6, seconds=seconds, verified=True),
        samples=((seconds,) * 8,) * 3,
        **more,
    )


@pytest.fixture(scope="module")
def validator() -> Any:
    """Return what checks a document against the schema."""
    kind = jsonschema.validators.validator_for(schema())
    kind.check_schema(schema())
    return kind(schema(), format_checker=kind.FORMAT_CHECKER)


def _json_types(hint: Any) -> set[str]:
    """Return the JSON types that a field of this type may have."""
    if get_origin(hint) is Literal:
        return {"string"}
    if get_origin(hint) is UnionType:
        return set().union(*map(_json_types, get_args(hint)))
    if get_origin(hint) is tuple:
        return {"array"}
    return {
        {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}[hint]
    }


def _schema_types(part: dict[str, Any]) -> set[str]:
    if "enum" in part:
        return {"string"}
    return {part["type"]} if isinstance(part["type"], str) else set(part["type"])


@pytest.mark.parametrize(
    ("record", "part"),
    [
        (Measurement, schema()["properties"]["measurements"]["items"]),
        (Machine, schema()["properties"]["machine"]),
    ],
)
def test_the_schema_has_every_field_of_the_records_with_its_type(record: Any, part: Any) -> None:
    """Names, types and order are those of the dataclass."""
    hints = get_type_hints(record)
    assert {name: _json_types(hint) for name, hint in hints.items()} == {
        name: _schema_types(value) for name, value in part["properties"].items()
    }
    assert part["required"] == list(hints)
    assert part["additionalProperties"] is False
    assert all(value["description"] for value in part["properties"].values())


def test_what_is_measured_fits_the_schema_and_comes_back(validator: Any) -> None:
    """A comparison of each kind of transport survives the way through JSON."""
    names = ["memcpy", "pipe", "process-argument", "pool-result"]
    measurements = [
        *compare(names, [800], repeat=2).measurements,
        made("broken", None, error="it broke"),
    ]
    comparison = Comparison.of(measurements)
    validator.validate(json.loads(to_json(comparison)))
    assert from_json(to_json(comparison)) == comparison


@pytest.mark.parametrize(
    "change",
    [
        {"transport": 3},
        {"direction": "up"},
        {"seconds": 0},
        {"seconds": "fast"},
        {"nbytes": 7},
        {"start_method": "knife"},
        {"verified": None},
        {"colour": "red"},
    ],
)
def test_the_schema_refuses_what_is_no_measurement(change: dict[str, Any], validator: Any) -> None:
    """A value out of range, of another type, or of an unknown name."""
    document = json.loads(to_json(Comparison.of([made("pipe", 0.5)])))
    validator.validate(document)
    document["measurements"][0] |= change
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(document)


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"machine": {"speed": 1}}', "not JSON", '{"machine": 3}']
)
def test_another_document_is_refused(text: str) -> None:
    """A ValueError, whatever the text is."""
    with pytest.raises(ValueError, match=r"not a document of measurements|Expecting value"):
        from_json(text)


def test_csv_has_a_line_for_each_and_nothing_for_what_is_not_known() -> None:
    """Text with commas and quotes is escaped."""
    measurements = [made("pipe", 0.5), made("broken", None, error='said "no", and died')]
    rows = list(csv.DictReader(io.StringIO(to_csv(measurements))))
    assert [row["transport"] for row in rows] == ["pipe", "broken"]
    assert rows[0]["seconds"] == "0.5"
    assert rows[0]["error"] == rows[1]["seconds"] == ""
    assert rows[1]["error"] == 'said "no", and died'


def test_the_fastest_is_first_and_errors_are_last() -> None:
    """Each has its ratio to the Pipe; errors have no place."""
    ranked = rank([made("x", None), made("pipe", 2.0), made("memcpy", 0.1), made("ndpipe", 0.25)])
    found = [(r.measurement.transport, r.place, r.speedup_vs_pipe) for r in ranked]
    assert [(name, place, ratio and ratio.value) for name, place, ratio in found] == [
        ("memcpy", 1, 20.0),
        ("ndpipe", 2, 8.0),
        ("pipe", 3, 1.0),
        ("x", None, None),
    ]


def test_overlapping_intervals_are_a_tie() -> None:
    """A transport that is 4 % faster than another shares its place."""
    ranked = rank([made("pipe", 2.0), made("array", 1.04), made("queue", 1.0), made("memcpy", 0.1)])
    assert [(r.measurement.transport, r.place) for r in ranked] == [
        ("memcpy", 1),
        ("queue", 2),
        ("array", 2),
        ("pipe", 4),
    ]


def test_without_the_pipe_there_is_no_ratio() -> None:
    """The speed alone orders them."""
    (entry,) = rank([made("ndpipe", 0.25)])
    assert entry.speedup_vs_pipe is None
    assert entry.place == 1


def test_only_one_size_and_direction_is_compared_at_a_time() -> None:
    """Groups keep the order of the measurements."""
    measurements = [made("pipe", 1, 8), made("pipe", 1, 16), made("queue", 1, 8)]
    assert {key: [m.transport for m in group] for key, group in groups(measurements).items()} == {
        (8, "to-child"): ["pipe", "queue"],
        (16, "to-child"): ["pipe"],
    }


@pytest.mark.parametrize(
    ("times", "found"),
    [
        ([(1, 2), (1, 2), (1, 2)], 8),  # faster everywhere
        ([(2, 1), (1, 2), (1, 2)], 80),
        ([(1, 2), (2, 1), (1, 2)], 800),  # a lead that was lost again does not count
        ([(1, 2), (1, 2), (2, 1)], None),
        ([(1, 1), (1, 1), (1, 1)], None),
        ([(2, 1), (None, 1), (1, 2)], 800),  # an error
    ],
)
def test_a_lead_counts_from_where_it_lasts(
    times: list[tuple[float | None, float]], found: int | None
) -> None:
    """A lead that is lost again, or an error, does not count."""
    measurements = [
        made(name, seconds, nbytes)
        for nbytes, pair in zip((8, 80, 800), times, strict=True)
        for name, seconds in zip(("shared-memory", "ndpipe"), pair, strict=True)
    ]
    measurements.reverse()
    assert faster_from(measurements, "shared-memory", "ndpipe") == found
    assert faster_from(measurements, "shared-memory", "pipe") is None
