"""Two people are two people, and what they say is a text."""

import pytest

from gateway.registry.enrolment_errors import EnrolmentError
from gateway.registry.signing_off import SAID_MAX_CHARS, four_eyes, said, said_or_empty


@pytest.mark.parametrize(
    ("by", "approved_by"),
    [
        ("Первый", "Первый"),
        ("Первый", "ПЕРВЫЙ"),
        ("Первый А.Б.", " первый  а. б. "),
        ("e.first", "E-First"),
        ("first", "ｆirst"),
    ],
)
def test_one_person_written_in_two_ways_is_one(by: str, approved_by: str) -> None:
    """Case, spaces, dots and wide letters make nobody another."""
    with pytest.raises(EnrolmentError, match="FOUR_EYES"):
        four_eyes(by, approved_by)


def test_two_people_are_two() -> None:
    """As they are written, but for needless spaces."""
    assert ("Первый А.", "Первый Б.") == four_eyes(" Первый  А.", "Первый Б. ")


@pytest.mark.parametrize(
    "text", ["a\x1b[31mb", "a\x00b", "a\u200bb", "\u202eabc", "x" * (SAID_MAX_CHARS + 1)]
)
def test_what_hides_or_turns_other_text_is_refused(text: str) -> None:
    """A history is read on screens: nothing in it moves the cursor or hides a letter."""
    for check in (said, said_or_empty):
        with pytest.raises(EnrolmentError, match="TEXT_UNFIT"):
            check(reason=text)


def test_an_empty_text_is_refused_where_one_must_be() -> None:
    """Lines and tabs are spaces."""
    assert ("a b", "c") == said(reason=" a\n\tb ", by="c")
    assert "" == said_or_empty(reason=" \n")
    with pytest.raises(EnrolmentError, match="by is missing"):
        said(reason="a", by="\t")
