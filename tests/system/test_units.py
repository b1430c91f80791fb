"""Sizes are read as people write them, and written as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndpipe._system.units import format_bytes, parse_bytes


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("8", 8),
        ("65536B", 65536),
        ("512MiB", 512 * 1024**2),
        ("1.5 GiB", 3 * 1024**3 // 2),
        ("1mb", 10**6),
        (" 2 k ", 2000),
        ("1TiB", 1024**4),
    ],
)
def test_sizes_are_read(text: str, size: int) -> None:
    """Decimal and binary units, in any case, with or without a space, are understood."""
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    "text", ["", "MiB", "-1MB", "1 iB", "1e6", "one", "5 PB", "0", "0.2", "nan"]
)
def test_what_is_not_a_size_is_refused(text: str) -> None:
    """Text without a number or with an unknown unit, and sizes below one byte, are errors."""
    with pytest.raises(ValueError, match=r"is not a size|less than one byte"):
        parse_bytes(text)


@given(st.integers(1, 2**50))
def test_what_is_written_can_be_read_back(size: int) -> None:
    """Formatting keeps at least two significant digits."""
    assert parse_bytes(format_bytes(size)) == pytest.approx(size, rel=0.01)


def test_a_size_never_rounds_up_to_1024_of_its_unit() -> None:
    """The next unit is used instead, and sizes of changes may be negative."""
    assert format_bytes(1024**2 - 1) == "1 MiB"
    assert format_bytes(1023) == "1023 B"
    assert format_bytes(-3 * 1024) == "-3 KiB"
