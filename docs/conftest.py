"""Run every fenced Python example of the MyST pages: one that is not run is not there."""

from doctest import ELLIPSIS

from sybil import Sybil
from sybil.parsers.myst import PythonCodeBlockParser

# Settings and Sphinx helpers are no pages; what the build writes has been run by the build.
collect_ignore = ["conf.py", "_ext", "_build", "auto_examples"]

pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(doctest_optionflags=ELLIPSIS)], patterns=["*.md"]
).pytest()
