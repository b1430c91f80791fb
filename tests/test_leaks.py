"""The fixture that every test leans on does see a leak."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

LEAKS = {
    "children": "subprocess.Popen(['sleep', '60'])",
    "descriptors": "os.dup(1)",
    "threads": "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    "shared memory": "open(name, 'w').close()",
}


@pytest.mark.parametrize("kind", LEAKS)
def test_a_leak_is_an_error_with_its_name(
    kind: str, pytester: pytest.Pytester, request: pytest.FixtureRequest
) -> None:
    segment = Path(f"/dev/shm/ndpipe-leak-{pytester.path.name}")  # noqa: S108
    request.addfinalizer(lambda: segment.unlink(missing_ok=True))
    pytester.makeconftest((Path(__file__).parent / "conftest.py").read_text().replace("+ 5", "+ 1"))
    pytester.makepyfile(f"""
        import os, subprocess, threading, time
        name = {str(segment)!r}
        def test_leaks():
            global child
            child = {LEAKS[kind]}
        def test_clean():
            pass
    """)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", timeout=60)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines([f"*left behind: *{kind}*"])
