"""One transport in a comparison: its runner, and its measurements so far."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ndpipe._system.memory import available_memory
from ndpipe._system.units import format_bytes
from ndpipe.compare._measurement import Measurement
from ndpipe.compare._runner import FailedError, Runner
from ndpipe.compare._sample import Sample
from ndpipe.compare.drivers.base import First
from ndpipe.transports import Transport

__all__ = ["Entry", "InterruptedRunError", "Record", "admit"]

_PROCESS_BYTES = 40 * 1024**2  # a Python with NumPy imported


class InterruptedRunError(Exception):
    """A signal asks for the end of the comparison."""


class Entry:
    """A transport and its runner, which serves one record after the other.

    Parameters
    ----------
    kind : type
        The transport.
    folder : pathlib.Path
        Where its runners make their temporary files.
    timeout : float
        Seconds that one request to a runner may take.
    interrupts : sequence
        Signals that have arrived.
    """

    def __init__(
        self, kind: type[Transport], folder: Path, timeout: float, interrupts: Sequence[int]
    ) -> None:
        self.kind, self.folder, self.timeout = kind, folder, timeout
        self.interrupts = interrupts
        self.runner: Runner | None = None

    def start(self) -> None:
        """Start a runner, if there is none, without waiting for it."""
        self.runner = self.runner or Runner(self.folder, self.timeout, self.interrupts)

    def stop(self, *, at_once: bool = False) -> None:
        """End the runner."""
        if self.runner:
            self.runner.stop(at_once=at_once)
            self.runner = None


@dataclass
class Record:
    """The measurement of one transport, size and direction, while it is made.

    Attributes
    ----------
    entry : Entry
    blank : Measurement
        The measurement without figures.
    error : str or None
        The reason why there are no figures.
    first : First or None
        The first transfer.
    passes : list of list of (Sample or None)
        The other transfers: a list for each pass, in it an element for each round.
    spent : float
        Seconds that the transfers of this pass took, with all that the harness does for them.
    """

    entry: Entry
    blank: Measurement
    error: str | None
    first: First | None = None
    passes: list[list[Sample | None]] = field(default_factory=list)
    spent: float = 0.0

    def begin_pass(self) -> None:
        """Begin a pass, without any transfer so far."""
        self.passes.append([])
        self.spent = 0.0

    def open(self) -> None:
        """Open the transport; on failure, record the error."""
        m = self.blank
        arguments = self.entry.kind, m.direction, m.nbytes, m.start_method
        first = self._request("open", *arguments)
        self.first = self.first or first

    def warm_up(self) -> None:
        """Do a transfer that does not count; on failure, record the error."""
        self._request("transfer")

    def transfer(self) -> None:
        """Do one transfer; on failure, record the error."""
        begin = time.monotonic()
        self.passes[-1].append(self._request("transfer"))
        self.spent += time.monotonic() - begin

    def close(self) -> None:
        """Close the transport; on failure, record the error."""
        self._request("close")

    def _request(self, action: str, *arguments: Any) -> Any:
        if self.entry.interrupts:
            raise InterruptedRunError
        if self.error is not None:
            return None
        self.entry.start()
        try:
            return getattr(self.entry.runner, action)(*arguments)
        except FailedError as error:
            self.entry.stop(at_once=True)
            if self.entry.interrupts:
                raise InterruptedRunError from None
            self.error = str(error)
            return None

    @property
    def measured(self) -> bool:
        """Whether there is a transfer that counts."""
        return any(sample is not None for one in self.passes for sample in one)

    def measurement(self) -> Measurement:
        """Return the figures so far, or the error."""
        count = sum(sample is not None for one in self.passes for sample in one)
        if self.error or self.first is None or not count:
            return replace(self.blank, repeats=count, error=self.error or "interrupted")
        return replace(
            self.blank.with_samples(self.passes),
            first_seconds=self.first.sample.seconds,
            sender_growth_bytes=self.first.sender.growth,
            receiver_growth_bytes=self.first.receiver.growth,
        )


def admit(records: Iterable[Record]) -> None:
    """Record an error for each transport for which there is not enough memory."""
    free = available_memory()
    kept = most = 0.0
    for record in records:
        if record.error is not None:
            continue
        nbytes = record.blank.nbytes
        peak, keeps = record.entry.kind.info.memory
        # Between two transfers all of them keep their memory; only one transfers at a time.
        kept_with = kept + keeps * nbytes + 2 * _PROCESS_BYTES
        most_with = max(most, (1 + peak - keeps) * nbytes)
        if kept_with + most_with > free:
            need = format_bytes(kept_with + most_with)
            record.error = f"not tried: needs about {need}, {format_bytes(free)} is free"
        else:
            kept, most = kept_with, most_with
