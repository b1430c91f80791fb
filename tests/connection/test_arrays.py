"""What arrives equals what was sent: every dtype in every layout, from process to process."""

import contextlib
import multiprocessing
import pickle
from collections.abc import Iterator
from typing import Any

import array_zoo
import connection_peers
import numpy as np
import pytest
from pipes_under_test import MAKES

# NumPy deprecates times without a unit, which must come through as long as they exist.
pytestmark = pytest.mark.filterwarnings("ignore:The 'generic' unit:DeprecationWarning")


@pytest.fixture(
    scope="module",
    params=[
        (make, method, threshold)
        for make in MAKES
        for method in multiprocessing.get_all_start_methods()
        for threshold in ("out of band", "in band")
    ],
    ids="-".join,
)
def echoing(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Our end of a pipe to a child that sends back all it receives."""
    make, method, threshold = request.param
    ours, theirs = MAKES[make](threshold=1 if threshold == "out of band" else 1 << 30)
    child = multiprocessing.get_context(method).Process(
        target=connection_peers.echo, args=(theirs, ours), daemon=True
    )
    child.start()
    theirs.close()
    with ours:
        yield ours
    child.join(10)
    assert child.exitcode == 0
    child.close()


def there_and_back(conn: Any, obj: Any) -> Any:
    conn.send(obj)
    assert conn.poll(30), "no answer"
    return conn.recv()


@pytest.mark.parametrize("layout", array_zoo.LAYOUTS)
def test_bare_arrays(echoing: Any, layout: str) -> None:
    """An array of each dtype in this layout comes back the same."""
    for dtype in array_zoo.DTYPES:
        sent = array_zoo.LAYOUTS[layout](array_zoo.make(dtype))
        array_zoo.assert_same(there_and_back(echoing, sent), sent)


def test_arrays_at_any_depth(echoing: Any) -> None:
    """Arrays inside containers and objects come back the same, each in its place."""
    arrays = [
        view(array_zoo.make(dtype, seed))
        for seed, dtype in enumerate(array_zoo.DTYPES)
        for view in array_zoo.LAYOUTS.values()
    ]
    sent = {
        "list": arrays,
        "deeper": [{"object": connection_peers.Frame(7, arrays[::5])}, (arrays[3], "text")],
    }
    received = there_and_back(echoing, sent)
    assert received["deeper"][0]["object"].number == 7
    assert received["deeper"][1][1] == "text"
    pairs = [
        *zip(received["list"], arrays, strict=True),
        *zip(received["deeper"][0]["object"].images, arrays[::5], strict=True),
        (received["deeper"][1][0], arrays[3]),
    ]
    for got, was in pairs:
        array_zoo.assert_same(got, was)


def test_one_array_twice_stays_one(echoing: Any) -> None:
    """Two references to one array arrive as two references to one array."""
    array = array_zoo.make("f8")
    first, second = there_and_back(echoing, [array, array])
    assert first is second


OBJECTS = np.array([[1, "two", None], [3.0, b"4", [5]]], dtype=object)
RAGGED = np.array([np.arange(3), np.arange(4)], dtype=object)


@pytest.mark.parametrize(
    "sent",
    [
        OBJECTS,
        RAGGED,
        np.array([("x", 1)], dtype=[("o", object), ("n", "i4")]),
        np.ma.masked_array(np.arange(12.0).reshape(3, 4), np.eye(3, 4, dtype=bool)),
        np.ma.masked_array(np.arange(3), fill_value=9),
    ],
    ids=["object", "ragged", "object field", "masked", "no mask"],
)
def test_arrays_that_are_more_than_their_bytes(echoing: Any, sent: Any) -> None:
    """These arrive as the standard pipe delivers them."""
    received = there_and_back(echoing, sent)
    expected = array_zoo.as_the_standard_pipe(sent)
    assert type(received) is type(expected)
    assert received.dtype == expected.dtype
    assert repr(received) == repr(expected)
    if isinstance(sent, np.ma.MaskedArray):
        np.testing.assert_array_equal(np.ma.getmaskarray(received), np.ma.getmaskarray(expected))
        assert received.fill_value == expected.fill_value


def test_variable_width_strings(echoing: Any) -> None:
    """StringDType keeps its text outside of the array, and goes the standard way."""
    sent = np.array(["short", "long " * 100], dtype=np.dtypes.StringDType())
    np.testing.assert_array_equal(there_and_back(echoing, sent), sent)


@pytest.mark.parametrize("cls", [np.matrix, np.recarray, np.memmap])
def test_subclasses(echoing: Any, cls: type) -> None:
    """Subclasses that are no more than their bytes keep their class, as in the standard pipe."""
    plain = {
        np.matrix: np.arange(12.0).reshape(3, 4),
        np.recarray: np.zeros(5, [("a", "i4"), ("b", "f8")]),
        np.memmap: np.arange(9),
    }[cls]
    sent = plain.view(cls)
    array_zoo.assert_same(there_and_back(echoing, sent), sent)
    if cls is np.recarray:
        assert there_and_back(echoing, sent).b.dtype == "f8"


def test_subclasses_that_pickle_themselves(echoing: Any) -> None:
    """What a subclass says of itself in its own pickle arrives."""
    sent = connection_peers.labelled(array_zoo.make("f8"), "metres")
    received = there_and_back(echoing, sent)
    assert type(received) is connection_peers.Labelled
    assert received.label == "metres"
    array_zoo.assert_same(np.asarray(received), np.asarray(sent))


def test_images_of_many_rows(echoing: Any) -> None:
    """An image of 20,000 rows, one byte an element, which breaks the standard send_bytes."""
    image = np.random.default_rng(1).integers(0, 256, (20_000, 4, 3), dtype=np.uint8)
    array_zoo.assert_same(there_and_back(echoing, image), image)


def test_objects_without_arrays(echoing: Any) -> None:
    """Anything picklable comes through, large or small."""
    for sent in (None, 0, "text" * 100_000, {"k": [1.5, (2,)]}, b"\0" * 3_000_000, [], b""):
        assert there_and_back(echoing, sent) == sent


def test_unpicklable(echoing: Any) -> None:
    """An object that cannot be sent is refused at the sender, and the stream goes on."""
    with pytest.raises((AttributeError, pickle.PicklingError)):
        echoing.send([array_zoo.make("f8"), lambda: None])
    assert there_and_back(echoing, "next") == "next"


def test_each_end_has_its_own(make_pipe: Any) -> None:
    """Writing to what arrived does not change what was sent."""
    a, b = make_pipe()
    sent = np.zeros(100)
    a.send([sent])
    [received] = b.recv()
    received[:] = 1
    assert not sent.any()
    with contextlib.suppress(ValueError):
        assert received.flags.writeable
