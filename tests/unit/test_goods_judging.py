"""Lines judged by the shipped lists: what passes, what does not, and what a vague code is worth."""

from datetime import UTC, date, datetime

import pytest

from gateway.domain.category import GoodsClass, PriceCeiling, Program
from gateway.domain.judging import Edition, Evidence, NamePolicy, Review, Source, Verdict, judge
from gateway.domain.policy import day_start
from gateway.domain.reasons import LineReason
from gateway.goods.loader import load_list_book

BOOK = load_list_book()
FIRST, SECOND = [Edition(rules, BOOK.class_map) for rules in BOOK.prohibited]
GOODS = 1  # tag 1212
HEARD = Edition(BOOK.prohibited[0], BOOK.class_map, NamePolicy(100_000, 300_000, 700_000, 950_000))
BREAD, WATER, BEER = "10.71.11.111", "11.07.11.111", "11.05.10.120"


def declared(okpd2: str) -> tuple[Evidence, ...]:
    """The till's word alone."""
    return (Evidence(Source.DECLARED, okpd2),) if okpd2 else ()


def judged(okpd2: str, subject: int = GOODS) -> Verdict:
    """A line with that declared code, by the first list."""
    return judge(declared(okpd2), subject, FIRST)


@pytest.mark.parametrize(
    ("okpd2", "name"),
    [
        ("11.07.11.111", "table water"),
        ("11.07.11.121", "still water"),
        ("11.07.19.121", "kvass"),
        ("11.07.19.172", "energy drink"),
        ("11.06.10.120", "rye malt"),
        ("10.86.10.310", "water for babies"),
        ("10.82.22.110", "chocolate"),
        ("01.13.51", "potatoes"),
        ("14.13.21", "a coat"),
    ],
)
def test_ordinary_goods_pass(okpd2: str, name: str) -> None:
    """Water and kvass share class 11 with beer, and are not refused for it."""
    assert LineReason.ALLOWED == judged(okpd2).reason, name


@pytest.mark.parametrize(
    ("okpd2", "rule_id"),
    [
        ("11.01.10.111", "alcohol-spirits"),
        ("11.01.10.730", "alcohol-pharmaceutical"),
        ("11.01.10.911", "alcohol-spirits"),
        ("11.02.11.114", "alcohol-wine"),
        ("11.03.10.211", "alcohol-cider"),
        ("11.04.10.110", "alcohol-vermouth"),
        ("11.05.10.120", "alcohol-beer"),
        ("11.05.10.160", "alcohol-beer"),
        ("12.00.11.130", "tobacco"),
        ("12.00.19.600", "tobacco"),
        ("12.00.19.700", "nicotine-liquid"),
        ("12", "tobacco"),
        ("01.15.10.131", "tobacco-raw"),
        ("20.14.74.110", "alcohol-technical"),
        ("58.19.14.000", "cash-securities"),
        ("64.19.30.000", "cash-financial"),
        ("61.20.11.000", "cash-top-up"),
        ("92.23.10.000", "gambling"),
    ],
)
def test_prohibited_goods_are_refused_by_a_rule_of_the_list(okpd2: str, rule_id: str) -> None:
    """The verdict names the rule, the version and the source, so that it can be replayed years later."""
    assert Verdict(LineReason.PROHIBITED, rule_id, "2022-03-01", "declared", okpd2) == judged(okpd2)


def test_beer_up_to_half_a_percent_is_decided_by_a_rule_of_its_own() -> None:
    """The longest prefix wins, so the exception inside 11.05 decides."""
    expected = Verdict(LineReason.ALLOWED, "beer-non-alcoholic", "2022-03-01", "declared", "11.05.10.110")
    assert expected == judged("11.05.10.110")


@pytest.mark.parametrize(
    ("okpd2", "reason", "rule_id"),
    [
        ("11.05.10.110", LineReason.ALLOWED, "beer-non-alcoholic"),
        ("11.07.19.190", LineReason.ALLOWED, "wine-non-alcoholic"),
        ("11.06.10.110", LineReason.ALLOWED, "malt"),
        ("11.01.10.730", LineReason.PROHIBITED, "alcohol-pharmaceutical"),
        ("64.19.30.000", LineReason.PROHIBITED, "cash-financial"),
        ("61.20.11.000", LineReason.PROHIBITED, "cash-top-up"),
        ("32.11.10.000", LineReason.PROHIBITED, "cash-coins"),
    ],
)
def test_what_stands_beside_prohibited_goods_is_decided_by_a_rule_of_its_own(
    okpd2: str, reason: LineReason, rule_id: str
) -> None:
    """By the newest list: nobody has to guess what a code next to alcohol or money means."""
    verdict = judge(declared(okpd2), GOODS, SECOND)
    assert (reason, rule_id) == (verdict.reason, verdict.rule_id)


@pytest.mark.parametrize("okpd2", ["11", "11.0", "32.1", "58.19", "58.19.1"])
def test_a_code_above_denied_goods_does_not_say_what_they_are(okpd2: str) -> None:
    """Digits left out must not turn vodka into beverages: such a line counts as unknown goods."""
    assert Verdict(
        LineReason.GOODS_UNKNOWN, "too-coarse", "2022-03-01", "declared", "", Review.UNKNOWN
    ) == judged(okpd2)


def test_a_more_exact_source_speaks_where_the_more_trusted_one_is_vague() -> None:
    """A vague code is no word at all, and leaves the decision to the next source."""
    evidence = (Evidence("catalogue", "11"), Evidence("declared", "11.07.19.121"))
    verdict = judge(evidence, GOODS, FIRST)
    assert (LineReason.ALLOWED, "declared", "11.07.19.121") == (verdict.reason, verdict.source, verdict.okpd2)


def test_a_deny_of_any_source_wins() -> None:
    """The till's bread does not outweigh the catalogue's beer, whichever is trusted more."""
    sources = (Evidence("catalogue", "10.71.11.111"), Evidence("declared", "11.05.10.120"))
    for evidence in (sources, sources[::-1]):
        assert ("alcohol-beer", "declared") == (
            judge(evidence, GOODS, FIRST).rule_id,
            judge(evidence, GOODS, FIRST).source,
        )


def test_a_line_that_no_source_names_is_unknown_goods() -> None:
    """No code is no evidence, and no evidence is neither allowed nor denied."""
    assert Verdict(LineReason.GOODS_UNKNOWN, "unknown", "2022-03-01", "none", "", Review.UNKNOWN) == judged(
        ""
    )


@pytest.mark.parametrize(
    ("ppm", "alone", "beside_declared", "beside_trusted"),
    [
        (99_999, ("ALLOWED", ""), ("ALLOWED", ""), ("ALLOWED", "")),
        (100_000, ("ALLOWED", "doubt"), ("ALLOWED", ""), ("ALLOWED", "")),
        (300_000, ("GOODS_SUSPECTED", "doubt"), ("ALLOWED", ""), ("ALLOWED", "")),
        (700_000, ("PROHIBITED", ""), ("PROHIBITED", "contradiction"), ("ALLOWED", "contradiction")),
        (950_000, ("PROHIBITED", ""), ("PROHIBITED", "contradiction"), ("PROHIBITED", "contradiction")),
    ],
)
def test_a_name_needs_the_more_to_refuse_the_more_speaks_against_it(
    ppm: int, alone: tuple[str, str], beside_declared: tuple[str, str], beside_trusted: tuple[str, str]
) -> None:
    """Each limit counts from itself on; what is unclear, or speaks against another, is looked at."""
    guess = Evidence(Source.NAME, BEER if ppm >= 500_000 else BREAD, "names-1", ppm)
    for firm, expected in (
        ((), alone),
        (declared(BREAD), beside_declared),
        ((Evidence(Source.CONFIRMED_NAME, BREAD),), beside_declared),
        *[((Evidence(source, BREAD),), beside_trusted) for source in ("marking", "catalogue", "in_store")],
    ):
        verdict = judge((*firm, guess), GOODS, HEARD)
        assert expected == (verdict.reason.name, verdict.review.value), firm


def test_a_likeliest_code_that_is_denied_never_passes() -> None:
    """Not below the limit of suspicion either: there is nothing that it could pass as."""
    edition = Edition(HEARD.prohibited, HEARD.class_map, NamePolicy(800_000, 900_000, 950_000, 990_000))
    verdict = judge((Evidence(Source.NAME, BEER, "names-1", 510_000),), GOODS, edition)
    assert (LineReason.GOODS_SUSPECTED, "alcohol-beer", Review.DOUBT) == (
        verdict.reason,
        verdict.rule_id,
        verdict.review,
    )


def test_a_name_may_make_a_vague_word_exact_and_not_speak_against_it() -> None:
    """Beverages that are called water are water; beverages that are called bread are something unknown."""
    vague = Evidence(Source.CATALOGUE, "11", "c1")
    water, bread = [
        judge((vague, Evidence(Source.NAME, code, "n", 1)), GOODS, HEARD) for code in (WATER, BREAD)
    ]
    assert (LineReason.ALLOWED, Source.NAME, WATER) == (water.reason, water.source, water.okpd2)
    assert (LineReason.GOODS_UNKNOWN, "too-coarse", Source.CATALOGUE) == (
        bread.reason,
        bread.rule_id,
        bread.source,
    )


@pytest.mark.parametrize(
    ("codes", "review"),
    [
        ((BREAD, "10.71.12.110"), Review.NONE),
        ((BREAD, "17.22.12.120"), Review.CONTRADICTION),
        ((BREAD, BEER), Review.CONTRADICTION),
        (("12", BREAD), Review.CONTRADICTION),
        ((BEER, "11.01.10.111"), Review.NONE),
        (("11", WATER), Review.NONE),
        (("11", BREAD), Review.CONTRADICTION),
    ],
)
def test_sources_that_disagree_open_a_case(codes: tuple[str, str], review: Review) -> None:
    """On the verdict, on the class, or on what a vague code leaves open; not on kinds of bread."""
    catalogued, typed = codes
    evidence = (Evidence(Source.CATALOGUE, catalogued, "c1"), *declared(typed))
    assert review is judge(evidence, GOODS, FIRST).review


def test_a_list_decides_from_midnight_in_moscow_of_its_first_day() -> None:
    """The nicotine-free liquid passes to the last moment of 2023 and not a moment longer."""
    last_moment = datetime(2023, 12, 31, 20, 59, 59, 999999, tzinfo=UTC)
    first_moment = datetime(2023, 12, 31, 21, tzinfo=UTC)
    assert [FIRST.prohibited, SECOND.prohibited] == [
        BOOK.prohibited_at(instant) for instant in (last_moment, first_moment)
    ]
    verdicts = [judge(declared("12.00.19.800"), GOODS, rules) for rules in (FIRST, SECOND)]
    assert [LineReason.ALLOWED, LineReason.PROHIBITED] == [verdict.reason for verdict in verdicts]
    assert ["nicotine-free-liquid"] * 2 == [verdict.rule_id for verdict in verdicts]


def test_before_the_first_list_nothing_can_be_judged() -> None:
    """There is no list of 28 February 2022, and none is made up."""
    with pytest.raises(LookupError, match="no prohibited list"):
        BOOK.prohibited_at(day_start(date(2022, 2, 28)))


FOOD, CHILDREN, DURABLE = GoodsClass.FOOD, GoodsClass.CHILDREN, GoodsClass.DURABLE
CLOTHES, FOOTWEAR, OTHER = GoodsClass.CLOTHES, GoodsClass.FOOTWEAR, GoodsClass.OTHER


@pytest.mark.parametrize(
    ("okpd2", "classes", "name"),
    [
        ("10.71.11.111", {FOOD}, "bread"),
        ("10.86.10.133", {FOOD}, "infant formula: children's goods have no food in them"),
        ("11.07.19.121", {FOOD}, "kvass"),
        ("11.05.10.110", {FOOD}, "beer up to 0.5 %"),
        ("01.24.10.000", {FOOD}, "apples"),
        ("01.47.21", {FOOD}, "eggs"),
        ("01.49.11", {OTHER}, "live rabbits"),
        ("01.19.21", {OTHER}, "cut flowers"),
        ("03.11.20", {FOOD}, "sea fish"),
        ("10.92.10.110", {OTHER}, "pet food"),
        ("17.22.12.120", {CHILDREN}, "nappies"),
        ("17.22.11.110", {OTHER}, "toilet paper"),
        ("32.40.11", {CHILDREN}, "dolls"),
        ("32.40.41", {OTHER}, "playing cards"),
        ("30.92.40.110", {CHILDREN}, "prams"),
        ("14.19.11.121", {CHILDREN, CLOTHES}, "rompers"),
        ("14.13.21", {CLOTHES, OTHER}, "a coat"),
        ("15.20.13.171", {CHILDREN, FOOTWEAR}, "children's boots"),
        ("15.20.13.110", {FOOTWEAR, OTHER}, "boots"),
        ("26.40.20.122", {DURABLE}, "a television"),
        ("27.51.13.110", {DURABLE}, "a washing machine"),
        ("31.09.12.122", {CHILDREN, DURABLE}, "a child's bed"),
        ("20.41.32", {OTHER}, "washing powder"),
    ],
)
def test_goods_have_the_classes_of_the_decree(okpd2: str, classes: set[GoodsClass], name: str) -> None:
    """Other goods are neither food nor children's nor durable; clothes and footwear stay among them."""
    assert classes == BOOK.class_map.classes_of(okpd2), name


def test_a_line_without_a_code_has_no_class() -> None:
    """Unknown goods are not other goods."""
    assert frozenset() == BOOK.class_map.classes_of("")


@pytest.mark.parametrize(
    ("okpd2", "unit_kopecks"),
    [
        ("26.40.20.122", 1_250_000),
        ("27.51.11.110", 1_090_000),
        ("27.51.13.110", 1_050_000),
        ("27.51.21", None),
    ],
)
def test_durable_goods_have_the_ceilings_of_the_pilot(okpd2: str, unit_kopecks: int | None) -> None:
    """Television 12 500, fridge 10 900, washing machine 10 500 points."""
    assert unit_kopecks == BOOK.programs["durable", 1].unit_ceiling_kopecks(okpd2)


def test_a_code_above_several_ceilings_gets_the_lowest() -> None:
    """Digits left out must not lift a ceiling."""
    durable = BOOK.programs["durable", 1]
    assert 1_050_000 == durable.unit_ceiling_kopecks("27.51.1")
    assert 1_050_000 == durable.unit_ceiling_kopecks("27")
    assert durable.unit_ceiling_kopecks("") is None


def test_a_ceiling_below_a_code_does_not_hide_a_lower_one_above_it() -> None:
    """The lowest of all ceilings that may hold is taken."""
    ceilings = (PriceCeiling("27.51", 5_000), PriceCeiling("27.51.11", 9_000))
    program = Program("x", 1, "", "", DURABLE, frozenset({DURABLE}), ceilings=ceilings)
    expected = [5_000, 9_000, 5_000]
    assert expected == [program.unit_ceiling_kopecks(code) for code in ("27.51", "27.51.11.110", "27.51.21")]


def test_nominals_of_a_day_are_those_of_the_latest_date() -> None:
    """A new date replaces all values of its class, and no other class's."""
    assert {50_000, 200_000} == BOOK.nominals_on(FOOD, date(2023, 12, 31))
    assert {50_000, 200_000, 300_000} == BOOK.nominals_on(FOOD, date(2024, 1, 1))
    assert {1_050_000, 1_090_000, 1_250_000} == BOOK.nominals_on(DURABLE, date(2025, 6, 1))
    assert frozenset() == BOOK.nominals_on(FOOD, date(2022, 2, 28))
    assert day_start(date(2022, 3, 1)) == FIRST.prohibited.effective_from
