"""Contradictions between pages are found: each kind of claim is planted and caught."""

import pytest
from _ext.agreement import claims, contradictions, negative_shares

from ndpipe.compare import Comparison, Interval, Measurement
from ndpipe.experiments.ladder import report


def _made(name: str, seconds: float, nbytes: int = 32_000_000) -> Measurement:
    return Measurement(
        *(name, "to-child", nbytes, "fork"),
        repeats=6,
        verified=True,
        seconds=seconds,
        gigabytes_per_second=nbytes / seconds / 1e9,
        sender_cpu_seconds=0.1,
        receiver_cpu_seconds=0.1,
        sender_growth_bytes=nbytes,
        receiver_growth_bytes=nbytes,
        overhead_seconds=1e-6,
        samples=((seconds,) * 8,) * 3,
    )


def _comparison(ndpipe: float) -> Comparison:
    """Return a run in which ndpipe is so many times as fast as the Pipe."""
    return Comparison.of([_made("pipe", 0.1), _made("ndpipe", 0.1 / ndpipe)])


def _sentence(ndpipe: float) -> str:
    return f"<p>{_comparison(ndpipe).describe_ratio('ndpipe', 'pipe', 32_000_000)}</p>"


def _wrapped(ndpipe: float) -> str:
    return f"<pre>{report(_comparison(ndpipe), 'ndpipe', before='pipe')}</pre>"


def _table(ndpipe: float) -> str:
    return f"<pre>{_comparison(ndpipe).table()}</pre>"


def _role(ndpipe: float) -> str:
    ratio = _comparison(ndpipe).ratio("ndpipe", "pipe", 32_000_000)
    return f'<span class="ratio ratio_ndpipe_pipe_32000000_to-child">{ratio}</span>'


KINDS = [_sentence, _wrapped, _table, _role]


@pytest.mark.parametrize("one", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_two_pages_that_contradict_each_other_are_found(one: object, other: object) -> None:
    """12 times on one page and 59 times on another."""
    found = [*claims("a.html", one(12)), *claims("b.html", other(59))]  # type: ignore[operator]  # a parameter
    (said,) = contradictions(found)
    assert "a.html" in said
    assert "b.html" in said


@pytest.mark.parametrize("one", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_two_pages_that_agree_within_their_intervals_pass(one: object, other: object) -> None:
    """12 times and 12.5 times are the same."""
    found = [*claims("a.html", one(12)), *claims("b.html", other(12.5))]  # type: ignore[operator]  # a parameter
    assert len(found) == 2
    assert contradictions(found) == []


def test_other_sizes_are_other_claims() -> None:
    """12 times at 32 MB and 2 times at 1 MB do not contradict each other."""
    small = Comparison.of([_made("pipe", 0.1, 10**6), _made("ndpipe", 0.05, 10**6)])
    found = [*claims("a.html", _table(12)), *claims("a.html", f"<pre>{small.table()}</pre>")]
    assert len(found) == 2
    assert contradictions(found) == []


def test_a_negative_share_is_found() -> None:
    """A range, a date or an option is none."""
    html = '<div class="sphx-glr-script-out"><pre>{}</pre></div>'
    assert negative_shares(html.format("copies -4 %\nreads -12%")) == ["-4 %", "-12%"]
    assert negative_shares(html.format("90-95 %, 2026-11-23, 4%")) == []


def test_an_order_within_its_interval_is_not_asserted() -> None:
    """What a page asserts is beyond the interval: 4 % faster is a tie."""
    close = _comparison(1.04)
    assert close.ratio("ndpipe", "pipe", 32_000_000).overlaps(Interval(1, 1, 1))
    assert not close.is_faster("ndpipe", "pipe", 32_000_000)
    assert _comparison(1.4).is_faster("ndpipe", "pipe", 32_000_000)


def test_a_tie_is_said_in_words() -> None:
    """A sentence about two ways whose intervals overlap ends with it, and is read all the same."""
    assert _sentence(1.04).endswith(": tied</p>")
    assert "tied" not in _sentence(1.4)
    assert len(claims("a.html", _sentence(1.04))) == 1
