"""All the tests of connections, with the way that arrays take chosen for every one of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has another way"),
]
# Executed first in every process, the children of all start methods included.
NO_DESCRIPTOR = "splice._pipe2 = lambda *_: -1"
NO_LARGE_PIPE = "splice._PIPE_SIZE = (1 << 31) - 1"
WAYS = {
    "spliced": ("1", ""),
    "off": ("off", ""),
    "no descriptor": ("1", NO_DESCRIPTOR),
    "no large pipe": ("1", NO_LARGE_PIPE),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_test_passes(way: str, tmp_path: Path) -> None:
    """Spliced for every array, never, and where no pipe can be had: the same holds."""
    threshold, patch = WAYS[way]
    (tmp_path / "sitecustomize.py").write_text(f"from ndpipe._pipe import splice\n{patch}\n")
    paths = [str(tmp_path), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "NDPIPE_SPLICE_THRESHOLD": threshold,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    here = Path(__file__)
    # What is about the way itself chooses it, and sees it chosen.
    own = [here, here.with_name("test_splice.py"), here.with_name("test_speed.py")]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(here.parent)]
    command += [f"--ignore={path}" for path in own]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
