"""Publication: what must be said and waited for, who may skip the wait, and that two operators never race."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.commands import Act
from gateway.goods.reference.drafts import discard, mark_rehearsed
from gateway.goods.reference.errors import ListCode, ListError
from gateway.goods.reference.kinds import Kind, Standing, State
from gateway.goods.reference.publishing import NoticeRules, publish
from gateway.goods.reference.versions import standing, versions_of
from tests.reference_kit import ACT, RULES, Desk, desk_on, moment

MONDAY = moment("2026-10-05T07:00:00")
"""10:00 in Moscow."""

NOTICE_ENDS = moment("2026-10-12T21:00:00")
"""Five working days later: 00:00 Moscow of 13 October."""


@pytest.fixture
async def desk(desk: Desk) -> Desk:
    """The same with one published prohibited list, and a draft of the next."""
    await desk.at(MONDAY)
    await desk.prohibited("first", "11.05")
    await desk.publish(Kind.PROHIBITED, "first")
    await desk.prohibited("next", "11.05", "12")
    return desk


async def refusal(desk: Desk, version: str = "next", **said: Any) -> ListError:
    """Why a rehearsed draft is not published; everything stays as it was."""
    await desk.rehearse(Kind.PROHIBITED, version)
    before = await desk.dump()
    with pytest.raises(ListError) as refused:
        await publish(desk.connection, Kind.PROHIBITED, version, await desk.publication(**said), RULES)
    assert before == await desk.dump()
    return refused.value


async def test_a_published_version_keeps_what_was_said_of_it(desk: Desk) -> None:
    """Act, address, moments and people; and the epoch counts it."""
    epoch = await desk.epoch()
    await desk.publish(Kind.PROHIBITED, "next", announced_at=MONDAY, effective_from=NOTICE_ENDS)
    one = await desk.version(Kind.PROHIBITED, "next")
    assert (State.PUBLISHED, "operator-1", "operator-1", "operator-2") == (
        one.state,
        one.imported_by,
        one.rehearsed_by,
        one.published_by,
    )
    assert "Департамент от 01.10.2026 № 17" == one.act
    assert (MONDAY, MONDAY, NOTICE_ENDS) == (one.announced_at, one.published_at, one.effective_from)
    assert {"receipts": 1} == one.rehearsal
    assert epoch + 1 == await desk.epoch()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"act": Act(" ", "17", ACT.date)}, ListCode.ACT_MISSING),
        ({"act": Act("Департамент", "", ACT.date)}, ListCode.ACT_MISSING),
        ({"address": " "}, ListCode.ADDRESS_MISSING),
        ({"announced_at": MONDAY + timedelta(seconds=1)}, ListCode.PUBLISHED_IN_FUTURE),
        ({"effective_from": MONDAY - timedelta(days=31)}, ListCode.EFFECTIVE_BEFORE_PUBLICATION),
        ({"effective_from": MONDAY + timedelta(seconds=59)}, ListCode.EFFECTIVE_TOO_SOON),
        ({"effective_from": MONDAY - timedelta(days=1)}, ListCode.EFFECTIVE_TOO_SOON),
        ({"effective_from": MONDAY + timedelta(hours=1)}, ListCode.OVERLAPPING_EFFECTIVE_DATE),
        ({"is_urgent": True}, ListCode.APPROVERS_MISSING),
        ({"is_urgent": True, "approvers": ("operator-3",)}, ListCode.APPROVERS_MISSING),
        ({"is_urgent": True, "approvers": ("operator-3", " ")}, ListCode.APPROVERS_MISSING),
        ({"is_urgent": True, "approvers": ("operator-3", "Operator-3 ")}, ListCode.SAME_APPROVER),
        ({"is_urgent": True, "approvers": ("operator-1", "operator-3")}, ListCode.SAME_APPROVER),
    ],
)
async def test_what_is_not_in_order_is_refused(desk: Desk, said: dict[str, Any], code: ListCode) -> None:
    """By a code for machines and a sentence in two languages."""
    refused = await refusal(desk, **said)
    assert code is refused.code
    assert f"{code.name}: {refused.en} / {refused.ru}" == str(refused)


async def test_a_notice_too_short_names_the_first_moment_allowed(desk: Desk) -> None:
    """A minute before is refused, and the moment itself is taken."""
    early = NOTICE_ENDS - timedelta(minutes=1)
    refused = await refusal(desk, announced_at=MONDAY, effective_from=early)
    assert ListCode.NOTICE_TOO_SHORT is refused.code
    assert NOTICE_ENDS.isoformat() == refused.details["earliest"]
    await desk.publish(Kind.PROHIBITED, "next", announced_at=MONDAY, effective_from=NOTICE_ENDS)


async def test_two_others_may_agree_that_it_cannot_wait(desk: Desk) -> None:
    """Who agreed, and when, is kept; the nodes still get their minute."""
    soon = MONDAY + timedelta(seconds=60)
    approvers = ("operator-3", "operator-4")
    said = {"announced_at": MONDAY, "effective_from": soon, "is_urgent": True, "approvers": approvers}
    done = await desk.publish(Kind.PROHIBITED, "next", **said)
    one = await desk.version(Kind.PROHIBITED, "next")
    assert one.is_urgent
    assert [("operator-3", MONDAY), ("operator-4", MONDAY)] == [(who.by, who.at) for who in one.approvals]
    assert ("first",) == done.later


async def test_the_lead_is_never_shorter_than_a_decision_may_be_old(desk: Desk) -> None:
    """Whatever the settings say."""
    hasty = NoticeRules(timedelta(), 0, 0)
    said = await desk.publication(effective_from=MONDAY + timedelta(seconds=4))
    await desk.rehearse(Kind.PROHIBITED, "next")
    with pytest.raises(ListError) as refused:
        await publish(desk.connection, Kind.PROHIBITED, "next", said, hasty)
    assert ListCode.EFFECTIVE_TOO_SOON is refused.value.code


async def test_what_was_not_rehearsed_is_not_published(desk: Desk) -> None:
    """Nobody knows yet what it would have refused last week."""
    with pytest.raises(ListError) as refused:
        await publish(desk.connection, Kind.PROHIBITED, "next", await desk.publication(), RULES)
    assert ListCode.NOT_REHEARSED is refused.value.code


async def test_the_very_first_version_of_a_kind_needs_no_rehearsal(desk: Desk) -> None:
    """There is nothing to compare it with."""
    await desk.draft(Kind.CLASSES, desk.file("classes.toml", 'version = "1"\n[classes]\n"10" = ["food"]\n'))
    await publish(desk.connection, Kind.CLASSES, "1", await desk.publication(), RULES)
    assert State.PUBLISHED is (await desk.version(Kind.CLASSES, "1")).state


async def test_the_notice_of_what_only_says_what_goods_are_is_a_setting_of_its_own(desk: Desk) -> None:
    """None by default: a new catalogue may hold in a minute."""
    path = desk.file("okpd2.tsv", "10\tПродукты пищевые\n")
    done = await desk.draft(Kind.OKPD2, path)
    said = {"announced_at": MONDAY, "effective_from": MONDAY + timedelta(seconds=60)}
    await desk.publish(Kind.OKPD2, done.version, **said)


@pytest.mark.parametrize("version", ["first", "absent"])
async def test_what_is_published_or_absent_is_neither_published_nor_rehearsed_nor_discarded(
    desk: Desk, version: str
) -> None:
    """Each time by the same two codes."""
    code = ListCode.ALREADY_PUBLISHED if version == "first" else ListCode.UNKNOWN_VERSION
    before = await desk.dump()
    for change in (
        publish(desk.connection, Kind.PROHIBITED, version, await desk.publication(), RULES),
        mark_rehearsed(desk.connection, Kind.PROHIBITED, version, by="operator-1", summary={}),
        discard(desk.connection, Kind.PROHIBITED, version, by="operator-1"),
    ):
        with pytest.raises(ListError) as refused:
            await change
        assert code is refused.value.code
    assert before == await desk.dump()


async def test_a_discarded_draft_stays_discarded(desk: Desk) -> None:
    """Its name is taken for good; the same content may be drafted again."""
    await discard(desk.connection, Kind.PROHIBITED, "next", by="operator-2")
    one = await desk.version(Kind.PROHIBITED, "next")
    assert (State.DISCARDED, "operator-2") == (one.state, one.discarded_by)
    with pytest.raises(ListError) as refused:
        await desk.publish(Kind.PROHIBITED, "next")
    assert ListCode.DISCARDED is refused.value.code
    with pytest.raises(ListError) as refused:
        await desk.prohibited("next", "11.05", "12")
    assert ListCode.VERSION_EXISTS is refused.value.code


async def test_of_two_operators_one_publishes(desk: Desk, database_url: str, tmp_path: Path) -> None:
    """The other one waits, and then hears that it is done."""
    await desk.rehearse(Kind.PROHIBITED, "next")
    said = await desk.publication(effective_from=MONDAY + timedelta(days=9))
    async with desk_on(database_url, tmp_path) as other:
        results = await asyncio.gather(
            *(publish(d.connection, Kind.PROHIBITED, "next", said, RULES) for d in (desk, other)),
            return_exceptions=True,
        )
    refused = [result for result in results if isinstance(result, ListError)]
    assert [ListCode.ALREADY_PUBLISHED] == [result.code for result in refused]


async def test_two_drafts_never_get_one_moment_whoever_is_quicker(
    desk: Desk, database_url: str, tmp_path: Path
) -> None:
    """Both are in order; the second one's day is taken by then."""
    await desk.prohibited("other", "11.05", "11.02")
    for version in ("next", "other"):
        await desk.rehearse(Kind.PROHIBITED, version)
    said = await desk.publication(effective_from=MONDAY + timedelta(days=9))
    async with desk_on(database_url, tmp_path) as second:
        results = await asyncio.gather(
            publish(desk.connection, Kind.PROHIBITED, "next", said, RULES),
            publish(second.connection, Kind.PROHIBITED, "other", said, RULES),
            return_exceptions=True,
        )
    refused = [result for result in results if isinstance(result, ListError)]
    assert [ListCode.OVERLAPPING_EFFECTIVE_DATE] == [result.code for result in refused]


async def test_time_alone_says_which_version_is_in_force(desk: Desk) -> None:
    """Nothing has to be written at the moment at which one takes over from another."""
    await desk.prohibited("draft", "12.00")
    await desk.publish(Kind.PROHIBITED, "next", announced_at=MONDAY, effective_from=NOTICE_ENDS)
    versions = await versions_of(desk.connection, Kind.PROHIBITED)
    first_begins = MONDAY + timedelta(hours=1)

    def standings(at: timedelta) -> list[Standing]:
        return [standing(one, versions, NOTICE_ENDS + at) for one in versions]

    assert [Standing.IN_FORCE, Standing.ANNOUNCED, Standing.DRAFT] == standings(timedelta(microseconds=-1))
    assert [Standing.SUPERSEDED, Standing.IN_FORCE, Standing.DRAFT] == standings(timedelta())
    early = [standing(one, versions, first_begins - timedelta(seconds=1)) for one in versions]
    assert [Standing.ANNOUNCED, Standing.ANNOUNCED, Standing.DRAFT] == early
