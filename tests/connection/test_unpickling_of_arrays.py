"""recv_into unpickles arrays and calls nothing else, whatever the message is made of."""

import contextlib
import pickle
import random
import struct
from pathlib import Path
from typing import Any

import array_zoo
import numpy as np
import pytest
from forking import in_fork
from recorded import play, record

OUT = np.full(3, 7.0)


def message(body: bytes) -> bytes:
    """Return a standard message with that body."""
    return struct.pack("!i", len(body)) + body


def calling(module: str, name: str, *args: Any) -> bytes:
    """Return a pickle that calls something of that name."""
    arguments = b"".join(pickle.dumps(arg, 3)[2:-1] for arg in args)  # protocol 4 has frames
    names = b"".join(b"\x8c" + bytes([len(s)]) + s.encode() for s in (module, name))
    return b"\x80\x04" + names + b"\x93(" + arguments + b"tR."


CALLS = [
    ("numpy", "save", ("{path}", [1])),
    ("numpy", "savetxt", ("{path}", [1])),
    ("numpy", "savez", ("{path}", [1])),
    ("numpy", "memmap", ("{path}", "u1", "w+", 0, (9,))),
    ("numpy.lib.format", "open_memmap", ("{path}", "w+", "f8", (9,))),
    ("numpy", "lib.format.open_memmap", ("{path}", "w+", "f8", (9,))),
    ("numpy", "ndarray.tofile", ("{path}",)),
    ("numpy", "os.mkdir", ("{path}",)),
    ("numpy", "f2py.os.mkdir", ("{path}",)),
    ("numpy.testing", "os.mkdir", ("{path}",)),
    ("numpy.lib._datasource", "open", ("{path}", "w")),
    ("_codecs", "open", ("{path}", "w")),
    ("os", "mkdir", ("{path}",)),
    ("builtins", "open", ("{path}", "w")),
    ("builtins", "exec", ("open({path!r}, 'w')",)),
]


@pytest.mark.parametrize(("module", "name", "args"), CALLS, ids=lambda part: str(part)[:30])
def test_nothing_is_called(module: str, name: str, args: Any, tmp_path: Path) -> None:
    """A name that is not one of an array's own pickle is refused, and the message stays."""
    path = tmp_path / "written"
    args = [a.format(path=str(path)) if isinstance(a, str) else a for a in args]
    body = calling(module, name, *args)
    with play(message(body) + record("next")) as end:
        for _ in range(2):
            with pytest.raises(TypeError, match="not an array"):
                end.recv_into(OUT.copy())
        assert not list(tmp_path.iterdir())
        assert end.recv_bytes() == body
        assert end.recv() == "next"


@pytest.mark.parametrize(
    "name",
    ["numpy.loadtxt", "numpy.fromfile", "numpy.load", "numpy.genfromtxt", "numpy.frombuffer",
     "numpy.zeros", "numpy.fromfunction", "numpy.apply_along_axis", "numpy.vectorize"],
)  # fmt: skip
def test_no_other_function_of_numpy(name: str) -> None:
    """No function of NumPy is looked up, harmless or not."""
    module, _, function = name.rpartition(".")
    body = message(calling(module, function, "/etc/hostname"))
    with play(body) as end, pytest.raises(TypeError, match="not an array"):
        end.recv_into(OUT.copy())


@pytest.mark.parametrize("protocol", range(3, 6))
def test_arrays_of_every_protocol(protocol: int) -> None:
    """An array that a peer pickled with any protocol of Python 3 is received."""
    for order in "CF":
        sent = np.arange(6.0).reshape(2, 3, order=order)  # type: ignore[call-overload]  # mypy sees a str
        out = np.zeros((2, 3), order=order)  # type: ignore[call-overload]  # mypy sees a str
        with play(message(pickle.dumps(sent, protocol))) as end:
            array_zoo.assert_same(end.recv_into(out), sent)


def test_arrays_of_the_other_major_version_of_numpy() -> None:
    """NumPy 1 pickles its arrays by the names `numpy.core`, and 2 by `numpy._core`."""
    sent = np.arange(3.0)
    body = pickle.dumps(sent, 3)
    assert b"numpy._core.multiarray" in body or b"numpy.core.multiarray" in body
    for names in (b"numpy.core.multiarray", b"numpy._core.multiarray"):
        renamed = body.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
        renamed = renamed.replace(b"numpy.core.multiarray", names)
        with play(message(renamed)) as end:
            array_zoo.assert_same(end.recv_into(np.zeros(3)), sent)


PICKLES = [
    pickle.dumps(np.arange(3.0), 4),
    pickle.dumps(np.arange(3.0), 5),
    pickle.dumps(np.zeros(2, "M8[s]"), 4),
    pickle.dumps(np.zeros(2, [("a", "i4"), ("b", "U2")]), 2),
    pickle.dumps(np.zeros((2, 2), order="F"), 3),
]


def change(body: bytes, rng: random.Random) -> bytes:
    """Return a pickle with a few bytes changed, added or left out."""
    changed = bytearray(body)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(2, len(changed))
        match rng.randrange(3):
            case 0:
                changed[at] = rng.randrange(256)
            case 1:
                changed[at : at + rng.randrange(1, 9)] = rng.randbytes(rng.randrange(5))
            case 2:
                changed[at] ^= 1 << rng.randrange(8)
    return bytes(changed)


def receive_changed(number: int) -> dict[str, Any]:
    """Receive changed pickles; return what became of them, and the first that went wrong."""
    rng = random.Random(0)
    outcomes: dict[str, Any] = {"filled": 0, "TypeError": 0, "ValueError": 0, "MemoryError": 0}
    for _ in range(number):
        body = change(rng.choice(PICKLES), rng)
        out = OUT.copy()
        with play(message(body)) as end:
            try:
                end.recv_into(out)
                outcome = "filled"
            except Exception as error:
                outcome = type(error).__name__
                if outcome not in outcomes:
                    return {"wrong": f"{outcome}: {error!s:.100}", "body": body}
                if outcome != "MemoryError" and end.recv_bytes() != body:
                    return {"wrong": "another message afterwards", "body": body}
        # NumPy's own dtypes are objects that a pickle can reach, and change for everybody.
        if repr([np.dtype(name) for name in DTYPES]) != UNCHANGED or np.zeros(2).sum() != 0:
            return {"wrong": "NumPy's own dtypes were changed", "body": body}
        outcomes[outcome] += 1
    return outcomes


DTYPES = ["f8", "i4", "u1", "U", "M8[s]"]
UNCHANGED = repr([np.dtype(name) for name in DTYPES])


def test_random_changes_of_arrays() -> None:
    """Thousands of changed pickles: filled, or refused by one of the errors that are documented."""
    outcomes = in_fork(lambda: receive_changed(5000), seconds=60)
    assert isinstance(outcomes, dict), "the process died"
    print(outcomes)
    assert "wrong" not in outcomes, outcomes
    assert min(outcomes[name] for name in ("filled", "TypeError", "ValueError")) > 20


def test_numpys_own_dtypes_are_not_changed() -> None:
    """A pickle that sets the state of a dtype of NumPy's own, not of a copy, changes none."""
    body = pickle.dumps(np.arange(3.0), 4)
    copied = b"\x89\x88\x87"  # False, True: not aligned, and a copy
    assert copied in body
    shared = body.replace(copied, b"\x89\x89\x87").replace(b"\x8c\x01<", b"\x8c\x01>")

    def receive() -> list[str]:
        with play(message(shared)) as end, contextlib.suppress(TypeError, ValueError):
            end.recv_into(np.zeros(3))
        return [np.dtype("f8").byteorder, np.zeros(1).dtype.str, str(np.arange(3.0).tolist())]

    assert in_fork(receive) == ["=", np.dtype("f8").str, "[0.0, 1.0, 2.0]"]


@pytest.mark.parametrize(
    "sent",
    [
        np.arange(3.0).view(np.memmap),
        np.ma.masked_array([1.0, 2, 3], [0, 1, 0]),
        np.float64(3),
        np.dtype("f8"),
        np.ndarray,
        np.zeros,
        [np.arange(3.0)],
        np.array([1, None, "x"], dtype=object),
    ],
    ids=lambda sent: str(type(sent)),
)
def test_what_is_nearly_an_array(sent: Any) -> None:
    """Objects of NumPy that are no plain arrays are refused, and can be received afterwards."""
    with play(record(sent, threshold=1 << 20)) as end:
        with pytest.raises((TypeError, ValueError)):
            end.recv_into(OUT.copy())
        assert repr(end.recv()) == repr(sent)
