"""Records, document and schema say the same, and ranking is plain arithmetic."""

import csv
import dataclasses
import io
import json
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import jsonschema
import pytest

from ndpipe.compare import Measurement, compare
from ndpipe.machine import Machine
from ndpipe.records import (
    Comparison,
    crossover,
    from_json,
    groups,
    rank,
    schema,
    to_csv,
    to_json,
)


def made(transport: str, seconds: float | None, nbytes: int = 80, **more: Any) -> Measurement:
    return dataclasses.replace(
        Measurement(transport, "to-child", nbytes, "fork", 1, seconds=seconds, verified=True),
        **more,
    )


@pytest.fixture(scope="module")
def validator() -> Any:
    kind = jsonschema.validators.validator_for(schema())
    kind.check_schema(schema())
    return kind(schema(), format_checker=kind.FORMAT_CHECKER)


def _json_types(hint: Any) -> set[str]:
    """Return the JSON types that a field of this type may have."""
    if get_origin(hint) is Literal:
        return {"string"}
    if get_origin(hint) is UnionType:
        return set().union(*map(_json_types, get_args(hint)))
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
    hints = get_type_hints(record)
    assert {name: _json_types(hint) for name, hint in hints.items()} == {
        name: _schema_types(value) for name, value in part["properties"].items()
    }
    assert part["required"] == list(hints)
    assert part["additionalProperties"] is False
    assert all(value["description"] for value in part["properties"].values())


def test_what_is_measured_fits_the_schema_and_comes_back(validator: Any) -> None:
    names = ["memcpy", "pipe", "process-argument", "pool-result"]
    measurements = [*compare(names, [800], repeat=2), made("broken", None, error="it broke")]
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
    document = json.loads(to_json(Comparison.of([made("pipe", 0.5)])))
    validator.validate(document)
    document["measurements"][0] |= change
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(document)


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"machine": {"speed": 1}}', "not JSON", '{"machine": 3}']
)
def test_another_document_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a document of measurements|Expecting value"):
        from_json(text)


def test_csv_has_a_line_for_each_and_nothing_for_what_is_not_known() -> None:
    measurements = [made("pipe", 0.5), made("broken", None, error='said "no", and died')]
    rows = list(csv.DictReader(io.StringIO(to_csv(measurements))))
    assert [row["transport"] for row in rows] == ["pipe", "broken"]
    assert rows[0]["seconds"] == "0.5"
    assert rows[0]["error"] == rows[1]["seconds"] == ""
    assert rows[1]["error"] == 'said "no", and died'


def test_the_fastest_is_first_and_those_that_failed_last() -> None:
    ranked = rank([made("x", None), made("pipe", 2.0), made("memcpy", 0.1), made("ndpipe", 0.25)])
    assert [(entry.measurement.transport, entry.of_pipe, entry.of_memcpy) for entry in ranked] == [
        ("memcpy", 20.0, 1.0),
        ("ndpipe", 8.0, 0.4),
        ("pipe", 1.0, 0.05),
        ("x", None, None),
    ]


def test_without_a_baseline_there_is_no_ratio() -> None:
    (entry,) = rank([made("ndpipe", 0.25)])
    assert entry.of_pipe is entry.of_memcpy is None


def test_only_one_size_and_direction_is_compared_at_a_time() -> None:
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
        ([(2, 1), (None, 1), (1, 2)], 800),  # what failed tells nothing
    ],
)
def test_the_crossover_is_where_the_lead_begins_that_lasts(
    times: list[tuple[float | None, float]], found: int | None
) -> None:
    measurements = [
        made(name, seconds, nbytes)
        for nbytes, pair in zip((8, 80, 800), times, strict=True)
        for name, seconds in zip(("shared-memory", "ndpipe"), pair, strict=True)
    ]
    measurements.reverse()
    assert crossover(measurements, "shared-memory", "ndpipe", "to-child") == found
    assert crossover(measurements, "shared-memory", "ndpipe", "from-child") is None
