"""Show what a command of the package prints, by running it."""

import os
import subprocess
import sys
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

import ndpipe


class CommandOutput(SphinxDirective):
    """The output of ``python -m ndpipe`` with the given arguments."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Run the command; a failure is an error of the page."""
        for module in Path(ndpipe.__file__).parent.rglob("*.py"):
            self.env.note_dependency(str(module))
        command = [sys.executable, "-m", "ndpipe", *self.arguments[0].split()]
        done = subprocess.run(  # noqa: S603 - our own command
            command,
            env={**os.environ, "COLUMNS": "80"},  # help is wrapped at the width of the terminal
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise self.error(done.stderr)
        text = f"$ python -m ndpipe {self.arguments[0]}\n{done.stdout}"
        return [nodes.literal_block(text, text, language="console")]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("command-output", CommandOutput)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
