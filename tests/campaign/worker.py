"""A process that runs cases, one after the other, and says after each what became of it."""

import contextlib
import faulthandler
import os
import signal
import traceback
import warnings
from typing import IO, Any, Protocol

from tests.campaign.children import Child
from tests.campaign.outcomes import Outcome, of_failure
from tests.campaign.variants import Variant

__all__ = ["Campaign", "serve"]


class Campaign(Protocol):
    """The stage on which the cases of one kind are run, in one process."""

    name: str

    def __init__(self, variant: Variant) -> None: ...

    def run(self, rng: Any) -> Outcome:
        """Run one case; raise an assertion where it is not as it should be."""

    def close(self) -> None:
        """Leave no process behind."""


def serve(campaign: type[Campaign], variant: Variant, orders: Any, dump: IO[str]) -> None:
    """Run the cases that come, in a process group of its own, until None comes.

    SIGQUIT writes the stacks of this process and of its children to `dump`.
    """
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever ends the session ends this
    # pytest's own time limit and the interpreter's advice on forks are for its process.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    faulthandler.register(signal.SIGQUIT, dump, all_threads=True)
    stage = None
    try:
        while (case := orders.recv()) is not None:
            try:
                stage = stage or campaign(variant)
                outcome = stage.run(case.rng())
            except Exception as error:
                outcome = of_failure(error)
                # Others must not suffer from what this one left.
                _clear(stage)
                stage = None
            orders.send((case, outcome))
        if stage is not None:
            stage.close()
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def _clear(stage: Campaign | None) -> None:
    with contextlib.suppress(Exception):
        if stage is not None:
            stage.close()
    Child.end_all()
