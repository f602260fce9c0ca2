"""Unknown and contradictory goods become cases, each line counted once; and what is confirmed of them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import asyncpg
import pytest

from gateway.domain.judging import Review, Source
from gateway.domain.policy import moscow_date
from gateway.domain.reasons import LineReason
from gateway.goods.cases.errors import CaseCode, CaseError
from gateway.goods.cases.queries import Misdeclared, get_case, misdeclared
from gateway.goods.cases.rules import RULE_RANGES, rules_of
from gateway.goods.cases.settling import dismiss_case
from gateway.goods.cases.subjects import Subject, SubjectKind
from gateway.goods.cases.tally import EXAMPLES_KEPT, CaseState
from gateway.goods.loader import load_list_book
from gateway.runtime.database import driver_connection, make_engine
from tests.cases_kit import (
    BEER,
    BREAD,
    GTIN_BEER,
    GTIN_MILK,
    GTIN_UNKNOWN,
    MILK,
    Desk,
    as_stored,
    desk_on,
    item,
    judged_again,
)

COUNTED = ("goods_case", "goods_case_merchant", "goods_declared")


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    """A desk at a database of this test's own."""
    async with desk_on(database_url) as made:
        yield made


async def test_unknown_goods_of_approved_and_declined_baskets_are_counted_by_what_they_are(
    desk: Desk,
) -> None:
    """A GTIN, a merchant's own code, a folded name: each its own case, with lines, kopecks and merchants."""
    await desk.buy(item(1, 10_00, BREAD), item(2, 20_00, gtin=GTIN_UNKNOWN), item(3, 5_00, item_code="A-7"))
    await desk.buy(item(1, 30_00, gtin=GTIN_UNKNOWN), terminal_id=21)  # declined: nothing eligible
    await desk.buy(item(1, 7_00, item_code="A-7"), terminal_id=21)
    await desk.buy(item(1, 1_00, item_name="Шоколад «Алёнка»"), item(2, 2_00, item_name="шоколад аленка"))
    assert 4 == await desk.collect()
    found = {one.subject: one for one in await desk.cases()}
    assert {
        Subject(SubjectKind.GTIN, 0, GTIN_UNKNOWN): (2, 50_00, 2),
        Subject(SubjectKind.IN_STORE, 1, "A-7"): (1, 5_00, 1),
        Subject(SubjectKind.IN_STORE, 2, "A-7"): (1, 7_00, 1),
        Subject(SubjectKind.NAME, 0, "шоколад аленка"): (2, 3_00, 1),
    } == {key: (one.line_count, one.amount_kopecks, one.merchant_count) for key, one in found.items()}
    assert {Review.UNKNOWN} == {one.review for one in found.values()}


async def test_a_case_keeps_its_latest_examples_with_every_source(desk: Desk) -> None:
    """The purchase, the name and the evidence are there to be looked at; a case is bounded all the same."""
    bought = [
        await desk.buy(item(1, 1_00 + number, BREAD, gtin=GTIN_BEER)) for number in range(EXAMPLES_KEPT + 2)
    ]
    await desk.collect()
    [case] = await desk.cases(review=Review.CONTRADICTION)
    assert [one.id for one in bought[2:]] == [example.purchase_id for example in case.examples]
    last = case.examples[-1]
    assert [(Source.CATALOGUE, BEER), (Source.DECLARED, BREAD)] == [
        (e.source, e.okpd2) for e in last.evidence
    ]
    assert ("PROHIBITED", BREAD, bought[-1].request_id) == (last.reason, last.okpd2, last.request_id)
    assert (bought[0].authorized_at, bought[-1].authorized_at) == (case.first_seen, case.last_seen)


async def test_collecting_twice_or_at_once_counts_nothing_twice(desk: Desk) -> None:
    """Pages of three, two collectors at a time, and once more."""
    for number in range(8):
        await desk.buy(item(1, 10_00 + number, gtin=GTIN_UNKNOWN))
    counts = await asyncio.gather(*(desk.collector().run_once() for _ in range(4)))
    counts.append(await desk.collect())
    assert 8 == sum(counts)
    before = await desk.dump(*COUNTED)
    assert 0 == await desk.collect()
    assert before == await desk.dump(*COUNTED)
    assert [8] == [one.line_count for one in await desk.cases()]


async def test_a_collector_that_breaks_off_goes_on_where_it_was(desk: Desk) -> None:
    """What a page counted and the place up to which it counted are one transaction."""
    for _ in range(5):
        await desk.buy(item(1, 10_00, gtin=GTIN_UNKNOWN))
    async with desk.kit.connect() as connection:
        await connection.execute(
            "ALTER TABLE goods_case ADD CONSTRAINT few CHECK (line_count < 4)"
        )  # the second page breaks
    with pytest.raises(asyncpg.CheckViolationError):
        await desk.collect()
    assert [3] == [one.line_count for one in await desk.cases()]
    async with desk.kit.connect() as connection:
        await connection.execute("ALTER TABLE goods_case DROP CONSTRAINT few")
    assert 2 == await desk.collect()
    assert [5] == [one.line_count for one in await desk.cases()]


async def test_what_may_still_be_committed_is_left_for_later(desk: Desk) -> None:
    """A basket is counted when its decision is older than any that could commit before it."""
    await desk.buy(item(1, 10_00, gtin=GTIN_UNKNOWN))
    patient = desk.collector(delay=timedelta(seconds=62))
    assert 0 == await patient.run_once()
    await desk.pass_time(timedelta(seconds=63))
    assert 1 == await patient.run_once()


async def test_a_run_is_bounded_and_the_next_goes_on(desk: Desk) -> None:
    """Two pages of three, then the rest."""
    for _ in range(7):
        await desk.buy(item(1, 10_00, gtin=GTIN_UNKNOWN))
    assert [6, 1, 0] == [await desk.collector(pages_max=2).run_once() for _ in range(3)]


async def test_a_confirmed_rule_holds_forward_only(desk: Desk) -> None:
    """What was decided before is replayed to the same; what is decided after goes by the rule."""
    before = await desk.buy(item(1, 10_00, gtin=GTIN_UNKNOWN))
    assert LineReason.GOODS_UNKNOWN is before.lines[0].reason
    await desk.collect()
    [case] = await desk.cases()
    rule = await desk.confirm(case)
    between = await desk.buy(item(1, 10_00, gtin=GTIN_UNKNOWN))
    await desk.hear()
    after = await desk.buy(item(1, 10_00, gtin=GTIN_UNKNOWN))
    assert between.authorized_at < rule.since <= after.authorized_at
    assert (LineReason.GOODS_UNKNOWN, LineReason.ALLOWED) == (between.lines[0].reason, after.lines[0].reason)
    assert rule.name == after.lines[0].evidence[0].version
    for purchase in (before, between, after):
        assert as_stored(purchase.lines) == judged_again(desk, purchase)


async def test_lines_from_before_a_rule_stay_with_its_case_and_those_after_open_none(desk: Desk) -> None:
    """However late they are collected; and goods that are known are no question any more."""
    await desk.buy(item(1, 10_00, gtin=GTIN_UNKNOWN))
    await desk.collect()
    [case] = await desk.cases()
    await desk.confirm(case)
    await desk.buy(item(1, 10_00, gtin=GTIN_UNKNOWN))
    await desk.hear()
    await desk.buy(item(1, 10_00, BEER, gtin=GTIN_UNKNOWN))  # contradicts the rule: a misdeclaration
    await desk.collect()
    [case] = await desk.cases()
    assert (CaseState.CONFIRMED, 2) == (case.state, case.line_count)


async def test_a_later_rule_ends_the_earlier_one_where_it_begins(desk: Desk) -> None:
    """At each instant one of them holds; and when the last is ended, the goods are a question again."""
    await desk.buy(item(1, 10_00, gtin=GTIN_UNKNOWN))
    await desk.collect()
    [case] = await desk.cases()
    first = await desk.confirm(case, okpd2=BREAD)
    await desk.hear()
    await desk.buy(item(1, 10_00, BEER, gtin=GTIN_BEER))
    async with desk.kit.connect() as connection:
        await RULE_RANGES.end_by_id(connection, first.id, by="operator-2", lead=timedelta())
    await desk.hear()
    unknown = await desk.buy(item(1, 10_00, gtin=GTIN_UNKNOWN))
    assert LineReason.GOODS_UNKNOWN is unknown.lines[0].reason
    await desk.collect()
    [again] = await desk.cases(state=CaseState.OPEN)
    assert (case.subject, 1) == (again.subject, again.line_count)
    second = await desk.confirm(again)
    await desk.hear()
    async with desk.kit.connect() as connection:
        rules = await rules_of(connection, GTIN_UNKNOWN)
    assert [first.id, second.id] == [rule.id for rule in rules]
    assert rules[0].until is not None
    assert rules[0].until <= rules[1].since


async def test_two_people_confirming_one_case_make_one_rule(desk: Desk) -> None:
    """Whoever comes second is told who came first."""
    await desk.buy(item(1, 10_00, gtin=GTIN_UNKNOWN))
    await desk.collect()
    [case] = await desk.cases()
    people = [f"operator-{number}" for number in range(6)]
    answers = await asyncio.gather(
        *(desk.confirm(case, okpd2=(MILK, BREAD)[number % 2], by=by) for number, by in enumerate(people)),
        return_exceptions=True,
    )
    made = [one for one in answers if not isinstance(one, BaseException)]
    refused = [one for one in answers if isinstance(one, CaseError)]
    assert (1, 5) == (len(made), len(refused))
    assert {(CaseCode.CASE_SETTLED, made[0].made_by)} == {(one.code, one.details["by"]) for one in refused}
    async with desk.kit.connect() as connection:
        assert made == await rules_of(connection)


async def test_a_dismissed_case_goes_on_counting_and_opens_no_other(desk: Desk) -> None:
    """Somebody looked at it and said why nothing is to be done."""
    await desk.buy(item(1, 10_00, item_name="УСЛУГА"))
    await desk.collect()
    [case] = await desk.cases()
    async with desk.kit.connect() as connection:
        await dismiss_case(connection, case.id, by="operator-1", because="это услуга")
    await desk.buy(item(1, 10_00, item_name="Услуга"))
    await desk.collect()
    async with desk.kit.connect() as connection:
        found, shares = await get_case(connection, case.id)
        with pytest.raises(CaseError, match="CASE_SETTLED"):
            await dismiss_case(connection, case.id, by="operator-2", because="нет")
    assert (CaseState.DISMISSED, 2, "это услуга") == (found.state, found.line_count, found.because)
    assert [(1, 2, 20_00)] == [(one.merchant_id, one.line_count, one.amount_kopecks) for one in shares]
    assert 1 == len(await desk.cases())


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"okpd2": "молоко"}, CaseCode.OKPD2_MALFORMED),
        ({"okpd2": "10.5111"}, CaseCode.OKPD2_MALFORMED),
        ({"okpd2": ""}, CaseCode.OKPD2_MALFORMED),
        ({"okpd2": "11"}, CaseCode.OKPD2_TOO_COARSE),
        ({"act": "  "}, CaseCode.UNSIGNED),
        ({"by": ""}, CaseCode.UNSIGNED),
    ],
)
async def test_what_cannot_be_confirmed_is_refused_and_leaves_the_case_open(
    desk: Desk, said: dict[str, str], code: CaseCode
) -> None:
    """By the name of the mistake, with nothing kept."""
    await desk.buy(item(1, 10_00, gtin=GTIN_UNKNOWN))
    await desk.collect()
    before = await desk.dump("goods_case", "goods_rule", "goods_epoch")
    [case] = await desk.cases()
    with pytest.raises(CaseError) as refused:
        await desk.confirm(case, **said)
    assert code is refused.value.code
    assert before == await desk.dump("goods_case", "goods_rule", "goods_epoch")


@pytest.mark.parametrize("okpd2", ["11.01.10", "12"])
async def test_goods_are_confirmed_by_a_code_that_is_denied_as_a_whole(desk: Desk, okpd2: str) -> None:
    """Whatever else the list says of goods below it, it tells that these are denied."""
    await desk.buy(item(1, 10_00, gtin=GTIN_UNKNOWN))
    await desk.collect()
    [case] = await desk.cases()
    shipped = load_list_book().prohibited[-1]
    assert okpd2 == (await desk.confirm(case, okpd2=okpd2, prohibited=shipped)).okpd2


async def test_a_name_without_letters_cannot_become_a_rule(desk: Desk) -> None:
    """It would be a rule on every such name."""
    await desk.buy(item(1, 10_00, item_name="***"))
    await desk.collect()
    [case] = await desk.cases()
    with pytest.raises(CaseError, match="NOTHING_TO_NAME"):
        await desk.confirm(case)


async def test_the_rate_of_misdeclaration_counts_what_can_be_checked(desk: Desk) -> None:
    """Of lines with a declared code, those whose GTIN the catalogue knows; of these, what is other goods."""
    for _ in range(3):
        await desk.buy(item(1, 10_00, MILK, gtin=GTIN_MILK), item(2, 10_00, BREAD, gtin=GTIN_MILK))
    await desk.buy(item(1, 10_00, BREAD, gtin=GTIN_BEER), item(2, 10_00, "11", gtin=GTIN_BEER))
    await desk.buy(item(1, 10_00, BREAD, gtin=GTIN_UNKNOWN), terminal_id=21)
    await desk.collect()
    async with desk.kit.connect() as connection:
        today = moscow_date(await connection.fetchval("SELECT tillgate_now()"))
        found = await misdeclared(connection, merchant_id=None, first_day=today, last_day=today)
    # Bread and milk are both food: the code differs, the verdict and the class do not.
    assert [Misdeclared(1, 8, 7, 1, 10_00), Misdeclared(2, 1, 0, 0, 0)] == found
    assert (None, (0.0, 1.0)) == (found[1].rate, found[1].interval)
    low, high = found[0].interval
    assert low < 1 / 7 < high


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE goods_rule SET okpd2 = '10.71'",
        "UPDATE goods_rule SET since = since - interval '1 day'",
        "UPDATE goods_rule SET until = tillgate_now(), ended_by = 'x'",
        "DELETE FROM goods_rule",
        "INSERT INTO goods_rule (kind, merchant_id, key, okpd2, since, act, made_by, made_at)"
        " SELECT kind, merchant_id, key, '10.71', since + interval '1 h', act, made_by, made_at"
        " FROM goods_rule",
        "INSERT INTO goods_rule (kind, merchant_id, key, okpd2, since, act, made_by, made_at)"
        " VALUES ('name', 0, 'x', '10.71', tillgate_now() - interval '1 day', 'a', 'b', tillgate_now())",
    ],
)
async def test_the_database_itself_keeps_rules_as_they_were(desk: Desk, statement: str) -> None:
    """No overlap, nothing backwards, no change of what held, whoever writes."""
    await desk.buy(item(1, 10_00, gtin=GTIN_UNKNOWN))
    await desk.collect()
    await desk.confirm((await desk.cases())[0])
    before = await desk.dump("goods_rule")
    async with desk.kit.connect() as connection:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await connection.execute(statement)
    assert before == await desk.dump("goods_rule")


async def test_every_change_of_what_is_confirmed_counts_the_epoch_up(desk: Desk) -> None:
    """So that each node reads it before it decides."""

    async def epoch() -> int:
        [row] = (await desk.dump("goods_epoch"))["goods_epoch"]
        return int(row.strip("()").split(",")[1])

    await desk.buy(item(1, 10_00, gtin=GTIN_UNKNOWN))
    await desk.collect()
    epochs = [await epoch()]
    rule = await desk.confirm((await desk.cases())[0])
    epochs.append(await epoch())
    await desk.hear()
    async with desk.kit.connect() as connection:
        await RULE_RANGES.end_by_id(connection, rule.id, by="operator-1", lead=timedelta())
    epochs.append(await epoch())
    assert sorted(set(epochs)) == epochs


async def test_the_role_that_serves_tills_may_collect(desk: Desk, database_url: str) -> None:
    """New cases, more lines of known ones, declared codes: with the rights that it has, and no more."""
    engine = make_engine(database_url.replace("postgres@", "tillgate_gateway@"))
    collector = replace(desk.collector(), connect=partial(driver_connection, engine))
    try:
        for _ in range(2):
            await desk.buy(item(1, 10_00, BREAD, gtin=GTIN_BEER))
            assert 1 == await collector.run_once()
    finally:
        await engine.dispose()
    assert [2] == [one.line_count for one in await desk.cases()]


async def test_a_range_that_would_be_empty_is_refused(desk: Desk) -> None:
    """A rule that does not hold yet is not ended before it begins."""
    await desk.buy(item(1, 10_00, gtin=GTIN_UNKNOWN))
    await desk.collect()
    rule = await desk.confirm((await desk.cases())[0], lead=timedelta(minutes=1))
    async with desk.kit.connect() as connection:
        with pytest.raises(CaseError, match="RULE_NOT_BEGUN"):
            await RULE_RANGES.end_by_id(connection, rule.id, by="operator-1", lead=timedelta())
