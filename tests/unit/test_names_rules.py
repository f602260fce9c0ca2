"""Words that the prohibited list decides by itself: what can be turned into money, whatever was learned."""

import copy
import dataclasses
import shutil
from functools import cache
from pathlib import Path

import pytest

from gateway.domain.basket import bare_line
from gateway.domain.judging import MILLION, Edition, Verdict
from gateway.domain.reasons import LineReason
from gateway.goods.importing.categories import load_category_map
from gateway.goods.loader import ListFileError, read_list_file
from gateway.goods.names import learned as learning
from gateway.goods.names.folding import fold
from gateway.goods.names.labels import Lists
from gateway.goods.names.lexicon import SHIPPED, Lexicon, LexiconFile, load_lexicon
from gateway.goods.names.opinions import Namer, Opinion
from gateway.goods.sources import GoodsAt
from tests.builders import at, prohibited_list
from tests.names_kit import LEXICON, catalogue_file, learned, lists

GIFT_CARD, BREAD = "Подарочная карта 3000 руб", "10.71.11.110"


@cache
def rules() -> Lexicon:
    """The rules that come with the gateway."""
    found = load_lexicon().rules
    assert found is not None
    return found


def namer(by: Lists) -> Namer:
    """The classifier of a small catalogue, in which there is nothing like cash, with the shipped rules."""
    lexicon = copy.copy(LEXICON)
    lexicon.rules = rules()
    model = dataclasses.replace(learned(), lexicon=lexicon)
    return Namer(model, by.prohibited, by.class_map)


@pytest.mark.parametrize(
    ("name", "okpd2"),
    [
        (GIFT_CARD, "64.19.30"),
        ("КАРТА ПОДАРОЧНАЯ «Магазин» 500", "64.19.30"),
        ("Gift Card 50 EUR", "64.19.30"),
        ("Выдача наличных", "64.19.30"),
        ("Пополнение счёта, оператор 1", "61.20.11"),
        ("ОПЛАТА УСЛУГ СВЯЗИ", "61.20.11"),
        ("Билет лотерейный №7", "92.23.10"),
        ("Памятная монета 25 руб", "32.11.10"),
    ],
)
def test_cash_by_another_name_is_denied_by_the_lists_own_rule(name: str, okpd2: str) -> None:
    """No catalogue teaches it, and letters alone would take a gift card for a book."""
    assert [Opinion(okpd2, MILLION)] == namer(lists()).opinions([name])
    rule = lists().prohibited.rule_for(okpd2)
    assert rule is not None
    assert LineReason.PROHIBITED is judged(name).reason
    assert rule.rule_id == judged(name).rule_id


@pytest.mark.parametrize(
    "name",
    [
        "Открытка для подарочного сертификата",
        "Подарочный набор мыла",
        "Телефон 2 сим карты",
        "Лото русское в мешочке",
        "Карта мира настенная",
        "Шоколад Золотая монета 6г",
        "Альбом для памятных монет",
        "Кошелек кожаный",
    ],
)
def test_what_sounds_like_cash_is_left_to_the_classifier(name: str) -> None:
    """A rule has no doubts, so it has only words that mean nothing else."""
    assert frozenset() == rules().match(fold(name))


def judged(name: str, okpd2: str = "") -> Verdict:
    """What a line with that name is, and whether points may pay it."""
    edition = Edition(lists().prohibited, lists().class_map, learned().card.policy)
    [found] = GoodsAt(edition, namer=namer(lists())).judge([bare_line(name, okpd2=okpd2)], 0)
    return found.verdict


def test_a_till_that_declares_a_gift_card_as_bread_is_refused_and_looked_at() -> None:
    """What the till writes does not outweigh what the line is called."""
    assert (LineReason.PROHIBITED, "cash-financial", "contradiction") == (
        judged(GIFT_CARD, BREAD).reason,
        judged(GIFT_CARD, BREAD).rule_id,
        judged(GIFT_CARD, BREAD).review.value,
    )
    assert LineReason.ALLOWED is judged("Хлеб северная", BREAD).reason


def test_a_rule_of_goods_that_the_list_does_not_deny_says_nothing() -> None:
    """What is prohibited stands in the list alone: a word only names the goods."""
    tobacco_alone = prohibited_list("1", at("2026-01-01 00:00"), tobacco="-12")
    [said] = namer(Lists(tobacco_alone, lists().class_map)).opinions([GIFT_CARD])
    assert said is not None
    assert (True, True) == (said.okpd2 != "64.19.30", said.denied_ppm < MILLION)


def test_words_of_a_rule_are_told_with_those_of_the_lexicon() -> None:
    """So that whoever explains a refusal can point at them."""
    [(words, group)] = namer(lists()).trace(GIFT_CARD).words
    assert ("подарочная карта", "cash-cards-and-transfers") == (words, group.id)


@pytest.mark.parametrize(("key", "value"), [("okpd2", '""'), ("okpd2", '"cash"'), ("side", '"allow"')])
def test_a_rule_that_denies_no_code_is_refused_by_its_name(tmp_path: Path, key: str, value: str) -> None:
    """The list could not decide by it."""
    fields = {"okpd2": '"64.19"', "side": '"deny"', key: value}
    path = tmp_path / "cash.toml"
    path.write_text(
        '[[group]]\nid = "cash"\nkind = "word"\nstrength = "rule"\nterms = ["gift card"]\n'
        + "".join(f"{name} = {text}\n" for name, text in fields.items()),
        encoding="utf-8",
    )
    with pytest.raises(ListFileError, match="group cash: a rule denies goods of an ОКПД2 code"):
        read_list_file(path, LexiconFile)


def test_a_term_more_makes_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decision names the version that made it, also where no name that was learned has the term."""
    folder = shutil.copytree(SHIPPED, tmp_path / "lexicon")
    monkeypatch.setattr(learning, "SHIPPED", folder)
    catalogue, categories = catalogue_file(tmp_path), load_category_map()

    def version(out: str) -> str:
        card = learning.train_on(catalogue, categories, lists(), tmp_path / out, lambda step, done: None).card
        return card.version

    first, again = version("first"), version("again")
    cash = folder / "cash.toml"
    cash.write_text(cash.read_text(encoding="utf-8").replace('"cash out"', '"cash outs"'), encoding="utf-8")
    assert first == again
    assert first != version("changed")
