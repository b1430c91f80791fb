"""The law: what arrives is what the standard Pipe delivers, but for the differences it states."""

import re
from itertools import count
from pathlib import Path
from typing import Any

import array_zoo
import numpy as np
import pytest
from array_classes import CLASSES
from differences import DIFFERENCES, assert_as_the_standard, plain

pytestmark = [
    # NumPy deprecates times without a unit, and chararray, which must come through as long as
    # they exist.
    pytest.mark.filterwarnings("ignore:The 'generic' unit:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The chararray class:DeprecationWarning"),
]
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "connection.md"
DTYPES = [order for dtype in array_zoo.DTYPES for order in array_zoo.both_orders(dtype)]
THRESHOLDS = {"out of band": 1, "in band": 1 << 20}


def there(a: Any, b: Any, array: Any) -> Any:
    """Send an array, bare and nested, and return what arrives nested, having compared the two."""
    a.send(array)
    a.send({"nested": [array]})
    bare, nested = b.recv(), b.recv()["nested"][0]
    assert type(bare) is type(nested)
    assert str(bare.dtype) == str(nested.dtype)
    assert array_zoo._elements(plain(bare)) == array_zoo._elements(plain(nested))
    return bare, nested


def check(a: Any, b: Any, dtype: Any, layout: str, cls: str) -> bool:
    """Check the law for one array; return False where there is no such array."""
    array = array_zoo.LAYOUTS[layout](array_zoo.make(dtype))
    if not isinstance(array, np.ndarray):
        return False
    sent = CLASSES[cls](array)
    if sent is None:
        return False
    try:
        standard = array_zoo.as_the_standard_pipe(sent)
    except Exception as error:
        # What it does not deliver is refused.
        with pytest.raises(type(error)):
            there(a, b, sent)
        return True
    for received in there(a, b, sent):
        assert_as_the_standard(received, sent, standard, array_zoo._elements)
    return True


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("cls", CLASSES)
def test_the_law(make_pipe: Any, cls: str, threshold: str) -> None:
    """Every dtype in either byte order, in some of the layouts, bare and nested."""
    a, b = make_pipe(threshold=THRESHOLDS[threshold])
    layouts = list(array_zoo.LAYOUTS)
    turn = count()
    checked = sum(
        check(a, b, dtype, layouts[next(turn) % len(layouts)], cls)
        for dtype in DTYPES
        for _ in range(3)
    )
    assert checked > (10 if cls in ("chararray", "matrix") else 100)


@pytest.mark.thorough
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("cls", CLASSES)
def test_the_law_thoroughly(make_pipe: Any, cls: str, threshold: str) -> None:
    """Every dtype in either byte order, in every layout, bare and nested."""
    a, b = make_pipe(threshold=THRESHOLDS[threshold])
    assert sum(check(a, b, dtype, layout, cls) for dtype in DTYPES for layout in array_zoo.LAYOUTS)


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("cls", CLASSES)
def test_small_arrays_of_the_other_byte_order(make_pipe: Any, cls: str, threshold: str) -> None:
    """Class, elements and byte order of a few elements arrive, whatever the constructor is."""
    if cls == "MaskedArray":
        pytest.skip("it pickles itself, and into this machine's byte order")
    a, b = make_pipe(threshold=THRESHOLDS[threshold])
    dtype = np.dtype(">U3" if cls == "chararray" else ">i4")
    sent = CLASSES[cls](np.arange(6).astype(dtype).reshape(2, 3))
    for received in there(a, b, sent):
        assert type(received) is type(sent)
        assert received.dtype.byteorder == ">"
        assert np.ndarray.tobytes(received) == np.ndarray.tobytes(sent)


def test_a_record_array_of_the_other_byte_order(make_pipe: Any) -> None:
    """Its fields arrive with their names, each in its order."""
    a, b = make_pipe(threshold=1 << 20)
    sent = np.array([(1, 2.5), (3, 4.5)], [("x", ">i4"), ("y", "<f4")]).view(np.recarray)
    for received in there(a, b, sent):
        assert received.x.tolist() == [1, 3]
        assert received.y.tolist() == [2.5, 4.5]
        assert received.dtype == sent.dtype
        assert received.dtype.type is np.record


def test_a_file_in_memory(make_pipe: Any, tmp_path: Path) -> None:
    """A memmap of a real file arrives as memory of its own, as from the standard Pipe."""
    sent = np.memmap(tmp_path / "file", ">f4", "w+", shape=(5, 40))
    sent[:] = np.arange(40)
    for threshold in THRESHOLDS.values():
        a, b = make_pipe(threshold=threshold)
        standard = array_zoo.as_the_standard_pipe(sent)
        for received in there(a, b, sent):
            assert_as_the_standard(received, sent, standard, array_zoo._elements)


@pytest.mark.parametrize("name", DIFFERENCES)
def test_the_reference_states_each_difference(name: str) -> None:
    """A reader finds every difference in the reference."""
    assert re.search(DIFFERENCES[name].stated, REFERENCE.read_text()), DIFFERENCES[name].sentence


def test_the_reference_speaks_of_changes_during_a_send() -> None:
    """An array that another thread rewrites meanwhile: the reference says it, and the way out."""
    text = REFERENCE.read_text()
    [paragraph] = [
        part
        for part in re.split(r"\n\s*\n|\n- ", text)
        if re.search(r"(?is)thread", part)
        and re.search(r"(?is)(chang|writ|rewrit|fill)\w*\s.*(send|sent)", part)
        and re.search(r"(?is)\bcop(y|ies)\b|\block\b", part)
    ][:1]
    assert paragraph
