"""The questions of *Choose a way* and the ways that they lead to."""

from pathlib import Path

import pytest
from _ext.which_way import Ways

from ndpipe.transports import TRANSPORTS

DOCS = Path(__file__).parents[2] / "docs"
WAYS = Ways.read(DOCS / "explanation/ways.toml")


@pytest.mark.parametrize(
    "answers", WAYS.combinations(), ids=lambda answers: "-".join(answers.values())
)
def test_every_combination_of_answers_leads_to_a_way(answers: dict[str, str]) -> None:
    """One way is recommended, and all its conditions were answered so."""
    way = WAYS.recommend(answers)
    assert way.when
    assert way.when.items() <= answers.items()


def test_every_way_can_be_reached() -> None:
    """No way stands behind another that takes all its answers."""
    reached = {WAYS.recommend(answers).card for answers in WAYS.combinations()}
    assert reached == {way.card for way in WAYS.ways}


def test_every_card_is_a_way() -> None:
    """The programs on the page and the recommendations are the same, each once."""
    cards = sorted(path.stem for path in (DOCS / "explanation/cards").glob("*.py"))
    assert sorted(way.card for way in WAYS.ways) == cards


@pytest.mark.parametrize("way", WAYS.ways, ids=lambda way: way.card)
def test_a_way_names_what_exists(way: object) -> None:
    """Its conditions are answers to questions, its transport is one that is measured."""
    assert isinstance(way, type(WAYS.ways[0]))
    questions = {question.name: question.answers for question in WAYS.questions}
    assert all(answer in questions[name] for name, answer in way.when.items())
    assert not way.transport or way.transport in TRANSPORTS


def test_there_are_four_questions() -> None:
    """No more than a reader answers."""
    assert len(WAYS.questions) == 4
    assert all(2 <= len(question.answers) <= 3 for question in WAYS.questions)
