"""Each transport moves every byte, in each direction and under each start method it claims."""

import pytest

from ndpipe import compare as comparing
from ndpipe.compare import Measurement, compare
from ndpipe.plots import COLOURS
from ndpipe.transports import TRANSPORTS, available, find

# Larger than any pipe's buffer and than joblib's threshold, and no multiple of a page.
NBYTES = 8 * 100_003


@pytest.mark.timeout(300)
def test_every_transport_moves_every_byte_in_each_direction(start_method: str) -> None:
    kinds = available(start_method)
    assert len(kinds) >= len(TRANSPORTS) - 1  # but for fork's own, all are there in the tests
    measured = {
        (m.transport, m.direction): m
        for m in compare(kinds, [NBYTES], start_method=start_method, repeat=2, timeout=30)
    }
    assert {key: m.error for key, m in measured.items() if m.error} == {}
    assert set(measured) == {(k.facts.name, way) for k in kinds for way in k.facts.directions}
    for m in measured.values():
        assert m.verified
        assert m.repeats == 2
        assert m.start_method == start_method


@pytest.mark.parametrize("nbytes", [8, 8 * 1021, 8 * 1022])
def test_small_arrays_too(nbytes: int) -> None:
    names = ["memcpy", "pipe", "ndpipe-into", "shared-memory-new", "process-argument"]
    for m in compare(names, [nbytes + 7], repeat=1, timeout=30):
        assert (m.transport, m.error, m.nbytes) == (m.transport, None, nbytes)


def test_every_transport_declares_what_it_is() -> None:
    for name, kind in TRANSPORTS.items():
        facts = kind.facts
        assert facts.name == name
        assert facts.family in COLOURS
        assert facts.directions
        assert facts.writeable
        assert facts.cleanup
        peak, kept = facts.memory
        assert 0 <= kept <= peak
        assert kind.__doc__
    assert len({kind.facts.title for kind in TRANSPORTS.values()}) == len(TRANSPORTS)


def test_what_cannot_be_used_here_is_left_out_by_default() -> None:
    assert not set(find(["inherited-global"])) & set(available("spawn"))


def test_what_cannot_be_used_here_is_a_row_when_it_is_asked_for() -> None:
    (row,) = compare(
        ["inherited-global"], [NBYTES], directions=["to-child"], start_method="spawn", repeat=1
    )
    assert row.error == "only under fork, not spawn"
    assert not row.verified
    assert row.seconds is None


def test_a_transport_that_is_not_installed_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ndpipe.transports.base.find_spec", lambda _: None)
    (row,) = compare(["pyzmq"], [NBYTES], directions=["from-child"], repeat=1)
    assert row.error == "zmq not installed; the extra 'peers' brings it"
    assert "pyzmq" not in {kind.facts.name for kind in available("fork")}


def test_memory_that_would_not_be_there_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The modest ones are measured, the others are rows that say what they would need."""
    monkeypatch.setattr(comparing, "available_memory", lambda: 200 * 1024**2)
    rows: dict[str, Measurement] = {
        m.transport: m
        for m in compare(["manager", "ndpipe"], [32_000_000], directions=["to-child"], repeat=1)
    }
    assert rows["manager"].error == "not tried: needs about 324 MiB, 200 MiB is free"
    assert rows["ndpipe"].error is None
