"""Every source's word on a line: which is heard, in what order, and what is remembered of it."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.domain.basket import Line
from gateway.domain.judging import Edition, Evidence, Judged, NamePolicy, Source
from gateway.domain.reasons import LineReason
from gateway.goods.identity.in_store import WEIGHT_AFTER_2, InStoreTemplate, InStoreTemplates
from gateway.goods.names.lexicon import Group
from gateway.goods.names.opinions import NameTrace, Opinion
from gateway.goods.sources import COLD_AT_ONCE, Confirmed, GoodsAt, goods_by
from tests.builders import BEER, BOOK, BREAD, CLASSES, MILK, PROHIBITED, SOAP, WATER, at

SHOP, OTHER_SHOP = 1, 2
COLA, COLA_CODE = "04650075427958", "0104650075427958215*EeBVPpYXanP\x1d93abcd"
SPAGHETTI = "04006381333931"
CIGARETTES = "04606203090785-rNM>*6AB9hdzPf"
LABEL = "2101234005675"
NAMES = NamePolicy(100_000, 300_000, 700_000, 950_000)


@dataclass
class Catalogue:
    """GTINs of 14 digits with their codes, and what was asked for."""

    known: Mapping[str, tuple[str, ...]]
    version: str = "c1"
    asked: list[str] = field(default_factory=list)

    def codes_of(self, gtin: str) -> tuple[str, ...]:
        """As the protocol says."""
        self.asked.append(gtin)
        return self.known.get(gtin, ())


@dataclass
class Names:
    """Opinions by name, and in what batches they were asked for."""

    known: Mapping[str, Opinion]
    version: str = "n1"
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def opinions(self, names: Sequence[str]) -> list[Opinion | None]:
        """As the protocol says."""
        self.asked.append(tuple(names))
        return [self.known.get(name) for name in names]

    def trace(self, name: str) -> NameTrace:
        """As the protocol says."""
        return NameTrace(((name, Group("word", "", is_deny=True, is_sure=True)),), ())


def item(name: str = "ТОВАР", **fields: Any) -> Line:
    """A line that says so much of what it is."""
    return Line(1, name, 1000, 1_00, 0, 1_00, **fields)


def goods(
    catalogue: Mapping[str, tuple[str, ...]] | None = None,
    opinions: Mapping[str, Opinion] | None = None,
    **confirmed: Any,
) -> GoodsAt:
    """Sources under the lists of the other tests; what else is named was confirmed."""
    return GoodsAt(
        Edition(PROHIBITED, CLASSES, NAMES),
        Catalogue(catalogue) if catalogue is not None else None,
        Names(opinions) if opinions is not None else None,
        Confirmed(**confirmed),
    )


def judged(sources: GoodsAt, line: Line, merchant_id: int = SHOP) -> Judged:
    """One line of one merchant."""
    (only,) = sources.judge([line], merchant_id)
    return only


def told(sources: GoodsAt, line: Line, merchant_id: int = SHOP) -> list[tuple[str, str]]:
    """Who says what, in order."""
    return [(item.source, item.okpd2) for item in judged(sources, line, merchant_id).evidence]


def test_sources_speak_in_the_order_of_their_trust() -> None:
    """Marking code, barcode, the shop's own number, the declared code, the name."""
    sources = goods(
        {COLA: (WATER,), SPAGHETTI: (BREAD,)},
        {"ТОВАР": Opinion(SOAP, 1)},
        in_store={(SHOP, "17"): (MILK, "rule-1")},
    )
    line = item(gtin="4006381333931", marking_code=COLA_CODE, item_code="17", okpd2=MILK)
    assert (
        Evidence(Source.MARKING, WATER, "c1"),
        Evidence(Source.CATALOGUE, BREAD, "c1"),
        Evidence(Source.IN_STORE, MILK, "rule-1"),
        Evidence(Source.DECLARED, MILK),
        Evidence(Source.NAME, SOAP, "n1", 1),
    ) == judged(sources, line).evidence


def test_a_line_of_which_nobody_says_anything_has_no_evidence() -> None:
    """No source makes something up."""
    assert [] == told(goods(), item())
    assert [] == told(goods({}, {}), item(gtin="4650075427958", item_code="17"))


def test_the_number_of_a_marking_code_is_looked_up_in_the_catalogue() -> None:
    """It is trusted more than the barcode, and beside the same barcode it speaks once."""
    sources = goods({COLA: (WATER,)})
    expected = [(Source.MARKING, WATER)]
    assert expected == told(sources, item(marking_code=COLA_CODE))
    assert expected == told(sources, item(marking_code=COLA_CODE, gtin="4650075427958"))
    assert [(Source.CATALOGUE, WATER)] == told(sources, item(gtin="4650075427958"))


def test_every_category_of_a_number_is_a_word_of_its_own() -> None:
    """One that is denied is enough."""
    verdict = judged(goods({COLA: (WATER, BEER)}), item(gtin="4650075427958")).verdict
    assert (LineReason.PROHIBITED, BEER) == (verdict.reason, verdict.okpd2)


@pytest.mark.parametrize("code", [CIGARETTES, CIGARETTES[:25], CIGARETTES[:21]])
def test_a_pack_of_tobacco_is_tobacco_whatever_else_is_said(code: str) -> None:
    """The form of the code is a word, also if no catalogue knows its number and the till declares bread."""
    verdict = judged(goods(), item("Хлеб", marking_code=code, okpd2=BREAD)).verdict
    assert (LineReason.PROHIBITED, "tobacco", Source.MARKING) == (
        verdict.reason,
        verdict.rule_id,
        verdict.source,
    )


@pytest.mark.parametrize("length", [68, 150])
def test_a_stamp_of_alcohol_is_alcohol_whatever_else_is_said(length: int) -> None:
    """It names no number at all."""
    line = item(marking_code="7" + "A" * (length - 1), okpd2=BREAD)
    assert [(Source.MARKING, "11.01"), (Source.DECLARED, BREAD)] == told(goods(), line)
    assert LineReason.PROHIBITED == judged(goods(), line).verdict.reason


@pytest.mark.parametrize("bad", ["?", "0104650075427950215*EeBVPpYXanP\x1d93abcd", "01" * 40, "\x1d\x1d"])
def test_a_bad_marking_code_says_nothing_and_stops_nothing(bad: str) -> None:
    """The other sources of the line are heard as if it had none."""
    sources = goods({SPAGHETTI: (BREAD,)})
    plain = item(gtin="4006381333931", okpd2=MILK)
    spoilt = item(gtin="4006381333931", okpd2=MILK, marking_code=bad)
    assert judged(goods({SPAGHETTI: (BREAD,)}), plain) == judged(sources, spoilt)


def test_serials_do_not_fill_the_memory_and_stamps_are_not_taken_for_them() -> None:
    """What begins like another code may be of another form: each is remembered as what it is."""
    sources = goods({COLA: (WATER,)})
    stamp = "01046500754279582" + "1" + "A" * 50
    first, again = [f"010465007542795821{serial}\x1d93abcd" for serial in ("5*EeBV", "7aaBBc")]
    expected = [(Source.MARKING, WATER)], [(Source.MARKING, "11.01")], [(Source.MARKING, WATER)]
    assert expected == tuple(told(sources, item(marking_code=code)) for code in (first, stamp, again))
    assert isinstance(sources.catalogue, Catalogue)
    assert [COLA] == sources.catalogue.asked


def test_what_the_department_confirmed_of_a_number_replaces_the_catalogues_word() -> None:
    """A wrong category of the catalogue is mended so; the rule is named, not the catalogue."""
    sources = goods({COLA: (BEER,)}, gtins={COLA: (WATER, "rule-2")})
    for line, source in (
        (item(gtin="4650075427958"), Source.CATALOGUE),
        (item(marking_code=COLA_CODE), Source.MARKING),
    ):
        assert (Evidence(source, WATER, "rule-2"),) == judged(sources, line).evidence


def test_a_confirmed_name_speaks_in_place_of_the_classifier() -> None:
    """However it is written: case, dots and spaces do not matter."""
    sources = goods(
        opinions={"ХЛЕБ  Бородинский!": Opinion(BEER, 990_000)},
        names={"хлеб бородинский": (BREAD, "rule-3")},
    )
    answer = judged(sources, item("ХЛЕБ  Бородинский!"))
    assert (Evidence(Source.CONFIRMED_NAME, BREAD, "rule-3"),) == answer.evidence
    assert (LineReason.ALLOWED, Source.CONFIRMED_NAME) == (answer.verdict.reason, answer.verdict.source)


def test_a_confirmed_name_of_denied_goods_refuses_what_other_sources_allow() -> None:
    """Deny wins, and a name that the department confirmed is no guess."""
    sources = goods({COLA: (WATER,)}, names={"пиво": (BEER, "rule-4")})
    verdict = judged(sources, item("Пиво", gtin="4650075427958")).verdict
    assert (LineReason.PROHIBITED, Source.CONFIRMED_NAME) == (verdict.reason, verdict.source)


def test_a_confirmed_code_holds_for_its_merchant_alone() -> None:
    """Number 17 is milk in one shop, beer in another, and nothing in a third; none hears another's."""
    sources = goods(in_store={(SHOP, "17"): (MILK, "rule-5"), (OTHER_SHOP, "17"): (BEER, "rule-6")})
    line = item(item_code="17")
    expected = {SHOP: [(Source.IN_STORE, MILK)], OTHER_SHOP: [(Source.IN_STORE, BEER)], 3: []}
    for order in ((SHOP, OTHER_SHOP, 3), (3, OTHER_SHOP, SHOP)):
        for merchant_id in order:
            assert expected[merchant_id] == told(sources, line, merchant_id)


@pytest.mark.parametrize(
    ("template", "field", "code", "plu"),
    [
        (WEIGHT_AFTER_2, "gtin", LABEL, "101234"),
        (WEIGHT_AFTER_2, "item_code", LABEL, "101234"),
        (InStoreTemplate("04PPPPPPPPPPC"), "gtin", "0412345678903", "1234567890"),
        (InStoreTemplate("4PPPPPPPPPPC"), "gtin", "412345678903", "1234567890"),
        (InStoreTemplate("0PPPPPPC"), "gtin", "01234565", "123456"),
        (InStoreTemplate("2PPPPPPC"), "gtin", "21234569", "123456"),
    ],
)
def test_a_shops_own_barcode_is_remembered_for_that_shop_alone(
    template: InStoreTemplate, field: str, code: str, plu: str
) -> None:
    """Of every length and with every beginning that a shop may give to its goods."""
    sources = goods(
        in_store={(SHOP, plu): (MILK, "rule-7"), (OTHER_SHOP, plu): (BEER, "rule-8")},
        templates={SHOP: InStoreTemplates((template,)), OTHER_SHOP: InStoreTemplates((template,))},
    )
    line = item(**{field: code})
    for _ in range(2):
        assert [(Source.IN_STORE, MILK)] == told(sources, line, SHOP)
        assert [(Source.IN_STORE, BEER)] == told(sources, line, OTHER_SHOP)
        assert [] == told(sources, line, 3)


def test_a_shop_without_numbers_of_its_own_shares_what_is_remembered() -> None:
    """Its own codes mean nothing here, so lines that differ in them alone are the same goods."""
    sources = goods({SPAGHETTI: (BREAD,)}, {})
    for merchant_id, code in ((5, "a"), (6, "b"), (5, "")):
        assert [(Source.CATALOGUE, BREAD)] == told(
            sources, item(gtin="4006381333931", item_code=code), merchant_id
        )
    assert isinstance(sources.catalogue, Catalogue)
    assert [SPAGHETTI] == sources.catalogue.asked


@pytest.mark.parametrize(
    "change",
    [
        {"gtin": "4006381333931"},
        {"marking_code": COLA_CODE},
        {"marking_code": CIGARETTES},
        {"okpd2": BEER},
        {"item_name": "ДРУГОЙ"},
        {"payment_subject": 4},
        {"payment_subject": 31},
        {"item_code": "17"},
    ],
)
def test_lines_that_differ_in_anything_that_counts_are_judged_apart(change: dict[str, Any]) -> None:
    """A memory that took them for one would pay for beer."""
    fresh, used = [
        goods(
            {SPAGHETTI: (BREAD,), COLA: (WATER,)},
            {"ДРУГОЙ": Opinion(BEER, 800_000)},
            in_store={(SHOP, "17"): (BEER, "rule-9")},
        )
        for _ in range(2)
    ]
    plain = item(okpd2=MILK)
    other = replace(plain, **change)
    before = judged(used, plain)
    assert judged(fresh, other) == judged(used, other)
    assert before != judged(used, other)


def test_a_basket_asks_the_classifier_once_and_only_for_what_is_new() -> None:
    """One call costs less than many, and answers stand in the order of the lines."""
    names = Names({"пиво": Opinion(BEER, 990_000), "хлеб": Opinion(BREAD, 10)})
    sources = GoodsAt(Edition(PROHIBITED, CLASSES, NAMES), namer=names)
    reasons = [LineReason.ALLOWED, LineReason.PROHIBITED, LineReason.GOODS_UNKNOWN]
    first = sources.judge([item("хлеб"), item("пиво"), item("...")], SHOP)
    assert reasons == [one.verdict.reason for one in first]
    second = sources.judge([item("пиво"), item("молоко"), item("хлеб")], SHOP)
    assert [LineReason.PROHIBITED, LineReason.GOODS_UNKNOWN, LineReason.ALLOWED] == [
        one.verdict.reason for one in second
    ]
    assert [("хлеб", "пиво", "..."), ("молоко",)] == names.asked
    sources.judge([item("пиво"), item("хлеб")], SHOP)
    assert 2 == len(names.asked)


def test_by_the_lists_alone_a_line_is_what_its_till_declares() -> None:
    """The list of the instant decides, and before the first there is none."""
    judge_at = goods_by(BOOK)
    verdict = judged(judge_at(at("2026-03-10 12:00")), item(gtin="4650075427958", okpd2=BEER)).verdict
    assert (LineReason.PROHIBITED, "2026-1", Source.DECLARED) == (
        verdict.reason,
        verdict.list_version,
        verdict.source,
    )
    with pytest.raises(LookupError, match="no prohibited list"):
        judge_at(datetime(2019, 1, 1, tzinfo=UTC))


def test_lines_of_many_baskets_are_judged_ahead_in_steps_and_then_remembered() -> None:
    """Each name goes to the classifier once, some names in one call; nobody waits for all of them."""
    opinions = {f"имя {number}": Opinion(MILK, 5) for number in range(COLD_AT_ONCE + 5)}
    sources = goods(opinions=opinions)
    baskets = [([item(name), item("имя 0")], SHOP) for name in opinions]
    steps = sum(1 for _ in sources.judge_ahead(baskets))
    names = sources.namer
    assert isinstance(names, Names)
    assert (2, [COLD_AT_ONCE, 5]) == (steps, [len(asked) for asked in names.asked])
    for lines, merchant_id in baskets:
        assert [MILK, MILK] == [one.verdict.okpd2 for one in sources.judge(lines, merchant_id)]
    assert 2 == len(names.asked)
    assert [] == list(sources.judge_ahead(baskets))


def test_what_is_judged_ahead_is_what_would_be_judged() -> None:
    """A merchant's own codes mean what they mean at that merchant alone, ahead as well."""
    rule = {(SHOP, "77"): (BEER, "rule:1")}
    lines = [item("сок", item_code="77"), item("сок")]
    ahead, cold = goods(in_store=rule), goods(in_store=rule)
    deque(ahead.judge_ahead([(lines, SHOP), (lines, OTHER_SHOP)]), maxlen=0)
    for merchant_id in (SHOP, OTHER_SHOP):
        assert ahead.judge(lines, merchant_id) == cold.judge(lines, merchant_id)
    reasons = [ahead.judge(lines, merchant)[0].verdict.reason for merchant in (SHOP, OTHER_SHOP)]
    assert reasons == [LineReason.PROHIBITED, LineReason.GOODS_UNKNOWN]


def test_each_line_is_asked_for_once_also_if_it_was_judged_ahead() -> None:
    """The share of remembered lines counts no line twice."""
    sources = goods()
    for _ in range(3):
        basket = [item("сок"), item("хлеб")]
        for _ in range(2):
            deque(sources.judge_ahead([(basket, SHOP)]), maxlen=0)
        sources.judge(basket, SHOP)
    assert (6, 2) == (sources.tally.asked, sources.tally.missed)
