"""In a real browser: the two tools answer, and say what the measurements of the build say."""

import json
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from _ext.cost_data import time_of
from _ext.which_way import Ways
from playwright.sync_api import Browser, Page, Route
from tests.browser.checks import shifts

from ndpipe import format_bytes
from ndpipe.compare import Comparison, Interval
from ndpipe.compare.documents import from_json
from ndpipe.transports import TRANSPORTS

ROOT = Path(__file__).parents[2]
HTML = ROOT / "docs/_build/html"
MEASURED = ROOT / "docs/auto_examples/3_measurements/measurements.json"
WAYS = Ways.read(ROOT / "docs/explanation/ways.toml")
PHONE = ("dark", 360)


@cache
def _record() -> Comparison:
    return from_json(MEASURED.read_text("utf-8"))


def _times(page: Page) -> dict[str, str]:
    """Return what the rows of the page say, by the way's title."""
    rows = page.locator("#cost-ways tbody tr").all()
    return {
        row.locator("th").inner_text(): row.locator(".tool-time").evaluate(
            "cell => cell.firstChild.textContent"
        )
        for row in rows
    }


@pytest.fixture
def cost(page: Page) -> Page:
    """Open the page about costs."""
    page.goto("/cost.html")
    return page


def test_the_size_of_an_array_is_shape_times_dtype(cost: Page) -> None:
    """What is typed is answered at once, without a button."""
    cost.get_by_label("Shape, or size").fill("(1000, 1000)")
    cost.get_by_label("dtype").fill("float32")
    assert "4 MB (1,000,000 elements of 4 bytes)" in cost.locator("#cost-answer").inner_text()


@pytest.mark.parametrize("direction", ["to-child", "from-child"])
def test_a_measured_size_shows_what_was_measured(cost: Page, direction: str) -> None:
    """Each way's time and interval are those of measurements.json, in both directions."""
    cost.get_by_label("Direction").select_option(direction)
    cost.get_by_label("all ways").check()
    for nbytes in (100_000, 1_000_000, 8_000_000, 32_000_000, 100_000_000):
        cost.get_by_label("Shape, or size").fill(f"({nbytes // 8},)")
        chosen = _record().select(nbytes=nbytes, direction=direction)  # type: ignore[arg-type]
        expected = {
            TRANSPORTS[m.transport].info.title: time_of(m)
            for m in chosen.measurements
            if m.transport in TRANSPORTS and TRANSPORTS[m.transport].info.family != "baseline"
        }
        assert len(expected) > 5
        shown = _times(cost)
        assert {title: shown[title] for title in expected} == expected


def test_peak_memory_is_the_array_and_what_grew(cost: Page) -> None:
    """The multiple of the array is the one that the measurement gives."""
    cost.get_by_label("Shape, or size").fill("32 MB")
    cell = cost.locator("#cost-ways tr", has=cost.get_by_role("rowheader", name="Pipe", exact=True))
    copies = _record().find("pipe", 32_000_000).copies
    assert copies is not None
    assert f"{1 + copies:.1f} arrays" in cell.inner_text()


def test_between_measured_sizes_the_time_lies_between_them(cost: Page) -> None:
    """On a line of logarithms, the geometric mean of the sizes has that of the speeds."""
    script = """([a, b, n]) => Cost.estimate([a, b], n).seconds[0]"""
    one = {"nbytes": 1_000_000, "speed": [1, 0.5, 2], "sender": 0, "receiver": 0}
    two = {"nbytes": 100_000_000, "speed": [4, 3, 5], "sender": 0, "receiver": 0}
    assert cost.evaluate(script, [one, two, 10_000_000]) == pytest.approx(0.01 / 2)
    assert cost.evaluate(script, [one, two, 1_000_000]) == pytest.approx(0.001)
    assert cost.evaluate(script, [one, two, 1_000_000_000]) == pytest.approx(1 / 4)


@pytest.mark.parametrize(
    ("size", "extrapolated"), [("3 GB", True), ("8 MB", False), ("1 kB", True)]
)
def test_extrapolation_is_said(cost: Page, size: str, extrapolated: bool) -> None:
    """Beyond and below the measured sizes, and only there."""
    cost.get_by_label("Shape, or size").fill(size)
    answer = cost.locator("#cost-answer").inner_text()
    assert ("All times are extrapolated" in answer) is extrapolated


def test_a_way_that_was_not_measured_at_the_size_says_so_itself(cost: Page) -> None:
    """Where some ways were measured with 100 MB and others were not."""
    cost.get_by_label("all ways").check()
    cost.get_by_label("Shape, or size").fill("100 MB")
    notes = cost.locator("#cost-ways small", has_text="extrapolated").all_inner_texts()
    assert notes
    assert all("32 MB" in note for note in notes)
    assert len(notes) < cost.locator("#cost-ways tbody tr").count()


def test_limits_are_those_that_the_size_crosses(cost: Page) -> None:
    """The column of the reader's own array says beyond or below for each of them."""
    limits = json.loads(cost.locator("#cost-data").inner_text())["limits"]
    for size in (1000, 2**20, 3 * 10**9, 5 * 10**9):
        cost.get_by_label("Shape, or size").fill(f"({size},)")
        cost.get_by_label("dtype").fill("uint8")
        said = cost.locator("#cost-limits td.cost-yours").all_inner_texts()
        assert said == ["beyond" if size > limit else "below" for limit in limits]


ARRAYS = [
    np.zeros((3, 4)),
    np.zeros(5, "float32"),
    np.zeros((), "int16"),
    np.zeros((2, 0, 3)),
    np.zeros((2, 3), ">i4"),
    np.zeros(3, "U7"),
    np.zeros(3, "S5"),
    np.zeros(3, "V6"),
    np.zeros(2, "M8[ns]"),
    np.zeros(2, "m8[s]"),
    np.zeros((2, 2), "complex64"),
    np.zeros(4, bool),
    np.zeros(4, "float16"),
    np.zeros(4, "longdouble"),
    np.zeros(4, [("x", "<f4"), ("y", ">i8", (2, 3)), ("name", "U4")]),
    np.zeros(4, [("inner", [("a", "u1"), ("b", "f8")]), ("n", "i4", (2,))]),
    np.zeros(4, np.dtype([("a", "u1"), ("b", "f8")], align=True)),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.shape}-{array.dtype.str}")
def test_what_numpy_prints_can_be_pasted(cost: Page, array: np.ndarray) -> None:
    """A shape and a dtype, as str, as repr and by its code, give the size that NumPy gives."""
    script = """([shape, dtype]) => Cost.parseShape(shape).shape.reduce((a, b) => a * b, 1)
                * Cost.parseDtype(dtype)"""
    codes = [array.dtype.str] if array.dtype.names is None else []
    printed = [str(array.dtype), repr(array.dtype), *codes]
    for dtype in (text for text in printed if "align=True" not in text):
        assert cost.evaluate(script, [str(array.shape), dtype]) == array.nbytes, dtype


def test_shape_and_dtype_can_be_pasted_together(cost: Page) -> None:
    """As `print(arr.shape, arr.dtype)` and as a tuple of both prints them."""
    cost.context.grant_permissions(["clipboard-read", "clipboard-write"])
    array = np.zeros((200, 100), "<i2")
    for printed in (f"{array.shape} {array.dtype}", repr((array.shape, array.dtype))):
        cost.get_by_label("dtype").fill("float64")
        cost.evaluate("text => navigator.clipboard.writeText(text)", printed)
        cost.get_by_label("Shape, or size").fill("")
        cost.get_by_label("Shape, or size").press("Control+V")
        assert cost.get_by_label("Shape, or size").input_value() == "(200, 100)"
        assert "int16" in cost.get_by_label("dtype").input_value()
        assert "40 kB" in cost.locator("#cost-answer").inner_text()


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("Shape, or size", "ten by ten", "is no shape"),
        ("Shape, or size", "(10.5, 3)", "“10.5” in the shape is not a whole number"),
        ("Shape, or size", "(-3,)", "is not a whole number"),
        ("Shape, or size", "(10000000, 10000000, 10000000)", "more than any memory"),
        ("dtype", "float65", "no dtype that is known here"),
        ("dtype", "object", "array of objects"),
        ("dtype", "dtype([('a', 'u1'), ('b', '<f8')], align=True)", "room between its fields"),
    ],
)
def test_wrong_input_is_said_at_its_field(cost: Page, field: str, typed: str, said: str) -> None:
    """The message is an alert that describes the field, and no figure stays on the page."""
    control = cost.get_by_label(field, exact=True)
    control.fill(typed)
    error = cost.get_by_role("alert").filter(has_text=said)
    assert error.count() == 1
    assert str(error.get_attribute("id")) in str(control.get_attribute("aria-describedby"))
    assert control.get_attribute("aria-invalid") == "true"
    assert not cost.locator("#cost-ways").is_visible()
    control.fill("(10,)" if field != "dtype" else "float64")
    assert control.get_attribute("aria-invalid") is None
    assert cost.locator("#cost-ways").is_visible()


def test_the_interval_is_that_of_the_package(cost: Page) -> None:
    """The script draws it from the samples of a file, and rounds it, as Python does."""
    for measurement in _record().measurements:
        speed = measurement.speed
        assert speed is not None
        passes = [[measurement.nbytes / s / 1e9 for s in p if s] for p in measurement.samples]
        drawn = cost.evaluate("passes => Cost.medianInterval(passes)", passes)
        assert drawn == pytest.approx([speed.value, speed.low, speed.high], rel=1e-9)
        assert tuple(cost.evaluate("interval => Cost.rounded(interval)", drawn)) == speed.rounded()


def test_rounding_is_that_of_the_package(cost: Page) -> None:
    """For narrow and wide intervals of any magnitude."""
    random = np.random.default_rng(7)
    values = 10 ** random.uniform(-4, 5, 500)
    widths = random.uniform(1.001, 9, (2, 500))
    intervals = [[v, v / a, v * b] for v, a, b in zip(values, *widths, strict=True)]
    drawn = cost.evaluate("intervals => intervals.map(Cost.rounded)", intervals)
    assert [tuple(one) for one in drawn] == [Interval(*one).rounded() for one in intervals]


def test_sizes_are_written_as_the_package_writes_them(cost: Page) -> None:
    """In decimal and in binary units."""
    sizes = [0, 1, 999, 1000, 1023, 1024, 65_376, 999_600, 12_345_678, 800_000_000, 2**31, 10**12]
    decimal = cost.evaluate("sizes => sizes.map(Cost.formatBytes)", sizes)
    binary = cost.evaluate("sizes => sizes.map(Cost.formatBinary)", sizes)
    assert decimal == [format_bytes(size, decimal=True) for size in sizes]
    assert binary == [format_bytes(size) for size in sizes]


def _choose(page: Page, name: str, content: str) -> None:
    file = {"name": name, "mimeType": "application/json", "buffer": content.encode()}
    page.locator("#cost-file").set_input_files(file)


def test_a_file_of_ones_own_replaces_the_figures(cost: Page) -> None:
    """Twice the times give half the speed, under the name of the other machine, until reset."""
    document = json.loads(MEASURED.read_text("utf-8"))
    document["machine"]["cpu"] = "Another CPU"
    for m in document["measurements"]:
        m["samples"] = [[s and 1000 * s for s in one] for one in m["samples"]]
    cost.get_by_label("Shape, or size").fill("32 MB")
    before = _times(cost)
    _choose(cost, "mine.json", json.dumps(document))
    caption = cost.locator("#cost-caption")
    caption.filter(has_text="your machine").wait_for()
    assert "Another CPU" in caption.inner_text()
    slower = {title: time.replace(" ms", " s") for title, time in before.items()}
    assert _times(cost) == slower
    cost.get_by_role("button", name="Back to the build's machine").click()
    assert _times(cost) == before
    assert "the build's machine" in caption.inner_text()


def test_the_build_as_ones_own_file_gives_the_same_figures(cost: Page) -> None:
    """The file and the data in the page are read alike, and the machine is named alike."""
    cost.get_by_label("Shape, or size").fill("(5_000_000,)")
    before = _times(cost)
    _choose(cost, "measurements.json", MEASURED.read_text("utf-8"))
    cost.locator("#cost-caption").filter(has_text="your machine").wait_for()
    assert _times(cost) == before
    assert str(_record().machine) in cost.locator("#cost-caption").inner_text()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("shape,dtype", "no JSON"),
        ("[1, 2]", "it holds no object"),
        ('{"name": "x"}', "“machine” is missing"),
        ('{"machine": {}, "date": "", "version": "", "measurements": []}', "“machine.system”"),
    ],
)
def test_another_file_is_refused_by_name(cost: Page, content: str, said: str) -> None:
    """The figures of the build stay, and the message says what was expected."""
    before = _times(cost)
    _choose(cost, "other.json", content)
    alert = cost.get_by_role("alert").filter(has_text="other.json")
    alert.wait_for()
    assert said in alert.inner_text()
    assert _times(cost) == before


def test_a_broken_measurement_is_refused(cost: Page) -> None:
    """A time that is none is found before a figure is drawn from it."""
    document = json.loads(MEASURED.read_text("utf-8"))
    document["measurements"][3]["samples"] = [[0.1, -1]]
    _choose(cost, "broken.json", json.dumps(document))
    alert = cost.get_by_role("alert").filter(has_text="broken.json")
    alert.wait_for()
    assert "measurement 4 has a time that is no time" in alert.inner_text()


def test_the_keyboard_alone_does(cost: Page) -> None:
    """From the first field, Tab reaches each control in order, with the focus visible."""
    cost.get_by_label("Shape, or size").focus()
    reached = []
    for _ in range(5):
        focused = "document.activeElement"
        reached.append(cost.evaluate(f"{focused}.id"))
        assert cost.evaluate(f"getComputedStyle({focused}).outlineStyle") != "none"
        cost.keyboard.press("Tab")
    assert reached == ["cost-shape", "cost-dtype", "cost-direction", "cost-all", "cost-file"]
    cost.get_by_label("Shape, or size").focus()
    cost.keyboard.press("Control+A")
    cost.keyboard.type("3 GB")
    cost.keyboard.press("Enter")
    assert "3 GB" in cost.locator("#cost-answer").inner_text()


@pytest.mark.parametrize("page", [PHONE], indirect=True, ids=["phone"])
def test_both_tools_fit_a_phone(page: Page) -> None:
    """Nothing hangs out to the right, whatever they show."""
    page.goto("/cost.html?shape=3+GB")
    assert "3 GB" in page.locator("#cost-answer").inner_text()
    page.get_by_label("all ways").check()
    overhang = "e => [e.scrollWidth - e.clientWidth, document.body.scrollWidth - innerWidth]"
    assert max(page.locator("#cost-form").evaluate(overhang)) <= 0
    page.goto("/explanation/choose.html")
    page.get_by_label("on another machine").check()
    assert max(page.locator("#which-form").evaluate(overhang)) <= 0


@pytest.mark.parametrize("page", [("light", n) for n in (1280, 500, 360)], indirect=True, ids=str)
def test_the_axis_stands_above_what_it_measures(page: Page) -> None:
    """The numbers of the axis and the times below them are drawn to one scale."""
    page.goto("/cost.html")
    place = "all => all.map(e => e.getBoundingClientRect()).map(r => [r.left, r.width])"
    axis, *rows = page.locator("#cost-ways .tool-drawing svg").evaluate_all(place)
    assert rows
    assert all(row == pytest.approx(axis, abs=1) for row in rows)


@pytest.mark.parametrize("path", ["cost.html", "explanation/choose.html"])
@pytest.mark.parametrize("page", [("light", 1280), PHONE], indirect=True, ids=["wide", "phone"])
def test_nothing_jumps_where_a_script_is_late(page: Page, path: str) -> None:
    """What the browser draws before the scripts of a tool have come stays where it is."""

    def late(route: Route) -> None:
        time.sleep(0.3)  # many frames
        route.continue_()

    page.route("**/tools/*.js", late)
    page.goto(f"/{path}", wait_until="load")
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
    assert shifts(page) == []


def test_opened_from_disk_both_work(browser: Browser) -> None:
    """No server, no request for data."""
    context = browser.new_context()
    page = context.new_page()
    page.goto((HTML / "cost.html").as_uri())
    assert page.locator("#cost-ways tbody tr").count() > 3
    page.goto((HTML / "explanation/choose.html").as_uri())
    page.get_by_label("on another machine").check()
    assert "Take a socket" in page.locator("#which-answer").inner_text()
    context.close()


@pytest.fixture
def bare(browser: Browser, site: str) -> Iterator[Page]:
    """Open a window without JavaScript."""
    context = browser.new_context(base_url=site, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_without_javascript_a_table_says_the_costs(bare: Page) -> None:
    """The form is away; each measured time is in a table, and so are the limits."""
    bare.goto("/cost.html")
    assert not bare.locator("#cost-form").is_visible()
    text = bare.locator(".cost-table").first.inner_text().replace("\N{NO-BREAK SPACE}", " ")
    for nbytes in (1_000_000, 100_000_000):
        assert time_of(_record().find("ndpipe", nbytes)) in text
    assert bare.locator("#cost-limits tbody tr").count() == 6


def test_without_javascript_a_table_says_the_ways(bare: Page) -> None:
    """The form is away; each way stands in the table with what it is for."""
    bare.goto("/explanation/choose.html")
    assert not bare.locator("#which-form").is_visible()
    rows = bare.locator("#which-table tbody tr").all_inner_texts()
    assert len(rows) == len(WAYS.ways)
    for row, way in zip(rows, WAYS.ways, strict=True):
        assert WAYS.need(way) in row
        assert way.take in row


def test_every_combination_of_answers_leads_to_its_program(page: Page) -> None:
    """The form recommends what the rules say, with the whole program and its page."""
    page.goto("/explanation/choose.html")
    for answers in WAYS.combinations():
        for name, answer in answers.items():
            page.locator(f"#which-{name}-{answer}").check()
        way = WAYS.recommend(answers)
        assert page.locator("#which-answer").inner_text().startswith(f"Take {way.take}")
        card = (ROOT / f"docs/explanation/cards/{way.card}.py").read_text("utf-8")
        assert str(page.locator("#which-card pre").text_content()).strip() == card.strip()
        assert page.locator("#which-answer a").last.get_attribute("href")


def test_a_recommendation_comes_with_its_measured_cost(page: Page) -> None:
    """The speed and the ratio are those of the table, which are the record's."""
    page.goto("/explanation/choose.html")
    for name in ("where-here", "what-own", "how-stream", "care-time"):
        page.locator(f"#which-{name}").check()
    answer = page.locator("#which-answer").inner_text()
    assert f"{_record().speed('ndpipe', 32_000_000)} GB/s" in answer
    assert f"{_record().ratio('ndpipe', 'pipe', 32_000_000)} times as fast" in answer


def test_an_answer_that_decides_ends_the_questions(page: Page) -> None:
    """What is left is counted, and the form can be answered again, by the keyboard too."""
    page.goto("/explanation/choose.html")
    answer = page.locator("#which-answer")
    assert answer.inner_text() == f"{len(WAYS.ways)} ways are left."
    page.locator("#which-where-here").focus()
    page.keyboard.press("ArrowDown")
    assert answer.inner_text().startswith("Take a socket")
    page.get_by_role("button", name="Start again").press("Enter")
    answer.filter(has_text="ways are left").wait_for()
    assert page.locator("#which-card pre").count() == 0
