"""Measurements as text: tables of at most 80 columns."""

import statistics
import textwrap
from collections.abc import Iterable

from ndpipe._system.units import format_bytes, format_seconds
from ndpipe.compare._interval import Interval
from ndpipe.compare._measurement import DIRECTION_NAMES, Measurement
from ndpipe.compare.ranking import REFERENCE, Ranked, groups, rank
from ndpipe.transports import TRANSPORTS

__all__ = ["format_differences", "format_table", "summary"]

_ROW = "{:>3} {:17} {:>20} {:>20} {:>6} {:>9}"
_NOTE = """\
=: tied with the numbered row above: intervals overlap. (low to high): where
another run is expected. CPU: seconds of both processes. Memory: growth of the
peak of sender and receiver, in multiples of the array."""


def format_table(measurements: Iterable[Measurement]) -> str:
    """Return measurements as text, a table for each size and direction, the fastest first.

    Parameters
    ----------
    measurements : iterable of Measurement

    Returns
    -------
    str
        Lines of at most 80 characters.

    Examples
    --------
    >>> from ndpipe.compare import compare
    >>> from ndpipe.compare.tables import format_table
    >>> table = format_table(compare(["pipe"], [80_000], repeat=3).measurements)
    >>> table.splitlines()[0]
    '80 kB, parent to child'
    """
    parts = []
    for (nbytes, direction), group in groups(measurements).items():
        ranked = rank(group)
        lines = [f"{format_bytes(nbytes, decimal=True)}, {DIRECTION_NAMES[direction]}"]
        lines.append(_ROW.format("", "", "GB/s", "times Pipe", "CPU/GB", "memory"))
        last = None
        for entry in ranked:
            lines.append(_line(entry, tied=entry.place is not None and entry.place == last))
            last = entry.place
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, _NOTE + _overhead(measurements)])


def _line(entry: Ranked, *, tied: bool) -> str:
    m = entry.measurement
    if m.seconds is None:
        return f"    {m.transport:17} {m.error}"
    grown = m.sender_growth_bytes or 0, m.receiver_growth_bytes or 0
    return _ROW.format(
        "=" if tied else entry.place or "",
        m.transport,
        _figure(m.speed),
        "1" if m.transport == REFERENCE else _figure(entry.speedup_vs_pipe),
        f"{m.cpu_seconds_per_gigabyte:.2g}",
        " ".join(f"+{growth / m.nbytes:.1f}" for growth in grown),
    )


def _figure(interval: Interval | None) -> str:
    return "-" if interval is None else str(interval)


def _overhead(measurements: Iterable[Measurement]) -> str:
    measured = [m for m in measurements if m.seconds and m.overhead_seconds is not None]
    if not measured:
        return ""
    own = statistics.median(m.overhead_seconds or 0.0 for m in measured)
    shortest = min(m.seconds or 0.0 for m in measured)
    share = f"{100 * own / shortest:.1g} % of the shortest time"
    return f"\nThe harness itself adds {format_seconds(own)}, {share}."


def summary(measurements: Iterable[Measurement]) -> str:
    """Return the result in words, a sentence for the largest size in each direction.

    Parameters
    ----------
    measurements : iterable of Measurement

    Returns
    -------
    str
        Lines of at most 80 characters; empty if nothing was measured.
    """
    sentences = []
    found = groups(measurements)
    largest = max((nbytes for nbytes, _ in found), default=0)
    for (nbytes, direction), group in found.items():
        ranked = [
            entry
            for entry in rank(group)
            if entry.place and _family(entry.measurement) not in {"baseline", "at start"}
        ]
        if nbytes != largest or not ranked:
            continue
        first = [entry.measurement.transport for entry in ranked if entry.place == ranked[0].place]
        text = f"{format_bytes(nbytes, decimal=True)}, {DIRECTION_NAMES[direction]}: fastest "
        text += f"{'are' if len(first) > 1 else 'is'} {_and(first)}"
        if (ratio := ranked[0].speedup_vs_pipe) and first[0] != REFERENCE:
            text += f"; {first[0]} is {ratio} times as fast as pipe"
        sentences.append(textwrap.fill(f"{text}.", 80))
    return "\n".join(sentences)


def _family(measurement: Measurement) -> str | None:
    kind = TRANSPORTS.get(measurement.transport)
    return kind.info.family if kind else None


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}, tied"


def format_differences(here: Iterable[Measurement], there: Iterable[Measurement]) -> str:
    """Return the ratios to the standard Pipe of two runs, side by side.

    Parameters
    ----------
    here, there : iterable of Measurement
        Two runs; what only one of them has is left out.

    Returns
    -------
    str
        Lines of at most 80 characters.
    """
    other, parts = groups(there), []
    row = "{:18} {:>24} {:>24}  {}"
    for key, group in groups(here).items():
        theirs = {entry.measurement.transport: entry for entry in rank(other.get(key, []))}
        lines = []
        for entry in rank(group):
            name = entry.measurement.transport
            ours, saved = entry.speedup_vs_pipe, theirs.get(name)
            if ours is None or saved is None or saved.speedup_vs_pipe is None:
                continue
            verdict = "" if ours.overlaps(saved.speedup_vs_pipe) else "differs"
            if name != REFERENCE:
                lines.append(row.format(name, str(ours), str(saved.speedup_vs_pipe), verdict))
        if lines:
            nbytes, direction = key
            where = f"{format_bytes(nbytes, decimal=True)}, {DIRECTION_NAMES[direction]}"
            head = row.format("times Pipe", "here", "saved", "").rstrip()
            parts.append("\n".join([where, head, *lines]))
    return "\n\n".join(parts) or "the two runs have no size in common"
