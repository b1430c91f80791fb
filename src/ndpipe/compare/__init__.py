"""Every way to move an array, measured alike.

:func:`compare` moves arrays of random values between a parent and a child process through each
transport in turn, and measures the time, the CPU and the memory of both sides.
``python -m ndpipe compare`` is the same as a command.

The time begins when the sender, which has the array, starts to send it, and ends when the receiver
has read every byte of what arrived. Transports that hand over the array when the child starts are
the exception: from their time the start of a child without an array is subtracted. Starting
processes, making the array and cleaning up are not timed.
"""

from ndpipe.compare._checksum import checksum
from ndpipe.compare._interval import Interval
from ndpipe.compare._measurement import DIRECTION_NAMES, Measurement
from ndpipe.compare._run import DEFAULT_SIZES, InterruptedComparison, compare
from ndpipe.compare._schedule import Progress
from ndpipe.compare.results import Comparison

__all__ = [
    "DEFAULT_SIZES",
    "DIRECTION_NAMES",
    "Comparison",
    "InterruptedComparison",
    "Interval",
    "Measurement",
    "Progress",
    "checksum",
    "compare",
]
