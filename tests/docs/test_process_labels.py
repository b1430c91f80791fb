"""Marked text is split into the lines of parent and child."""

import pytest
from _ext.capture import PARENT_MARK as P
from _ext.process_labels import parse


@pytest.mark.parametrize(
    ("captured", "runs"),
    [
        ("", []),
        (f"{P}a\n{P}b\n", [("parent", "a\nb\n")]),
        (f"{P}a\nb\n{P}c", [("parent", "a\n"), ("child", "b\n"), ("parent", "c")]),
        (f"half a line{P}a\n", [("child", "half a line\n"), ("parent", "a\n")]),
        (f"{P}\n\n{P}\n", [("parent", "\n"), ("child", "\n"), ("parent", "\n")]),
        (f"{P}a\rb\u2028c\n", [("parent", "a\rb\u2028c\n")]),
        (f"{P}  indented\n", [("parent", "  indented\n")]),
    ],
)
def test_runs(captured: str, runs: list[tuple[str, str]]) -> None:
    """Marks end at the line, and a child's unfinished line is its own."""
    assert parse(captured) == runs
