"""What the tests of the site's helpers share."""

from pathlib import Path

import pytest
from tests.docs.gallery import Gallery


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    """Make a gallery under the default start method."""
    return Gallery(tmp_path / "project")
