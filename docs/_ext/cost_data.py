"""What an array costs, from the record of measurements, for the page that asks."""

import re
from collections.abc import Iterable
from typing import Any

from ndpipe import format_bytes
from ndpipe.compare import DIRECTION_NAMES, Comparison, Interval, Measurement
from ndpipe.compare.ranking import MAIN
from ndpipe.transports import TRANSPORTS, Direction

#: What is shown first: what people choose between, and `recv_into`.
SHOWN = (*MAIN, "ndpipe-into")
_CAPACITY = re.compile(r"^(Pipe\(.*?\)) +[\d,]+ bytes, ([\d,]+) float64$", re.MULTILINE)
_UNITS = ((5e-4, 1e6, "µs"), (0.5, 1e3, "ms"), (float("inf"), 1.0, "s"))


def page_data(record: Comparison) -> dict[str, Any]:
    """Return what the page's script works with, in the form that it makes of a reader's own file.

    Parameters
    ----------
    record : Comparison

    Returns
    -------
    dict
        For JSON.
    """
    ways = _ways(record)
    return {
        "machine": str(record.machine),
        "memory_bytes": record.machine.memory_bytes,
        "date": record.date[:10],
        "titles": {name: TRANSPORTS[name].info.title for name in TRANSPORTS},
        "shown": list(SHOWN),
        "measurements": [
            {
                "transport": m.transport,
                "direction": m.direction,
                "nbytes": m.nbytes,
                "speed": [float(f"{s:.12g}") for s in (m.speed.value, m.speed.low, m.speed.high)],
                "sender": m.sender_growth_bytes,
                "receiver": m.receiver_growth_bytes,
            }
            for m in record.measurements
            if m.transport in ways and m.speed is not None
        ],
    }


def _ways(record: Comparison) -> list[str]:
    """Return the transports of the record that move an array, the shown ones first."""
    measured = {m.transport for m in record.measurements}
    moving = [name for name, kind in TRANSPORTS.items() if kind.info.family != "baseline"]
    return [name for name in dict.fromkeys([*SHOWN, *moving]) if name in measured]


def time_of(measurement: Measurement) -> str:
    """Return the time of a measurement with its interval, rounded as a speed is.

    Parameters
    ----------
    measurement : Measurement
        Without an error.

    Returns
    -------
    str

    Examples
    --------
    >>> from ndpipe.compare import Measurement
    >>> times = (0.010, 0.011, 0.012, 0.010, 0.011, 0.013)
    >>> time_of(Measurement("pipe", "to-child", 8000, "fork", samples=(times,)))
    '11 (5 to 22) ms'
    """
    speed = measurement.speed
    if speed is None:
        raise ValueError(f"nothing was measured: {measurement.error}")
    gigabytes = measurement.nbytes / 1e9
    value = gigabytes / speed.value
    scale, unit = next((scale, unit) for limit, scale, unit in _UNITS if value < limit)
    times = Interval(*(scale * gigabytes / s for s in (speed.value, speed.high, speed.low)))
    return f"{times} {unit}"


def table(record: Comparison, direction: Direction) -> list[list[str]]:
    """Return the measured costs, a row for each way, under a row of sizes.

    Parameters
    ----------
    record : Comparison
    direction : {"to-child", "from-child"}

    Returns
    -------
    list of list of str
        A cell has the time with its interval, and the peak memory in multiples of the array; it is
        empty where that size was not measured.
    """
    chosen = record.select(direction=direction).measurements
    sizes = sorted({m.nbytes for m in chosen})
    rows = [[DIRECTION_NAMES[direction], *(format_bytes(n, decimal=True) for n in sizes)]]
    for name in _ways(record):
        found = {m.nbytes: m for m in chosen if m.transport == name and m.speed is not None}
        if found:
            cells = [_cell(found[size]) if size in found else "" for size in sizes]
            rows.append([TRANSPORTS[name].info.title, *cells])
    return rows


def _cell(measurement: Measurement) -> str:
    copies = measurement.copies
    parts = [time_of(measurement), *([] if copies is None else [f"{1 + copies:.1f} arrays"])]
    # A line ends between the two figures and in neither.
    return ", ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts)


def capacities(output: str) -> dict[str, int]:
    """Return the largest array, in bytes, that each kind of Pipe takes before `send` blocks.

    Parameters
    ----------
    output : str
        What the page printed that measured it.

    Returns
    -------
    dict
        From the call that makes the pipe to a number of bytes.

    Examples
    --------
    >>> capacities("Pipe()  219,264 bytes, 27,389 float64")
    {'Pipe()': 219112}
    """
    return {kind: 8 * int(n.replace(",", "")) for kind, n in _CAPACITY.findall(output)}


def limits(capacity: dict[str, int]) -> Iterable[tuple[int, str, str]]:
    """Yield the limits that people meet: bytes, what happens beyond them, the page that ran it.

    Parameters
    ----------
    capacity : dict
        As :func:`capacities` returns it.

    Yields
    ------
    tuple of (int, str, str)
    """
    measured = "/auto_examples/3_measurements/plot_5_when_send_blocks"
    for kind, size in sorted(capacity.items(), key=lambda item: item[1]):
        yield size, f"``send`` on ``{kind}`` waits until somebody receives", measured
    ran = "/auto_examples/1_first_steps/plot_4_size_limit"
    wire = "/auto_examples/2_in_practice/plot_10_on_the_wire"
    shared = "/auto_examples/2_in_practice/plot_11b_when_shared_memory_breaks"
    yield 32 * 2**20, "a warning in Python's documentation; nothing happens on Linux", ran
    yield (
        64 * 2**20,
        "more than ``/dev/shm`` of a usual container; only shared memory fails",
        shared,
    )
    yield 2**31 - 1, "a longer header on the wire; Pythons before 3.8 fail", wire
    yield 2**32 - 1, "pickle protocols below 4 fail; no Pipe uses them today", "/explanation/limits"
