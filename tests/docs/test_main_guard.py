"""Code is shown without its guard, and is the same code."""

import pytest
from _ext.main_guard import without_guard

GUARDED = '''\
import a

if __name__ == "__main__":
    # before
    for i in range(3):
        print(i)

    text = """
    stays
"""
    # after

x = 1
'''
SHOWN = '''\
import a

# before
for i in range(3):
    print(i)

text = """
    stays
"""
# after

x = 1'''


def test_what_a_guard_holds_moves_to_the_left() -> None:
    """Comments move with it, the lines inside a string do not."""
    assert without_guard(GUARDED) == SHOWN


def test_a_guard_that_stands_alone() -> None:
    """Quotes do not matter, and each guard of a block is taken away."""
    guard = "if __name__ == '__main__':\n    f()\n"
    assert without_guard(guard + guard) == "f()\nf()"


@pytest.mark.parametrize(
    "code",
    [
        'if __name__ == "__main__":\n    f()\nelse:\n    g()',
        'if __name__ != "__main__":\n    f()',
        "if x:\n    f()",
        "",
    ],
)
def test_other_code_stays(code: str) -> None:
    """Only a guard without ``else`` is one."""
    assert without_guard(code) == code
