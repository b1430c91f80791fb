"""Move NumPy arrays between Python processes.

========================  ===================================================================
:mod:`ndpipe.tasks`       what a child process runs: receive, return and echo arrays
========================  ===================================================================
"""

from importlib.metadata import version

__version__ = version("ndpipe")
