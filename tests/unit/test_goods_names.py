"""Names as till send them: brought to one form, matched with words and brands, and hashed into features."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.goods.loader import read_list_file
from gateway.goods.memory import Memory
from gateway.goods.names.features import COLUMNS, features
from gateway.goods.names.folding import NAME_CHARACTERS_MAX, fold
from gateway.goods.names.lexicon import SHIPPED, Group, Lexicon, LexiconFile, load_lexicon

WINE = Group("wine", "11.02", is_deny=True, is_sure=True)
VINEGAR = Group("vinegar", "10.84", is_deny=False, is_sure=True)
CIGARETTES = Group("cigarettes", "12.00.11", is_deny=True, is_sure=True)


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Пиво Öttinger 0,5Л ж/б", "пиво ottinger 0.5 л ж б"),
        ("Эссе супер слим Блю МРЦ 145,00", "эссе супер слим блю мрц 145.00"),
        ("НАПИТОК Б/А СИДР 0,0%", "напиток б а сидр 0.0%"),
        ("Мёд. Ёлка й", "мед елка й"),
        ("L&M RED 100's", "l m red 100 s"),
        ("...", ""),
    ],
)
def test_names_that_say_the_same_are_folded_alike(name: str, folded: str) -> None:
    """Case, diacritics, punctuation and decimal commas tell nothing of goods."""
    assert folded == fold(name)


@given(st.text(max_size=300))
def test_folding_twice_is_folding_once(name: str) -> None:
    """A folded name is its own form, and no name is too long or too odd."""
    folded = fold(name)
    assert folded == fold(folded) or len(name) > NAME_CHARACTERS_MAX or len(folded) > NAME_CHARACTERS_MAX


def test_a_term_is_matched_on_whole_words_and_on_beginnings_where_it_says_so() -> None:
    """«вино» is not in «виноград», and «сигарет*» is in every form of the word."""
    lexicon = Lexicon([(WINE, ["вино", "saint emilion"]), (VINEGAR, ["уксус*"]), (CIGARETTES, ["сигарет*"])])
    assert {0} == lexicon.match(fold("ВИНО красное 0,7"))
    assert {0} == lexicon.match(fold("Saint-Émilion 2011"))
    assert {0, 1} == lexicon.match(fold("Уксусы: вино"))
    assert {2} == lexicon.match(fold("сигаретная пачка"))
    for innocent in ("виноград", "saint agur", "saint", ""):
        assert frozenset() == lexicon.match(fold(innocent))


def test_words_that_spoke_are_told_as_the_name_has_them() -> None:
    """Each term with its group, in the order of the name; one that begins a word brings the whole word."""
    lexicon = Lexicon([(WINE, ["вино", "saint emilion"]), (CIGARETTES, ["сигарет*"])])
    spoken = lexicon.spoken(fold("Сигаретная Saint-Émilion, вино"))
    assert [("сигаретная", CIGARETTES), ("saint emilion", WINE), ("вино", WINE)] == spoken
    assert [] == lexicon.spoken(fold("Хлеб"))


def test_no_shipped_term_stands_twice_in_a_file_or_surely_on_both_sides() -> None:
    """What both denies and clears for sure would do neither."""
    sure: dict[str, set[str]] = {}
    for path in sorted(SHIPPED.glob("*.toml")):
        groups = read_list_file(path, LexiconFile).group
        terms = Counter(term for group in groups for term in group.terms)
        assert [] == [term for term, count in terms.items() if count > 1], path.name
        for group in groups:
            if group.strength != "hint":
                for term in group.terms:
                    sure.setdefault(term, set()).add(group.side)
    assert [] == [term for term, sides in sure.items() if len(sides) > 1]


def test_the_shipped_lexicons_tell_wine_from_vinegar() -> None:
    """Both names have a word of wine; one has a word that makes it innocent."""
    lexicon = load_lexicon()
    sides = [
        {lexicon.groups[number].is_deny for number in lexicon.match(fold(name))}
        for name in ("Вино Каберне 0,7л", "Уксус винный 6%", "Хлеб ржаной")
    ]
    assert [{True}, True, False] == [sides[0], False in sides[1], True in sides[2]]


@pytest.mark.parametrize(
    ("name", "is_cleared"),
    [
        ("НАПИТОК Б/А СИДР 0,0%", True),
        ("цыпленок табака", True),
        ("уксус винный", True),
        ("Пиво безалкогольное 0,5", True),
        ("Эссе супер слим Блю МРЦ 145,00", False),
        ("Сидр яблочный 4,5%", False),
    ],
)
def test_a_name_with_a_word_of_denied_goods_is_cleared_for_sure_or_denied(
    name: str, is_cleared: bool
) -> None:
    """As tills print them: each has such a word, and what stands beside it decides."""
    lexicon = load_lexicon()
    found = [lexicon.groups[number] for number in lexicon.match(fold(name))]
    assert any(group.is_deny for group in found)
    assert is_cleared == any(group.is_sure and not group.is_deny for group in found)
    assert is_cleared or any(group.is_sure and group.is_deny for group in found)


def test_a_name_has_the_same_features_alone_and_among_others() -> None:
    """What a basket holds besides changes nothing of what a name says."""
    names = [fold(name) for name in ("Пиво светлое 0,5", "Молоко 3,2%", "эссе", "a", "Цыплёнок табака")]
    columns, starts = features(names)
    assert len(names) + 1 == len(starts)
    assert 0 <= columns.min()
    assert COLUMNS > columns.max()
    for index, name in enumerate(names):
        alone, _ = features([name])
        assert np.array_equal(np.sort(alone), np.sort(columns[starts[index] : starts[index + 1]]))


def test_what_was_asked_for_lately_is_remembered_and_the_rest_forgotten() -> None:
    """The memory holds two generations at most."""
    memory = Memory[int, int](2)
    memory.put(1, 10)
    memory.put(2, 20)
    memory.put(3, 30)  # 1 and 2 are the old generation now
    assert 10 == memory.get(1)
    memory.put(4, 40)  # 2 was not asked for
    assert [10, None, 30, 40] == [memory.get(key) for key in (1, 2, 3, 4)]
    assert 1 == memory.tally.missed
