"""One law: what arrives is what was sent, whatever the dtype, the shape and the layout."""

import multiprocessing
from collections.abc import Callable, Iterator
from typing import Any

import array_zoo
import connection_peers
import numpy as np
import pytest
from array_classes import CLASSES
from differences import assert_as_the_standard
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pipes_under_test import MAKES

import ndpipe

# NumPy deprecates times without a unit, which must come through as long as they exist.
pytestmark = pytest.mark.filterwarnings("ignore:The 'generic' unit:DeprecationWarning")


@pytest.fixture(scope="module", params=MAKES)
def echoing(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Our end of a pipe to a forked child that sends back all it receives."""
    ours, theirs = MAKES[request.param]()
    context = multiprocessing.get_context("fork")
    child = context.Process(target=connection_peers.echo, args=(theirs, ours), daemon=True)
    child.start()
    theirs.close()
    with ours:
        yield ours
    child.join(10)
    assert child.exitcode == 0
    child.close()


def _plain_dtypes() -> st.SearchStrategy[np.dtype[Any]]:
    scalars = st.one_of(
        hnp.scalar_dtypes(),
        hnp.byte_string_dtypes(min_len=1),
        hnp.unicode_string_dtypes(min_len=1),
    )
    return st.one_of(scalars, hnp.nested_dtypes(scalars, max_itemsize=100))


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray[Any, Any]:
    """Draw an array: bytes at random, then views of it at random."""
    dtype = draw(_plain_dtypes())
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6))
    array = draw(hnp.arrays(dtype.base, (*shape, *dtype.shape), fill=st.nothing()))
    for _ in range(draw(st.integers(0, 2))):
        match draw(st.sampled_from(["slice", "transpose", "fortran", "broadcast", "readonly"])):
            case "slice":
                array = array[draw(hnp.basic_indices(array.shape, allow_newaxis=True)) or ...]
            case "transpose":
                array = array.transpose(draw(st.permutations(range(array.ndim))))
            case "fortran":
                array = array.copy(order="F")
            case "broadcast":
                array = np.broadcast_to(array, (draw(st.integers(0, 3)), *array.shape))
            case "readonly":
                array = array.view()
                array.flags.writeable = False
        if not isinstance(array, np.ndarray):  # an index to a single element returned a scalar
            array = np.asarray(array)
    return array


def law(echoing: Any, array: np.ndarray[Any, Any], threshold: int) -> None:
    """Bare and in a container, and with some arrays in band and some out, it comes back."""
    echoing._threshold = threshold
    echoing.send(array)
    assert echoing.poll(30)
    array_zoo.assert_same(echoing.recv(), array)
    echoing.send({"first": array, "rest": [array[..., None], "text"]})
    assert echoing.poll(30)
    message = echoing.recv()
    array_zoo.assert_same(message["first"], array)
    array_zoo.assert_same(message["rest"][0], array[..., None])
    assert message["rest"][1] == "text"


@given(arrays(), st.sampled_from([1, 100, 1 << 20]))
def test_what_arrives_is_what_was_sent(echoing: Any, array: Any, threshold: int) -> None:
    """The law, on a few arrays."""
    law(echoing, array, threshold)


@pytest.mark.thorough
@pytest.mark.timeout(1800)
@settings(settings.get_profile("thorough"))
@given(arrays(), st.sampled_from([1, 100, 1 << 20]))
def test_what_arrives_is_what_was_sent_thoroughly(echoing: Any, array: Any, threshold: int) -> None:
    """The law, on ten thousand arrays."""
    law(echoing, array, threshold)


@pytest.fixture(scope="module", params=MAKES)
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Any]]:
    """Two ends in this process."""
    a, b = MAKES[request.param]()
    with a, b:
        yield a, b


def _may_warn(test: Callable[..., None]) -> Callable[..., None]:
    """Let NumPy warn of what it does with the classes itself."""
    # numpy.ma casts the default fill value, 1e20, to a field of float16.
    for warning in ("The chararray class:DeprecationWarning", "overflow:RuntimeWarning"):
        test = pytest.mark.filterwarnings(f"ignore:{warning}")(test)
    return test


def class_law(ends: tuple[Any, Any], array: Any, cls: str, threshold: int) -> None:
    """Of any class, it arrives as the standard Pipe delivers it, but for the differences."""
    a, b = ends
    sent = CLASSES[cls](array)
    assume(sent is not None)
    ndpipe.wrap(a, threshold=threshold)
    standard = array_zoo.as_the_standard_pipe(sent)
    a.send(sent)
    a.send([sent])
    for received in (b.recv(), b.recv()[0]):
        assert_as_the_standard(received, sent, standard, array_zoo._elements)


@_may_warn
@given(arrays(), st.sampled_from(sorted(CLASSES)), st.sampled_from([1, 100, 1 << 20]))
def test_classes(ends: Any, array: Any, cls: str, threshold: int) -> None:
    """The law of classes, on a few arrays."""
    class_law(ends, array, cls, threshold)


@pytest.mark.thorough
@pytest.mark.timeout(1800)
@_may_warn
@settings(settings.get_profile("thorough"))
@given(arrays(), st.sampled_from(sorted(CLASSES)), st.sampled_from([1, 100, 1 << 20]))
def test_classes_thoroughly(ends: Any, array: Any, cls: str, threshold: int) -> None:
    """The law of classes, on ten thousand arrays."""
    class_law(ends, array, cls, threshold)
