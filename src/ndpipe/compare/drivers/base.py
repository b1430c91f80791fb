"""The interface between the harness and the two processes that use a transport."""

from dataclasses import dataclass

from ndpipe._system.memory import PeakMemory
from ndpipe.compare._sample import Sample


@dataclass(frozen=True)
class First:
    """The first transfer through a transport: its sample, and the memory use of each side.

    Memory is measured from before the transport is opened until the array has been read.
    """

    sample: Sample
    sender: PeakMemory
    receiver: PeakMemory


class Driver:
    """Drives one transport from the parent. The constructor performs a first transfer."""

    first: First

    def transfer(self) -> Sample:
        """Move one array."""
        raise NotImplementedError

    def close(self) -> None:
        """End the child and free what the transport holds."""
        raise NotImplementedError
