"""Take functions out of a module with all they need, so that they run where they are pasted."""

import ast
import sys
from collections.abc import Iterable
from typing import NamedTuple

Definition = ast.FunctionDef | ast.ClassDef


class Import(NamedTuple):
    """One imported name: ``from module import name as alias``, or ``import name as alias``."""

    module: str | None
    name: str
    alias: str | None

    @property
    def bound(self) -> str:
        """The name that the import makes."""
        return self.alias or (self.name if self.module else self.name.split(".")[0])


class Extract(NamedTuple):
    """Definitions, and the imports that they use."""

    imports: set[Import]
    definitions: list[str]

    def __str__(self) -> str:
        """Return the source, imports first."""
        parts = [formatted(self.imports)] if self.imports else []
        return "\n\n\n".join([*parts, *self.definitions]) + "\n"


def imports_of(statement: ast.stmt) -> list[Import]:
    """Return the names that a statement imports, none where it is no import."""
    if isinstance(statement, ast.Import):
        return [Import(None, alias.name, alias.asname) for alias in statement.names]
    if isinstance(statement, ast.ImportFrom) and statement.module:
        return [Import(statement.module, alias.name, alias.asname) for alias in statement.names]
    return []


def formatted(imports: Iterable[Import]) -> str:
    """Write imports down, sorted: standard library, third-party, ndpipe."""
    lines: dict[int, list[str]] = {}
    names: dict[str, list[Import]] = {}
    for item in sorted(imports, key=lambda item: (item.name.lower(), item.alias or "")):
        if item.module is None:
            line = f"import {item.name}" + (f" as {item.alias}" if item.alias else "")
            lines.setdefault(_group(item.name), []).append(line)
        else:
            names.setdefault(item.module, []).append(item)
    for module in sorted(names, key=str.lower):
        # Constants, classes, functions.
        ordered = sorted(names[module], key=lambda i: (not i.name.isupper(), i.name[:1].islower()))
        listed = ", ".join(i.name + (f" as {i.alias}" if i.alias else "") for i in ordered)
        lines.setdefault(_group(module), []).append(f"from {module} import {listed}")
    return "\n\n".join("\n".join(lines[group]) for group in sorted(lines))


def _group(module: str) -> int:
    top = module.split(".")[0]
    return 0 if top in sys.stdlib_module_names else 2 if top == "ndpipe" else 1


def standalone(source: str, *names: str) -> Extract:
    """Extract functions with the imports and definitions of their module that they use.

    Parameters
    ----------
    source : str
        A module.
    *names : str
        Functions, classes or constants at its top level.

    Returns
    -------
    Extract
        Definitions in the module's order, without docstrings.

    Raises
    ------
    LookupError
        If the module does not define a name.
    """
    tree = ast.parse(source)
    imported = {item.bound: item for statement in tree.body for item in imports_of(statement)}
    defined = {name: node for node in tree.body for name in _defined(node)}
    imports: set[Import] = set()
    wanted: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop()
        if name not in defined:
            raise LookupError(f"no function or class {name!r}")
        wanted.add(name)
        for node in ast.walk(defined[name]):
            if isinstance(node, ast.Name) and node.id in imported:
                imports.add(imported[node.id])
            elif isinstance(node, ast.Name) and node.id in defined and node.id not in wanted:
                queue.append(node.id)
    lines = source.splitlines()
    return Extract(
        imports,
        [
            "\n".join(lines[number - 1] for number in lines_without_docstring(node))
            for node in tree.body
            if wanted & set(_defined(node))
        ],
    )


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, Definition):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def lines_without_docstring(node: ast.stmt) -> list[int]:
    """Return the lines of a statement, from 1, those of docstrings left out."""
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    lines = set(range(first, (node.end_lineno or first) + 1))
    for inner in ast.walk(node):
        if isinstance(inner, Definition) and ast.get_docstring(inner):
            docstring = inner.body[0]
            lines -= set(range(docstring.lineno, (docstring.end_lineno or 0) + 1))
    return sorted(lines)


def find(source: str, name: str) -> Definition:
    """Return a function or class of a module; a method is named ``Class.method``.

    Raises
    ------
    LookupError
        If the module does not define it.
    """
    body = ast.parse(source).body
    for part in name.split("."):
        found = [n for n in body if isinstance(n, Definition) and n.name == part]
        if not found:
            raise LookupError(f"no function or class {part!r}")
        body = found[0].body
    return found[0]
