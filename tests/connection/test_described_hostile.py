"""An end without pickle that is sent anything: OSError, and a closed connection."""

import json
import pickle
import struct
import sys
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import array_zoo
import numpy as np
import pytest
from connection_peers import Unpickled, unpickled
from injection import Injection
from recorded import play, record

import ndpipe
from ndpipe._pipe import description, wire
from ndpipe._pipe.description import Description
from ndpipe._pipe.limits import Limits

ARRAY = np.arange(6, dtype="<i4").reshape(2, 3)
PLAIN = {"allow_pickle": False}


def crafted(layouts: Any, obj: str | None = None, arrays: bytes = ARRAY.tobytes()) -> bytes:
    """Return a described message with sound checksums; text as it is, or the JSON of an object."""
    lines = [line if isinstance(line, str) else json.dumps(line) for line in (layouts, obj or "")]
    return wire.head(wire.DESCRIBED, "\n".join(lines).encode("latin-1")) + (arrays or wire.END)


def entry(dtype: Any = "<i4", shape: Any = (2, 3), order: Any = "C") -> list[Any]:
    return [[dtype, shape, order]]


def fields(*parts: Any) -> list[Any]:
    return entry([list(part) for part in parts], [1])


def nested(depth: int) -> Any:
    dtype: Any = "<i4"
    for _ in range(depth):
        dtype = [["a", dtype]]
    return entry(dtype, [1])


ARRAYS = {
    **{
        f"dtype {dtype!r:.30}": entry(dtype)
        for dtype in [
            *("|O", "O8", "<O8", "|T16", "i4", "=i4", "<i", "<i3", "<i04", "<f3", "<x4", "int32"),
            *("<i4,<i4", "(2)<i4", "<i4\0", " <i4", "<i\u0664", "|S0", "<U0", "|V0", "|S-1"),
            *("<M8[0s]", "<M8[1s]", "<M8[s", "<M8[s/2]", "<M8[25 s]", "<M8[as]x", "<m4[s]"),
            *("|S2147483648", "<U536870912", "|V9999999999", "|S" + "9" * 4000, "", "<"),
            *(None, 3, True, {}, {"names": ["a"], "formats": ["O"]}, [], [[]]),
            *(["<i4"], "x" * 50_000),
        ]
    },
    "objects in a field": fields(("a", "|O")),
    "a field of nothing": fields(("a", "|V0")),
    "a field twice": fields(("a", "<i4"), ("a", "<i4")),
    "a field with a number": fields((1, "<i4")),
    "a field with three titles": fields((["a", "b", "c"], "<i4")),
    "a title that is a name": fields((["b", "a"], "<i4"), ("b", "<i4")),
    "four parts": fields(("a", "<i4", [1], 1)),
    "a shape of zero": fields(("a", "<i4", [0])),
    "a shape below zero": fields(("a", "<i4", [-1])),
    "a shape that is no list": fields(("a", "<i4", 2)),
    "an empty shape": fields(("a", "<i4", [])),
    "a shape too large": fields(("a", "<i4", [1 << 30, 1 << 30])),
    "a shape of 65": fields(("a", "<i4", [1] * 65)),
    "fields too large": fields(("a", "|V2000000000"), ("b", "|V2000000000")),
    "too many fields": fields(*((f"f{i}", "|i1") for i in range(1001))),
    "fields too deep": nested(9),
    **{
        f"order {order!r}": entry(order=order)
        for order in ("K", "A", "CF", "c", "", None, 0, ["C"])
    },
    **{
        f"shape {shape!r:.30}": entry(shape=shape)
        for shape in [
            *([1] * 65, [-2, -3], [-6], [1 << 62, 1 << 62], [1 << 62, 1 << 62, 0], 6, None, "23"),
            *([2.0, 3], ["2", 3], [True, 6], [[2], 3], {"2": 3}, [1 << 63, 0], [10**24], [None]),
        ]
    },
    "two parts": [["<i4", [2, 3]]],
    "five parts": [["<i4", [2, 3], "C", 0, 0]],
    "a number for a part": [7],
    "text for a part": ["<i4"],
    "not a list": {"a": 1},
    "no list": "null",
    "nothing": "",
    "no arrays": [],
    "two arrays without an object": entry() * 2,
    "no JSON": "[[",
    "NaN": "[NaN]",
    "a number of many digits": "[" + "1" * 5000 + "]",
    "a float of many digits": "[0." + "1" * 5000 + "]",
    "not ASCII": '[["\xff", [1], "C"]]',
    "a null byte": "\0",
    "spaces first": " []",
    "much nesting": "[" * 100_000,
    "nesting that ends": "[" * 300 + "]" * 300,
    "an open string": '["' + "[" * 1000,
}  # fmt: skip
A0 = '{"$array":0}'
OBJECTS = {
    "no array": "1",
    "an array twice": f"[{A0},{A0}]",
    "another array": '{"$array":1}',
    "an array below zero": '{"$array":-1}',
    "an array of a bool": '{"$array":false}',
    "an array of a float": '{"$array":0.0}',
    "an unused array": "[]",
    "an array as a key": f'{{"$dict":[[{A0},1]]}}',
    **{
        tag: f"[{A0},{tag}]"
        for tag in [
            *('{"$":1}', '{"$set":[1]}', '{"$tuple":1}', '{"$tuple":{"$tuple":[]}}'),
            '{"$dict":{}}',
            *('{"$dict":[1]}', '{"$dict":[[1]]}', '{"$dict":[[1,2,3]]}', '{"$dict":[[[],1]]}'),
            *('{"$dict":[[1,1],[1.0,2]]}', '{"$dict":[[{"a":1},1]]}', '{"a":1,"a":2}'),
            *('{"$bytes":1}', '{"$bytes":"x"}', '{"$bytes":"\\u00e9"}', '{"$bytes":"YQ= ="}'),
            *('{"$str":"/w=="}', '{"$str":"x"}', '{"$int":""}', '{"$int":"x"}', '{"$int":5}'),
            *('{"$float":""}', '{"$float":"00"}', '{"$float":"zz"}', '{"$complex":"00"}'),
            *('{"$scalar":["<f8"]}', '{"$scalar":["|O","AAAAAAAAAAA="]}', '{"$scalar":["<f8",""]}'),
            *('{"$scalar":["|S1","AA=="]}', '{"$scalar":[["<f8"],"AA=="]}'),
            '{"$scalar":["<f8",1]}',
            *('{"$scalar":["|i1","AAA="]}', '{"$scalar":[[["a","<i4"]],"AAAAAA=="]}'),
            *("NaN", "Infinity", "-Infinity", "1 2", "1,", "", "'a'", '"\n"', '"\\x"', "nul", "01"),
            "1" * 5000,
        ]
    },
    "deep": f"{A0}".join(["[" * 250, "]" * 250]),
    "spaces after": f"[{A0}] ",
    "a second object": f"[{A0}]\n[]",
    "no end": f"[{A0}",
}  # fmt: skip


@pytest.mark.parametrize("case", ARRAYS)
@pytest.mark.parametrize("obj", [None, f"[{A0}]"], ids=["bare", "nested"])
def test_strange_arrays(case: str, obj: str | None) -> None:
    """A layout that no array has is an OSError, and the connection is closed."""
    with play(crafted(ARRAYS[case], obj, ARRAY.tobytes() * 2), **PLAIN) as end:
        with pytest.raises(OSError, match=r"(?i)corrupt"):
            end.recv()
        assert end.closed
        with pytest.raises(OSError, match="closed: "):
            end.recv()


@pytest.mark.parametrize("case", ARRAYS)
def test_strange_arrays_for_an_array(case: str) -> None:
    """recv_into says so too, or refuses the message and leaves it; the array is untouched."""
    out = np.full_like(ARRAY, 7)
    with play(crafted(ARRAYS[case]), **PLAIN) as end:
        with pytest.raises((OSError, TypeError, ValueError)) as caught:
            end.recv_into(out)
        assert (out == 7).all()
        assert end.closed == isinstance(caught.value, OSError)
        if not end.closed:
            with pytest.raises(OSError, match=r"(?i)corrupt"):
                end.recv()


@pytest.mark.parametrize("case", OBJECTS)
def test_strange_objects(case: str) -> None:
    """An object that cannot be made is an OSError, and the connection is closed."""
    with play(crafted(entry(), OBJECTS[case]), **PLAIN) as end:
        with pytest.raises(OSError, match=r"(?i)corrupt"):
            end.recv()
        assert end.closed


def test_the_format_that_these_tests_use() -> None:
    """What is not strange is received."""
    with play(crafted(entry()), **PLAIN) as end:
        array_zoo.assert_same(end.recv(), ARRAY)
    with play(crafted(entry(), f"[{A0}]"), **PLAIN) as end:
        array_zoo.assert_same(end.recv()[0], ARRAY)
    with play(crafted(nested(8), arrays=bytes(4)), **PLAIN) as end:
        assert end.recv()["a"]["a"].shape == (1,)


PICKLES = {
    "small": record(Unpickled()),
    "an array in band": record(ARRAY, 1 << 20),
    "an array": record(ARRAY),
    "beside an array": record([Unpickled(), ARRAY]),
    "a number": record(1),
    "an empty message": bytes(4),
}


@pytest.mark.parametrize("case", PICKLES)
@pytest.mark.parametrize("into", [False, True], ids=["recv", "recv_into"])
def test_a_pickle(case: str, into: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pickle is refused before anything of it is read or unpickled, and the end is closed."""
    for name in ("load", "loads", "Unpickler", "_Unpickler"):
        monkeypatch.setattr(pickle, name, lambda *_: pytest.fail("unpickled"))
    unpickled.clear()
    with play(PICKLES[case], **PLAIN) as end:
        with pytest.raises(OSError, match="refused a pickle: this end has allow_pickle=False"):
            end.recv_into(np.zeros_like(ARRAY)) if into else end.recv()
        assert end.closed
        with pytest.raises(OSError, match="connection was closed: a receive stopped"):
            end.recv()
    assert not unpickled


def test_a_pickle_as_bytes() -> None:
    """recv_bytes has no use for pickle: the bytes of one are bytes."""
    with play(record(1), **PLAIN) as end:
        assert pickle.loads(end.recv_bytes()) == 1
    with play(record(ARRAY), **PLAIN) as end:
        with pytest.raises(TypeError, match="object with arrays"):
            end.recv_bytes()
        with pytest.raises(OSError, match="refused a pickle"):
            end.recv()


LIMIT = 1 << 20
# Small enough to be read unless they are refused by what they declare.
TOO_LARGE = {
    "a body": struct.pack("!i", LIMIT + 1),
    "a long body": struct.pack("!iQ", -1, 1 << 40),
    "an index": wire.head(wire.DESCRIBED, b"x" * (LIMIT // 4 + 1))[: wire.HEAD_SIZE],
    "an array": crafted(entry("|u1", [LIMIT]), arrays=b""),
    "an array in an object": crafted(entry("|u1", [LIMIT]), f"[{A0}]", b""),
    "two arrays": crafted(entry("|u1", [LIMIT // 2]) * 2, f'[{A0},{{"$array":1}}]', b""),
    "lists": crafted("[]", "[" + "[]," * 5000 + "0]", b""),
}


@pytest.mark.parametrize("case", TOO_LARGE)
def test_max_bytes(case: str) -> None:
    """More than the limit is refused as soon as it is declared, and the end is closed."""
    with play(TOO_LARGE[case], allow_pickle=False, max_bytes=LIMIT) as end:
        with pytest.raises(OSError, match=r"refused a message that needs .* max_bytes=1048576"):
            end.recv_bytes() if "body" in case else end.recv()
        assert end.closed


def test_an_index_has_a_limit_of_its_own() -> None:
    """Without max_bytes too, an index of 2**60 bytes is refused at once."""
    head = struct.pack("!12sQI", wire.DESCRIBED, 1 << 60, 0)
    head += struct.pack("!I", zlib.crc32(head))
    with play(head, **PLAIN) as end, pytest.raises(OSError, match="an index of"):
        end.recv()


def test_pickles_have_the_limit_too() -> None:
    """With allow_pickle, what a message declares is compared with max_bytes all the same."""
    for message in (record("x" * 2000), record(np.zeros(2000, "u1"))):
        with play(message, max_bytes=1500) as end:
            with pytest.raises(OSError, match="max_bytes=1500"):
                end.recv()
            assert end.closed
        with play(message, max_bytes=4000) as end:
            assert len(end.recv()) == 2000


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


COLLIDING = {
    # Numbers that differ by a multiple of this have the same hash.
    "tagged": lambda n: f'{{"$int":"{n * sys.hash_info.modulus:x}"}}',
    "in tuples": lambda n: f'{{"$tuple":[{{"$int":"{n * sys.hash_info.modulus:x}"}}]}}',
}


def keyed(key: Callable[[int], str], count: int) -> bytes:
    """Return a described dict with so many keys."""
    pairs = ",".join(f"[{key(n)},{n}]" for n in range(1, count + 1))
    return crafted("[]", f'{{"$dict":[{pairs}]}}', b"")


@pytest.mark.parametrize("keys", COLLIDING)
def test_keys_that_collide(keys: str) -> None:
    """They are refused before they take much longer than the time that a message has."""
    message = keyed(COLLIDING[keys], 30_000)
    with play(message, **PLAIN) as end:
        before = time.thread_time()
        with pytest.raises(OSError, match="keys collide"):
            end.recv()
        allowed = description._SECONDS + description._SECONDS_PER_BYTE * len(message)
        assert time.thread_time() - before < 3 * allowed
        assert end.closed


@pytest.mark.parametrize("key", [str, lambda n: f"{n / 10}", lambda n: f'{{"$tuple":[{n}]}}'])
def test_keys_that_do_not_collide(
    key: Callable[[int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would be received with a small part of that time, too."""
    monkeypatch.setattr(description, "_SECONDS", 0)
    seconds = description._SECONDS_PER_BYTE
    monkeypatch.setattr(description, "_SECONDS_PER_BYTE", seconds / 25)
    with play(keyed(key, 20_000), **PLAIN) as end:
        assert list(end.recv().values()) == [*range(1, 20_001)]


def test_the_time_of_a_signal_handler_is_not_that_of_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever instruction it comes before."""
    monkeypatch.setattr(description, "_SECONDS", 0.005)
    monkeypatch.setattr(description, "_SECONDS_PER_BYTE", 0)
    builds = description._Objects._dict.__code__
    obj = {n: n for n in range(2 * description._KEYS)}

    def work() -> None:
        end = time.thread_time() + 0.006
        while time.thread_time() < end:
            pass

    points: dict[int, Any] = {}
    for _ in range(2):  # first without, to count the instructions
        a, b = ndpipe.Pipe(allow_pickle=False)
        with a, b:
            a.send(obj)
            injection = Injection(points, lambda code: code is builds)
            assert injection.run(b.recv) == obj
        points = dict.fromkeys(range(injection.visited), work)
    assert len(injection.fired) == injection.visited > 20


N = 10_000
COSTLY = {
    "empty lists": ("[]", "[" + "[]," * N + "0]"),
    "lists of one": ("[]", "[" + "[0]," * N + "0]"),
    "deep lists": ("[]", "[" + ("[" * 100 + "]" * 100 + ",") * (N // 100) + "0]"),
    "empty dicts": ("[]", "[" + "{}," * N + "0]"),
    "dicts of one": ("[]", "[" + '{"":0},' * N + "0]"),
    "one dict": ("[]", "{" + ",".join(f'"{n}":0' for n in range(N)) + "}"),
    "one dict of pairs": ("[]", '{"$dict":[' + ",".join(f"[{n},0]" for n in range(N)) + "]}"),
    "tuples": ("[]", "[" + '{"$tuple":[]},' * N + "0]"),
    "tuples of one": ("[]", "[" + '{"$tuple":[0]},' * N + "0]"),
    "numbers": ("[]", "[" + "1e9," * N + "0]"),
    "integers": ("[]", "[" + "999," * N + "0]"),
    "small integers": ("[]", "[" + "1," * N + "0]"),
    "large integers": ("[]", "[" + '{"$int":"fffffffffffffffff"},' * N + "0]"),
    "complex": ("[]", "[" + ('{"$complex":"' + "0" * 32 + '"},') * N + "0]"),
    "scalars": ("[]", "[" + '{"$scalar":["|i1","AA=="]},' * N + "0]"),
    "empty strings": ("[]", "[" + '"",' * N + "0]"),
    "short strings": ("[]", "[" + '"ab",' * N + "0]"),
    "wide strings": ("[]", "[" + '"\\ud83d\\ude00",' * N + "0]"),
    "one wide string": ("[]", '"' + "x" * N * 10 + '\\ud83d\\ude00"'),
    "bytes": ("[]", "[" + '{"$bytes":"AA=="},' * N + "0]"),
    "many bytes": ("[]", '{"$bytes":"' + "A" * 4 * N + '"}'),
    "surrogates": ("[]", '{"$str":"' + "8J+YgO2ggA==" + '"}'),
    "one wide surrogate": ("[]", '{"$str":"8J+YgO2ggGFh' + "YWFh" * N + '"}'),
    "empty arrays": (
        entry("|i1", [0]) * (N // 10),
        "[" + ",".join(f'{{"$array":{n}}}' for n in range(N // 10)) + "]",
    ),
    "arrays of dimensions": (
        entry("|i1", [0] * 64) * (N // 10),
        "[" + ",".join(f'{{"$array":{n}}}' for n in range(N // 10)) + "]",
    ),
    "fields": (
        entry([[f"{n}", "|i1"] for n in range(1000)], [0]) * 10,
        "[" + ",".join(f'{{"$array":{n}}}' for n in range(10)) + "]",
    ),
    "titles": (entry([[[f"{n}", f"t{n}"], "<M8[s]"] for n in range(1000)], [0]), None),
    "shapes of fields": (entry([[f"{n}", "|i1", [1] * 20] for n in range(1000)], [0]), None),
}


@pytest.mark.parametrize("case", COSTLY)
def test_cost(case: str, traced: None) -> None:
    """What is counted for an index is no less than what is allocated to receive the message."""
    layouts, obj = COSTLY[case]
    message = crafted(layouts, obj, b"")
    cost = Description(message[: -len(wire.END)], Limits()).cost
    for _ in range(2):  # what is made once is made the first time
        a, b = ndpipe.Pipe(allow_pickle=False, max_bytes=cost)
        with a, b:
            sender = threading.Thread(target=a._stream.send, args=(message,))
            sender.start()
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            received = b.recv()
            _, peak = tracemalloc.get_traced_memory()
            sender.join(10)
        del received
    print(f"{case}: {len(message)} bytes, {peak - before} allocated, {cost} counted")
    assert peak - before < cost
