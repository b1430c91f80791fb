"""Show what a command of the package prints, by running it."""

import subprocess
import sys

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

import ndpipe.__main__


class CommandOutput(SphinxDirective):
    """The output of ``python -m ndpipe`` with the given arguments."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Run the command; a failure is an error of the page."""
        self.env.note_dependency(ndpipe.__main__.__file__)
        command = [sys.executable, "-m", "ndpipe", *self.arguments[0].split()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
        if done.returncode:
            raise self.error(done.stderr)
        text = f"$ python -m ndpipe {self.arguments[0]}\n{done.stdout}"
        return [nodes.literal_block(text, text, language="console")]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("command-output", CommandOutput)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
