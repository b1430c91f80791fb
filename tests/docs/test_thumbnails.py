"""A diagram in the colours of the dark theme."""

from pathlib import Path

import pytest
from _ext.thumbnails import recoloured

DIAGRAMS = sorted((Path(__file__).parents[2] / "docs/_static/thumbnails").glob("*.svg"))


@pytest.mark.parametrize("diagram", DIAGRAMS, ids=lambda diagram: diagram.stem)
def test_a_diagram_has_a_dark_twin(diagram: Path) -> None:
    """Its ground is dark, parent and child are lighter, and the drawing is the same."""
    light = diagram.read_text("utf-8")
    dark = recoloured(light)
    assert 'fill="#fff"' in light
    assert 'fill="#fff"' not in dark
    assert "#2a7fbf" not in dark
    assert dark.count("<") == light.count("<")


def test_a_colour_that_has_no_dark_one_is_an_error() -> None:
    """A diagram keeps to the colours of the diagrams."""
    with pytest.raises(KeyError):
        recoloured('<path fill="#123456"/>')
