"""List on each page of the gallery the symptoms whose entries lead to it.

The index of symptoms is the one source: an entry that links to a page is linked from that page.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

INDEX = "symptoms.md"

_ENTRY = re.compile(r"^\((symptom-[\w-]+)\)=\n### .+\n((?:(?!\(symptom-|#).*\n)+)", re.MULTILINE)
_PAGE = re.compile(r"\bauto_examples/\w+/plot_\w+")
_END = ".. rst-class:: sphx-glr-timing\n"


def symptoms_of(index: str, docname: str) -> list[str]:
    """Return the labels of the entries that link to a page, in their order.

    Parameters
    ----------
    index : str
        The index of symptoms, in MyST.
    docname : str
        The page, as Sphinx names it.

    Returns
    -------
    list of str
    """
    return [label for label, text in _ENTRY.findall(index) if docname in _PAGE.findall(text)]


def _append(app: Sphinx, docname: str, source: list[str]) -> None:
    if not Path(app.srcdir, f"{docname}.py").exists():  # sphinx-gallery's copy of an example
        return
    index = Path(app.srcdir, INDEX)
    app.env.note_dependency(str(index))
    labels = symptoms_of(index.read_text("utf-8"), docname)
    if labels:
        links = "".join(f"* :ref:`{label}`\n" for label in labels)
        section = f"Symptoms\n--------\n\nThese lead here:\n\n{links}\n"
        source[0] = source[0].replace(_END, section + _END, 1)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the list as Sphinx reads a page, above the whole script (see `whole_script`)."""
    app.connect("source-read", _append, priority=550)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
