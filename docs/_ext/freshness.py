"""Run a page again when what it was made from has changed.

sphinx-gallery looks at the page's own file. A page also shows what the package did, on this
machine, with these versions: when one of them has changed, the page may be wrong.
"""

import ast
import hashlib
import os
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.typing import ExtensionMetadata

from ndpipe import describe_machine

logger = logging.getLogger(__name__)


def modules_used(source: str, package: Path) -> set[Path]:
    """Return the package's files that a piece of code can be affected by.

    Parameters
    ----------
    source : str
        A page or a module.
    package : pathlib.Path
        The package's folder, named as it is imported.

    Returns
    -------
    set of pathlib.Path
        The package's ``__init__``, the modules that the code imports from or shows the source of,
        and those that these import in turn. A name that is imported from the package itself
        counts as imported from the module that defines it.
    """
    init = package / "__init__.py"
    defined_in = {
        alias.asname or alias.name: node.module
        for node in ast.walk(ast.parse(init.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }

    def direct(code: str) -> set[str]:
        shown = {
            match[1]
            for match in re.finditer(rf"literalinclude:: .*/{package.name}/([\w/]+)\.py", code)
        }
        names = {f"{package.name}.{module.replace('/', '.')}" for module in shown}
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
                if any(alias.name == package.name for alias in node.names):
                    names.update(defined_in.values())  # any public name may follow
            elif isinstance(node, ast.ImportFrom) and node.module == package.name:
                names.update(
                    defined_in.get(alias.name, f"{package.name}.{alias.name}")
                    for alias in node.names
                )
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module)
        return names

    found = {init}
    queue = [source]
    while queue:
        for name in direct(queue.pop()):
            parts = name.split(".")
            if parts[0] != package.name or len(parts) < 2:
                continue
            for module in (
                package.joinpath(*parts[1:]).with_suffix(".py"),
                package.joinpath(*parts[1:], "__init__.py"),
            ):
                if module.is_file() and module not in found:
                    found.add(module)
                    queue.append(module.read_text("utf-8"))
    return found


def fingerprint(page: Path, package: Path) -> str:
    """Return a digest of all that a page's output depends on beside its own file."""
    files = sorted(modules_used(page.read_text("utf-8"), package))
    # The capture of output, and the check of children, decide what is on the page too.
    files += [Path(__file__).with_name(name) for name in ("capture.py", "failed_children.py")]
    digest = hashlib.sha256(str(describe_machine()).encode())
    record = Path(os.environ.get("NDPIPE_RECORD", ""), "record.fingerprint")
    if "experiments.record" in page.read_text("utf-8") and record.exists():
        digest.update(record.read_bytes() + str(record.stat().st_mtime_ns).encode())
    for library in ("sphinx-gallery", "matplotlib", "psutil", "pyzmq", "joblib", "distributed"):
        digest.update(_version(library).encode())
    for file in files:
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def _version(library: str) -> str:
    try:
        return f"{library} {version(library)}"
    except PackageNotFoundError:
        return f"no {library}"


def _forget_stale_pages(app: Sphinx) -> None:
    """Delete the checksum that sphinx-gallery keeps of a page that has run."""
    source = Path(app.srcdir)
    examples = source / app.config.sphinx_gallery_conf["examples_dirs"]
    generated = source / app.config.sphinx_gallery_conf["gallery_dirs"]
    package = source / app.config.package_directory
    for page in sorted(examples.rglob("plot_*.py")):
        target = generated / page.relative_to(examples)
        record = target.with_suffix(".fingerprint")
        now = fingerprint(page, package)
        if record.exists() and record.read_text() == now:
            continue
        checksum = target.with_name(f"{target.name}.md5")
        if checksum.exists():
            logger.info("%s will run again: what it depends on has changed", page.name)
            checksum.unlink()
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(now)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Look at every page before sphinx-gallery does."""
    app.add_config_value("package_directory", "../src/ndpipe", "")
    # sphinx-gallery generates at the default priority, 500.
    app.connect("builder-inited", _forget_stale_pages, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
