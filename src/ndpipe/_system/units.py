"""Parse and format sizes in bytes and times in seconds."""

import re

__all__ = ["format_bytes", "format_seconds", "parse_bytes"]

_POWERS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4}


def parse_bytes(text: str) -> int:
    """Return the number of bytes that `text` names.

    Parameters
    ----------
    text : str
        A number and a unit: ``512MiB`` and ``1.5 GiB`` count in powers of 1024, ``1MB`` and
        ``1.5 GB`` in powers of 1000, ``65536`` and ``65536B`` in bytes. Case is ignored.

    Returns
    -------
    int
        The size in bytes, at least 1.

    Raises
    ------
    ValueError
        If `text` is not a size; the message says how to write one.

    See Also
    --------
    format_bytes : The inverse, rounded.

    Examples
    --------
    >>> from ndpipe._system.units import parse_bytes
    >>> parse_bytes("32MiB"), parse_bytes("32MB")
    (33554432, 32000000)
    >>> parse_bytes("large")
    Traceback (most recent call last):
        ...
    ValueError: 'large' is not a size: write a number and a unit, such as 512MiB or 1.5GB
    """
    match = re.fullmatch(r"\s*(\d+\.?\d*)\s*([KMGT]?)(I?)B?\s*", text, re.IGNORECASE)
    prefix, binary = (match[2].upper(), match[3]) if match else ("", "")
    if match is None or (binary and not prefix):
        raise ValueError(
            f"{text!r} is not a size: write a number and a unit, such as 512MiB or 1.5GB"
        )
    scale: int = (1024 if binary else 1000) ** _POWERS[prefix]
    size = round(float(match[1]) * scale)
    if size < 1:
        raise ValueError(f"{text!r} is less than one byte")
    return size


def format_bytes(size: float, *, decimal: bool = False) -> str:
    """Return `size` for reading, in the largest unit that keeps it at 1 or more.

    Parameters
    ----------
    size : float
        A number of bytes; a negative one, such as memory given back, keeps its sign.
    decimal : bool, optional
        Count in powers of 1000 (kB, MB, GB) and not of 1024 (KiB, MiB, GiB).

    Returns
    -------
    str
        Three or four significant digits and a unit; whole numbers without a fraction.

    See Also
    --------
    parse_bytes : The inverse.

    Examples
    --------
    >>> from ndpipe._system.units import format_bytes
    >>> [format_bytes(n) for n in (0, 1000, 1536, 32 * 1024**2, 800e6)]
    ['0 B', '1000 B', '1.5 KiB', '32 MiB', '763 MiB']
    >>> [format_bytes(n, decimal=True) for n in (1000, 1_500_000, 800e6)]
    ['1 kB', '1.5 MB', '800 MB']
    """
    base = 1000 if decimal else 1024
    units = ["B", "kB", "MB", "GB", "TB"] if decimal else ["B", "KiB", "MiB", "GiB", "TiB"]
    # The next unit takes over where this one would be rounded up to it.
    while abs(size) >= base - 0.5 and len(units) > 1:
        size /= base
        units.pop(0)
    return f"{_three_digits(size)} {units[0]}"


def format_seconds(seconds: float) -> str:
    """Return a time for reading, in seconds, ms or µs.

    Parameters
    ----------
    seconds : float
        A time in seconds.

    Returns
    -------
    str
        Three or four significant digits and a unit; whole numbers without a fraction.

    See Also
    --------
    format_bytes : The same for sizes.

    Examples
    --------
    >>> from ndpipe._system.units import format_seconds
    >>> [format_seconds(t) for t in (0, 4e-6, 0.0123, 0.9999, 75)]
    ['0 µs', '4 µs', '12.3 ms', '1 s', '75 s']
    """
    units = ["µs", "ms", "s"]
    time = seconds * 1e6
    while abs(time) >= 999.5 and len(units) > 1:
        time /= 1000
        units.pop(0)
    return f"{_three_digits(time)} {units[0]}"


def _three_digits(number: float) -> str:
    digits = 0 if abs(number) >= 100 else 1 if abs(number) >= 10 else 2
    text = f"{number:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
