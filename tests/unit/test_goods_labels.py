"""Labels that a classifier of names learns: fine where there are names enough, and never across a rule."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.category import prefixes_longest_first
from gateway.goods.loader import load_list_book
from gateway.goods.names.labels import NAMES_MIN, Lists, labels_of

BOOK = load_list_book()
LISTS = Lists(BOOK.prohibited[-1], BOOK.class_map)
CODES = [
    "01.24.10.000",
    "10.71.11.110",
    "10.71.11.111",
    "10.71.11.112",
    "10.71.11.120",
    "10.71.12",
    "10.86.10.110",
    "10.86.10.111",
    "11.01.10.111",
    "11.01.10.112",
    "11.02.11.110",
    "11.05.10.110",
    "11.05.10.120",
    "11.05.10.121",
    "11.05.10.130",
    "11.07.11.111",
    "11.07.19.121",
    "12.00.11.130",
    "12.00.19.700",
    "32.40.11",
    "58.19.14.000",
]


def test_a_code_with_names_enough_is_a_label_of_its_own() -> None:
    """Nothing is lost where nothing has to be."""
    names_of = {"10.71.11.111": NAMES_MIN, "10.71.11.112": NAMES_MIN}
    assert {code: code for code in names_of} == labels_of(names_of, LISTS)


def test_codes_with_few_names_meet_in_the_code_above_them() -> None:
    """Two kinds of bread with three names each make one label with six, the finest that they share."""
    few = {"10.71.11.111": 3, "10.71.11.112": 3}
    assert {"10.71.11.110"} == set(labels_of(few, LISTS).values())
    assert {"10.71.11"} == set(labels_of({"10.71.11.111": 3, "10.71.11.120": 3}, LISTS).values())
    assert {"10.71.1"} == set(labels_of({"10.71.11.111": 3, "10.71.12": 3}, LISTS).values())


def test_a_code_whose_names_are_too_few_at_every_level_is_not_learned() -> None:
    """A label of two names would be a guess."""
    names_of = {"10.71.11.111": 2, "32.40.11": NAMES_MIN}
    assert {"10.71.11.111": "", "32.40.11": "32.40.11"} == labels_of(names_of, LISTS)


def test_beer_without_alcohol_never_joins_beer() -> None:
    """They are told apart by the list, so names that are few are rather not learned."""
    names_of = {"11.05.10.110": 2, "11.05.10.120": 50, "11.05.10.130": 2}
    labels = labels_of(names_of, LISTS)
    assert ("", "11.05.10.120") == (labels["11.05.10.110"], labels["11.05.10.120"])
    assert not LISTS.is_denied("11.05.10.110")
    assert LISTS.is_denied("11.05.10.120")


@given(st.dictionaries(st.sampled_from(CODES), st.integers(0, 3 * NAMES_MIN)))
def test_a_label_means_what_its_codes_mean_and_has_names_enough(names_of: dict[str, int]) -> None:
    """Denied or not, and the same classes: a name's label decides as its own code would."""
    labels = labels_of(names_of, LISTS)
    assert names_of.keys() == labels.keys()
    for code, label in labels.items():
        if label:
            assert label in prefixes_longest_first(code)
            assert LISTS.meaning_of(code) == LISTS.meaning_of(label)
            assert sum(names_of[other] for other, its in labels.items() if its == label) >= NAMES_MIN


def test_the_more_names_there_are_the_more_a_label_needs() -> None:
    """Labels cost time in every decision, so a large catalogue does not make them without end."""
    names_of = {"01.24.10.000": 1_000_000, "10.71.11.111": 200, "10.71.11.120": 200}
    labels = labels_of(names_of, LISTS)
    assert labels["10.71.11.111"] == labels["10.71.11.120"] == "10.71.11"
