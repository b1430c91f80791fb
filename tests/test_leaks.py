"""The fixture that every test leans on does see a leak."""

import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

LEAKS = {
    "children": "subprocess.Popen(['sleep', '60'])",
    "descriptors": "os.dup(1)",
    "threads": "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    "shared memory": "open(name, 'w').close()",
}


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="the kinds are those of Linux")  # noqa: S108 - of this test's own name
def test_each_kind_of_leak_is_an_error_with_its_name(
    pytester: pytest.Pytester, request: pytest.FixtureRequest
) -> None:
    """A test that leaves something behind passes and ends in an error; a clean one only passes."""
    segment = Path(f"/dev/shm/ndpipe-leak-{pytester.path.name}")  # noqa: S108 - of this test's own name
    request.addfinalizer(lambda: segment.unlink(missing_ok=True))
    conftest = Path(__file__).with_name("conftest.py").read_text("utf-8")
    quick, changed = re.subn(r"^(\w*GRACE) = [\d.]+$", r"\1 = 0.3", conftest, flags=re.MULTILINE)
    assert changed == 2
    pytester.makeconftest(quick)
    tests = [
        f"def test_{number}():\n    kept.append({leak})\n"
        for number, leak in enumerate([*LEAKS.values(), "None"])
    ]
    head = f"import os, subprocess, threading, time\nname, kept = {str(segment)!r}, []\n"
    pytester.makepyfile(head + "".join(tests))
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", timeout=60)
    result.assert_outcomes(passed=len(LEAKS) + 1, errors=len(LEAKS))
    result.stdout.fnmatch_lines([f"*left behind: *{kind}*" for kind in LEAKS])
