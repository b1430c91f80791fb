"""Corrupted and hostile messages, through `recv` and `recv_into`.

The bytes of an array are not checked: that is the format's choice. Where they were changed, the
array must arrive with the changes. A body without arrays is not checked either: what unpickling
makes of a changed one, it may make; then the next message must arrive. All else that was changed
is an error, and nothing of it is unpickled.
"""

import codecs
import os
import random
import sys
from typing import Any

import numpy as np
import psutil
from tests.campaign import objects
from tests.campaign.audit import Audit
from tests.campaign.corpus import MARK, Corpus
from tests.campaign.kills import error_of
from tests.campaign.mutations import crafted, mutated, resealed
from tests.campaign.oracle import Expected, Oracle
from tests.campaign.outcomes import Outcome, Undocumented, Wrong, check, of_error
from tests.campaign.variants import Variant
from tests.connection import memory_use

__all__ = ["Hostile"]

_ROOM = 16 << 20  # bytes that a receive may take besides what comes
_LIMIT = 1 << 30  # bytes that a worker can take at all: an allocation beyond is a MemoryError


class Hostile:
    """The stage on which the cases are run."""

    name = "hostile"

    def __init__(self, variant: Variant) -> None:
        self.variant, self.corpus, self.audit = variant, Corpus(variant), Audit()
        self.oracle = Oracle(self.corpus, variant.pickles)
        codecs.lookup("raw-unicode-escape")  # which the interpreter imports at its first use
        self.measures = sys.platform == "linux"
        if self.measures:
            import resource

            used = psutil.Process().memory_info().vms
            resource.setrlimit(resource.RLIMIT_AS, (used + _LIMIT, -1))

    def close(self) -> None:
        """Leave nothing behind."""

    def run(self, rng: random.Random) -> Outcome:
        """Run one case: a stream of messages that was changed, received to its end."""
        # NumPy may crash at what is no dtype. An index that was changed at random is given to
        # `recv` only where it is not unpickled.
        chance, may_recv = rng.random(), True
        if chance < 0.15:
            stream, may_recv = resealed(rng, self.corpus), not self.variant.pickles
        elif chance < 0.3 and self.variant.pickles:
            stream = crafted(rng, self.corpus)
        else:
            stream = mutated(rng, self.corpus)
        if chance < 0.3 and rng.random() < 0.5:
            stream += self.corpus[0].data
        peer, end = self.variant.pipe()
        with end:
            with peer:
                os.set_blocking(peer.fileno(), False)
                sent = os.write(peer.fileno(), stream) if stream else 0
                check(sent == len(stream), "more than the socket holds")
            kinds = list(self._receive_all(rng, end, stream, may_recv))
        figures: dict[str, float] = {}
        for kind in kinds:
            how, _, what = kind.partition(": ")
            for name in (how, "exact") if what == "exact" else (how,):
                figures[name] = figures.get(name, 0) + 1
        return Outcome(kinds[-1], figures=figures)

    def _receive_all(self, rng: random.Random, end: Any, stream: bytes, may_recv: bool) -> Any:
        at, stays = 0, False
        while True:
            expected = self.oracle.expect(stream, at)
            how = "recv" if stays or rng.random() < 0.5 else "recv_into"
            is_strange = expected.kind == "strange"
            is_safe = not self.variant.pickles or (may_recv and _is_safe(stream[at:]))
            if how == "recv" and is_strange and not is_safe:
                if stays:
                    yield "recv_into: refused what recv would unpickle"
                    return
                how = "recv_into"
            kind, stays = getattr(self, f"_{how}")(rng, end, expected, len(stream))
            yield f"{how}: {kind}"
            if end.closed:
                again = error_of(end.recv)
                check(again == "closed", f"closed, but then {again}")
                return
            if expected.kind == "end" or (is_strange and expected.stop < 0):
                return
            if not stays:
                check(expected.stop > at, f"{kind}, and open")
                at = expected.stop

    def _recv(self, _: Any, end: Any, expected: Expected, nbytes: int) -> tuple[str, bool]:
        try:
            received = self._watched(end.recv, expected, nbytes)
        except AssertionError:
            raise
        except Exception as error:
            return self._error(error, end, expected, unpickles=True), False
        if expected.kind == "strange":
            return "another object, of a body without a check", False
        if expected.message is None:
            raise Wrong(f"{received!r:.200} from what is {expected.kind}")
        objects.compare(received, expected.message.obj)
        return "exact", False

    def _recv_into(
        self, rng: random.Random, end: Any, expected: Expected, nbytes: int
    ) -> tuple[str, bool]:
        likes = [message.array for message in self.corpus if message.array is not None]
        like = expected.message.array if expected.message else None
        if like is None or rng.random() < 0.2:
            like = rng.choice(likes)
        out = np.empty_like(like)
        raw = out.reshape(-1, order="A").view(np.uint8)
        raw[:] = 7
        try:
            received = self._watched(lambda: end.recv_into(out), expected, nbytes)
        except (TypeError, ValueError) as error:
            check((raw == 7).all(), "refused, and written to")
            check(not end.closed, "refused, and closed")
            is_it = expected.message and expected.message.array is not None
            if expected.kind in ("end", "corrupt") or (is_it and _fits(expected, out)):
                raise Undocumented(f"{expected.kind}, refused: {error}") from error
            return f"{expected.kind}, refused", True
        except AssertionError:
            raise
        except Exception as error:
            return self._error(error, end, expected), False
        if expected.kind == "strange":
            return "an array, of a body without a check", False
        if expected.message is None or expected.message.array is None:
            raise Wrong(f"{received!r:.200} from what is {expected.kind}")
        objects.compare(received, expected.message.array)
        return "exact", False

    def _watched(self, receive: Any, expected: Expected, nbytes: int) -> Any:
        """Receive, and see that no code is looked up, and no memory taken, without need."""
        if self.measures:
            memory_use.reset_peak()
            before = memory_use.resident()
        try:
            with self.audit as events:
                return receive()
        finally:
            may = receive.__name__ == "recv" and expected.kind != "corrupt" and self.variant.pickles
            check(may or not events, f"{expected.kind}: {events}")
            # What a pickle asks for when it is unpickled, it gets.
            if self.measures and not (expected.kind == "strange" and self.variant.pickles):
                grown = memory_use.peak() - before
                check(grown <= _ROOM + 4 * nbytes, f"{grown} bytes more, for {nbytes}")

    def _error(
        self, error: Exception, end: Any, expected: Expected, *, unpickles: bool = False
    ) -> str:
        """Return what kind of error it is; raise unless it is one that the stream calls for."""
        said = str(error)
        is_refused = said.startswith(("corrupt message: ", "refused "))
        if expected.kind == "strange":
            # What unpickling raises is raised; the message is gone.
            is_of_unpickling = unpickles and self.variant.pickles and not end.closed
            is_documented = end.closed and (is_refused or isinstance(error, MemoryError | OSError))
            if is_of_unpickling or is_documented:
                return f"strange: {type(error).__name__}"
        elif expected.kind == "end" and type(error) is EOFError:
            return "end of file"
        elif expected.kind in ("cut", "corrupt") and isinstance(error, OSError) and end.closed:
            return "corrupt message" if is_refused else of_error(error)
        raise Undocumented(f"{expected.kind}: {type(error).__name__}: {said}") from error


def _fits(expected: Expected, out: np.ndarray[Any, Any]) -> bool:
    array = expected.message.array if expected.message else None
    return (
        array is not None
        and (array.dtype, array.shape) == (out.dtype, out.shape)
        and array.flags.f_contiguous == out.flags.f_contiguous
    )


def _is_safe(message: bytes) -> bool:
    """Whether a message may be unpickled here: it names nothing but what the tests made up."""
    return message.startswith(MARK) or not any(
        name in message for name in (b"numpy", b"dtype", b"multiarray")
    )
