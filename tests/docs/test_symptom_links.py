"""A page of the gallery lists the symptoms whose entries lead to it."""

from _ext.symptom_links import symptoms_of

INDEX = """\
# Symptoms

{ref}`both <symptom-both>` {doc}`auto_examples/2_in_practice/plot_01_a`

(symptom-both)=
### `EOFError: both`

See {doc}`auto_examples/2_in_practice/plot_01_a` and {doc}`the other
<auto_examples/2_in_practice/plot_02_b>`.

(symptom-one)=
### Nothing comes

See {doc}`auto_examples/2_in_practice/plot_02_b`.

## More

(symptom-longer)=
### A longer name

See {doc}`auto_examples/2_in_practice/plot_02_b_more`.
"""


def test_entries_that_link_to_a_page_are_found() -> None:
    """In their order; the contents of the index are no entry."""
    assert symptoms_of(INDEX, "auto_examples/2_in_practice/plot_01_a") == ["symptom-both"]
    both = ["symptom-both", "symptom-one"]
    assert symptoms_of(INDEX, "auto_examples/2_in_practice/plot_02_b") == both


def test_a_page_is_not_taken_for_one_whose_name_begins_alike() -> None:
    """`plot_02_b` and `plot_02_b_more` are two pages."""
    found = symptoms_of(INDEX, "auto_examples/2_in_practice/plot_02_b_more")
    assert found == ["symptom-longer"]
    assert symptoms_of(INDEX, "auto_examples/2_in_practice/plot_03") == []
