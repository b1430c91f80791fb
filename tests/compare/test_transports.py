"""Each transport moves every byte, in each direction and under each start method it claims."""

import platform
from typing import Any

import pytest

from ndpipe.compare import Measurement, _entry, compare
from ndpipe.compare.plots import COLOURS
from ndpipe.transports import TRANSPORTS, available, find

# Larger than any pipe's buffer and than joblib's threshold, and no multiple of a page.
NBYTES = 8 * 100_003


def _compare(*arguments: Any, **options: Any) -> tuple[Measurement, ...]:
    return compare(*arguments, **options).measurements


@pytest.mark.timeout(300)
def test_every_transport_moves_every_byte_in_each_direction(start_method: str) -> None:
    """No transport has an error, and each is measured in the directions that it declares."""
    kinds = available(start_method)
    # What is left out is for another start method or system: all are installed in the tests.
    for info in (kind.info for kind in TRANSPORTS.values() if kind not in kinds):
        assert start_method not in info.start_methods or platform.system() not in info.platforms
    measured = {
        (m.transport, m.direction): m
        for m in _compare(kinds, [NBYTES], start_method=start_method, repeat=2, timeout=30)
    }
    assert {key: m.error for key, m in measured.items() if m.error} == {}
    assert set(measured) == {(k.info.name, way) for k in kinds for way in k.info.directions}
    for m in measured.values():
        assert m.verified
        assert m.repeats == 2
        assert m.start_method == start_method


@pytest.mark.parametrize("nbytes", [8, 8 * 1021, 8 * 1022])
def test_small_arrays_too(nbytes: int) -> None:
    """From one value on, around the rows of the checksum; a size is rounded down."""
    names = ["memcpy", "pipe", "ndpipe-into", "shared-memory-new", "process-argument"]
    for m in _compare(names, [nbytes + 7], repeat=1, timeout=30):
        assert (m.transport, m.error, m.nbytes) == (m.transport, None, nbytes)


def test_every_transport_declares_its_properties() -> None:
    """Names are unique, families have colours, memory is plausible."""
    for name, kind in TRANSPORTS.items():
        info = kind.info
        assert info.name == name
        assert info.family in COLOURS
        assert info.directions
        assert info.writeable
        assert info.cleanup
        peak, kept = info.memory
        assert 0 <= kept <= peak
        assert kind.__doc__
    assert len({kind.info.title for kind in TRANSPORTS.values()}) == len(TRANSPORTS)


def test_a_transport_that_cannot_be_used_here_is_left_out_by_default() -> None:
    """Inheritance needs fork."""
    assert not set(find(["inherited-global"])) & set(available("spawn"))


def test_a_transport_that_cannot_be_used_here_is_an_error_if_asked_for() -> None:
    """The error says what it needs."""
    (row,) = _compare(
        ["inherited-global"], [NBYTES], directions=["to-child"], start_method="spawn", repeat=1
    )
    assert row.error == "only under fork, not spawn"
    assert not row.verified
    assert row.seconds is None


def test_a_transport_that_is_not_installed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says how to install it."""
    monkeypatch.setattr("ndpipe.transports.base.find_spec", lambda _: None)
    (row,) = _compare(["pyzmq"], [NBYTES], directions=["from-child"], repeat=1)
    assert row.error == "zmq not installed; the extra 'third-party' brings it"
    assert "pyzmq" not in {kind.info.name for kind in available("fork")}


def test_memory_that_would_not_be_there_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Transports that fit are measured; the error of the others says what they need."""
    monkeypatch.setattr(_entry, "available_memory", lambda: 200 * 1024**2)
    rows: dict[str, Measurement] = {
        m.transport: m
        for m in _compare(["manager", "ndpipe"], [32_000_000], directions=["to-child"], repeat=1)
    }
    assert rows["manager"].error == "not tried: needs about 324 MiB, 200 MiB is free"
    assert rows["ndpipe"].error is None
