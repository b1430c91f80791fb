"""What the page *What will my array cost?* works with."""

import json
from pathlib import Path

from _ext.cost_data import capacities, limits, page_data, table, time_of

from ndpipe.compare import Comparison, Interval, Measurement

TIMES = ((0.010, 0.011, 0.012, 0.010), (0.011, 0.013, 0.012, 0.011))


def _measured(transport: str, nbytes: int = 8_000_000, **figures: int) -> Measurement:
    return Measurement(
        transport,
        "to-child",
        nbytes,
        "fork",
        seconds=0.011,
        verified=True,
        samples=TIMES,
        **figures,
    )


def test_the_data_is_json_without_rungs_and_errors() -> None:
    """A transport that was not measured, and what moves no array, is not offered."""
    failed = Measurement("queue", "to-child", 8_000_000, "fork", error="timed out")
    record = Comparison.of([_measured("pipe"), _measured("memcpy"), _measured("no-such"), failed])
    data = json.loads(json.dumps(page_data(record)))
    assert [m["transport"] for m in data["measurements"]] == ["pipe"]
    assert data["titles"]["pipe"] == "Pipe"
    assert data["machine"] == str(record.machine)


def test_a_time_and_the_speed_it_comes_from_have_one_interval() -> None:
    """The shortest time is the highest speed."""
    measurement = _measured("pipe")
    speed = measurement.speed
    assert speed is not None
    value, shortest, longest = (8 / s for s in (speed.value, speed.high, speed.low))
    assert time_of(measurement) == f"{Interval(value, shortest, longest)} ms"


def test_a_table_has_a_row_for_each_way_and_a_column_for_each_size() -> None:
    """A size that was not measured for a way leaves its cell empty."""
    grown = {"sender_growth_bytes": 16_000_000, "receiver_growth_bytes": 8_000_000}
    record = Comparison.of([_measured("pipe", **grown), _measured("queue", 1_000_000)])
    header, pipe, queue = table(record, "to-child")
    assert header == ["parent to child", "1 MB", "8 MB"]
    assert pipe[:2] == ["Pipe", ""]
    assert pipe[2].endswith("4.0\N{NO-BREAK SPACE}arrays")
    assert (queue[0], queue[2]) == ("Queue", "")


def test_limits_begin_with_the_capacities_that_a_page_printed() -> None:
    """In ascending order, each with a page that exists among the sources."""
    printed = (
        "Pipe()   219,264 bytes, 27,389 float64\nPipe(duplex=False)   65,532 bytes, 8,172 float64"
    )
    found = list(limits(capacities(printed)))
    sizes = [size for size, _, _ in found]
    assert sizes == sorted(sizes)
    assert sizes[:2] == [8 * 8172, 8 * 27_389]
    root = Path(__file__).parents[2]
    for _, _, page in found:
        written, generated = f"docs{page}.md", f"{page.replace('/auto_examples', 'examples')}.py"
        assert (root / written).exists() or (root / generated).exists(), page
