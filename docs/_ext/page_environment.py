"""Each page begins with the environment variables that the build began with.

The pages of a build run in one process, and whatever a library sets there is inherited by all that
later pages start. Dask, for one, sets what ``malloc`` does, and with it the speed of a Pipe.
"""

import os
from functools import cache
from typing import Any


def restore(_: dict[str, Any], page: str | None) -> None:  # noqa: ARG001 - sphinx-gallery's call
    """Take back what a page has changed; sphinx-gallery calls this before each."""
    before = _environment()
    os.environ.clear()
    os.environ.update(before)


@cache
def _environment() -> dict[str, str]:
    return dict(os.environ)
