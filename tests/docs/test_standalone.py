"""What is taken out of a module runs where it is pasted, and holds nothing else."""

import ast
import builtins
import dis
import inspect
from types import CodeType

import pytest
from _ext.standalone import Import, find, formatted, lines_without_docstring, standalone

from ndpipe import tasks

SOURCE = '''
import os
import numpy as np
from x import (
    a,
    B as b,
)

LIMIT = 3

@a
def f(
    n,
):
    """One.

    Two.
    """
    return helper(n)


def g():
    return 1


def helper(n):
    """Help."""
    return np.ones(n + LIMIT)
'''


def test_the_docstring_is_left_out() -> None:
    """The lines of a function are its decorators, its head and its body."""
    assert lines_without_docstring(find(SOURCE, "f")) == [11, 12, 13, 14, 19]
    assert lines_without_docstring(find(SOURCE, "g")) == [22, 23]


@pytest.mark.parametrize("take", [find, standalone])
def test_an_unknown_name_is_refused(take: object) -> None:
    """A name that the module does not define is an error that names it."""
    assert callable(take)
    with pytest.raises(LookupError, match="no function or class 'h'"):
        take(SOURCE, "h")


def test_what_a_function_uses_comes_with_it() -> None:
    """Imports, constants and functions that it needs are extracted, others are not."""
    extract = standalone(SOURCE, "f")
    assert extract.imports == {Import(None, "numpy", "np"), Import("x", "a", None)}
    names = [definition.split("(")[0] for definition in extract.definitions]
    assert names == ["LIMIT = 3", "@a\ndef f", "def helper"]
    assert str(standalone(SOURCE, "g")) == "def g():\n    return 1\n"


def test_imports_are_sorted_as_a_linter_wants_them() -> None:
    """Standard library, third-party and ndpipe; a module's names on one line."""
    imports = [
        Import("ndpipe", "Pipe", None),
        Import("x", "b", None),
        Import("x", "A", "z"),
        Import(None, "numpy", "np"),
        Import("os", "path", None),
        Import(None, "sys", None),
        Import(None, "os.path", None),
    ]
    assert formatted(imports).splitlines() == [
        "import os.path",
        "import sys",
        "from os import path",
        "",
        "import numpy as np",
        "from x import A as z, b",
        "",
        "from ndpipe import Pipe",
    ]


def _globals(code: CodeType) -> set[str]:
    found = {i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"}
    return found.union(*(_globals(inner) for inner in code.co_consts if inspect.iscode(inner)))


@pytest.mark.parametrize("name", tasks.__all__)
def test_a_task_can_be_pasted(name: str) -> None:
    """Its source as a page shows it is complete, and uses no private helper."""
    module = inspect.getmodule(getattr(tasks, name))
    assert module is not None
    source = str(standalone(inspect.getsource(module), name))
    names: dict[str, object] = {}
    exec(source, names)  # noqa: S102 - runs what the page shows
    assert callable(names[name])
    assert _globals(compile(source, name, "exec")) <= {*names, *dir(builtins)}
    defined = [node.name for node in ast.parse(source).body if hasattr(node, "name")]
    assert not [name for name in defined if name.startswith("_")]
