"""Arrays through MPI, timed by the code that times the transports of a comparison.

MPI starts both processes itself: ``mpiexec -n 2 python -m ndpipe.experiments.mpi 32000000 10``
transfers ten arrays from the first to the second and prints the samples.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ndpipe.compare._checksum import make_array
from ndpipe.compare._measurement import Measurement
from ndpipe.compare._sample import Sample, receive_array, send_array, warm_up
from ndpipe.transports.base import Array, Channel, TransportInfo

__all__ = ["Mpi", "measure_mpi"]

_DISCARDED = 2  # transfers, whose memory is new: as in a comparison
_CONTROL = 1  # the tag of messages that are not measured


class Mpi(Channel):
    """``Send`` and ``Recv`` of mpi4py, into new memory."""

    info = TransportInfo(
        *("mpi", "mpi4py Send, Recv", "ladder", "copies", "one-to-one", "yes, its own copy"),
        *("the end of both processes", (1, 0)),
        requires=("mpi4py",),
    )

    def __init__(self, nbytes: int = 0) -> None:
        self.size = nbytes // 8

    def send(self, end: Any, array: Array) -> None:
        """Send to the other process."""
        end.Send(array, 1)

    def receive(self, end: Any) -> Array:
        """Make the array, then fill it."""
        array = np.empty(self.size)
        end.Recv(array, 0)
        return array


def measure_mpi(nbytes: int, repeat: int = 10) -> Measurement:
    """Transfer arrays through MPI.

    Parameters
    ----------
    nbytes : int
        Size of each array in bytes.
    repeat : int, default 10
        How many transfers count.

    Returns
    -------
    Measurement
        With an `error` where mpi4py or an MPI is not installed, or does not run.

    Examples
    --------
    >>> from ndpipe.experiments.mpi import measure_mpi
    >>> m = measure_mpi(80_000, 3)
    >>> bool(m.error) or m.repeats == 3
    True
    """
    blank = Measurement(Mpi.info.name, "to-child", nbytes, "mpiexec")
    beside = Path(sys.executable).parent  # where its wheel puts it, which may not be on the PATH
    mpiexec = shutil.which("mpiexec", path=beside) or shutil.which("mpiexec")
    if mpiexec is None or find_spec("mpi4py") is None:
        return replace(blank, error="not installed: pip install mpi4py mpich")
    command = [mpiexec, "-n", "2", sys.executable, "-m", __name__, str(nbytes), str(repeat)]
    try:
        done = subprocess.run(  # noqa: S603 - an MPI found here, our own code
            command, capture_output=True, text=True, timeout=60, check=True
        )
    except subprocess.SubprocessError as error:
        return replace(blank, error=f"{error}")
    return blank.with_samples([[Sample(**sample) for sample in json.loads(done.stdout)]])


class _Control:
    """What the two processes agree by, with the calls of a connection."""

    def __init__(self, world: Any) -> None:
        self.world, self.peer = world, 1 - world.rank

    def send(self, obj: Any) -> None:
        self.world.send(obj, self.peer, _CONTROL)

    def recv(self) -> Any:
        return self.world.recv(None, self.peer, _CONTROL)


def _transfer(nbytes: int, repeat: int) -> None:
    from mpi4py import MPI

    world: Any = MPI.COMM_WORLD
    control: Any = _Control(world)
    transport = Mpi(nbytes)
    warm_up()
    samples = []
    for _ in range(_DISCARDED + repeat):
        if world.rank:
            receive_array(transport, world, control)
        else:
            sent, received = send_array(transport, world, make_array(nbytes), control)
            samples.append(asdict(Sample.of(sent, received)))
    if not world.rank:
        print(json.dumps(samples[_DISCARDED:]))


if __name__ == "__main__":
    _transfer(*map(int, sys.argv[1:]))
