"""Goods that merchants submit ahead, from either client and the JSON door to the department's decision."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gateway.goods.cases.confirmed import read_confirmed
from gateway.goods.cases.errors import CaseCode, CaseError
from gateway.goods.cases.rules import Confirmation, Rule
from gateway.goods.cases.settling import accept_submission, refuse_submission
from gateway.goods.cases.subjects import SubjectKind
from gateway.goods.cases.submissions import GoodsItem as StoredItem
from gateway.goods.cases.submissions import submit
from gateway.runtime.database import driver_connection, make_engine
from merchant_sdk import (
    GoodsItem,
    GoodsSubmission,
    InvalidRequestError,
    Reason,
    SubmissionState,
    SyncTillClient,
    TillCredentials,
)
from tests.cases_kit import SAID
from tests.door_kit import Door, door_on
from tests.json_client import JsonClient
from tests.sdk_support.tills import FLAVOURS, Till, till_of

OWN = GoodsItem(item_name="Сырники, порция", item_code="70012", okpd2="10.85.19")
IN_TRADE = GoodsItem(item_name="Маркер", gtin="4006381333931")


@dataclass
class Place:
    """A gateway with two merchants' tills of one flavour, and the department behind it."""

    door: Door
    flavour: str
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def till(self, merchant: int = 0) -> Till:
        """A till of the first (0) or second (1) merchant."""
        [client, *_] = self.door.tills_of(merchant)
        endpoint = f"127.0.0.1:{self.door.gateway.grpc_port}"
        credentials = TillCredentials.from_folder(client.folder, endpoint=endpoint)
        return await self.stack.enter_async_context(till_of(self.flavour, credentials))

    async def accept(self, submission_id: int, **said: Any) -> Rule:
        """The department confirms what submitted goods are."""
        confirmation: Confirmation = replace(SAID, **said)
        async with driver_connection(self.door.ledger.engine) as connection:
            return await accept_submission(connection, submission_id, confirmation)

    async def refuse(self, submission_id: int, because: str) -> None:
        """The department refuses a submission."""
        async with driver_connection(self.door.ledger.engine) as connection:
            await refuse_submission(connection, submission_id, by="operator-1", because=because)


@pytest.fixture
async def place(
    request: pytest.FixtureRequest, tmp_path: Path, database_url: str, redis_url: str
) -> AsyncIterator[Place]:
    """A gateway on a database of this test's own."""
    async with door_on(tmp_path, database_url, redis_url) as door:
        made = Place(door, getattr(request, "param", "async"))
        async with made.stack:
            yield made


async def listed(till: Till, **options: Any) -> list[GoodsSubmission]:
    """Everything that a listing yields, in pages of two."""
    client = till.client
    if isinstance(client, SyncTillClient):
        return await asyncio.to_thread(
            lambda twin: list(twin.list_submitted_goods(page_size=2, **options)), client
        )
    return [one async for one in client.list_submitted_goods(page_size=2, **options)]


@pytest.mark.parametrize("place", FLAVOURS, indirect=True)
async def test_a_merchant_submits_goods_and_sees_what_became_of_them(place: Place) -> None:
    """Confirmed with the code that holds now, refused with a reason, or waiting."""
    till = await place.till()
    waiting = GoodsItem(item_name="Каша", item_code="70013")
    own, in_trade, third = await till.submit_goods(OWN, IN_TRADE, waiting)
    assert {SubmissionState.SUBMITTED} == {own.state, in_trade.state, third.state}
    assert (OWN, "04006381333931") == (own.item, in_trade.item.gtin)
    rule = await place.accept(own.submission_id, okpd2="10.85.1")
    await place.refuse(in_trade.submission_id, "нет фотографии упаковки")
    own, in_trade, third = await listed(till)
    assert (SubmissionState.CONFIRMED, "10.85.1", "") == (own.state, own.confirmed_okpd2, own.refusal)
    assert rule.made_at == own.decided_at
    assert (SubmissionState.REFUSED, "нет фотографии упаковки") == (in_trade.state, in_trade.refusal)
    assert (SubmissionState.SUBMITTED, None) == (third.state, third.decided_at)
    assert [third] == await listed(till, state=SubmissionState.SUBMITTED)
    async with driver_connection(place.door.ledger.engine) as connection:
        confirmed = (await read_confirmed(connection)).at(rule.since)
    assert {(place.door.fixture.merchant_ids[0], "70012"): ("10.85.1", rule.name)} == confirmed.in_store


async def test_the_same_content_again_is_the_same_submission(place: Place) -> None:
    """Whether it waits or is decided; said otherwise it is another one."""
    till = await place.till()
    [first, twin] = await till.submit_goods(OWN, OWN)
    assert first == twin
    await place.refuse(first.submission_id, "нет")
    [again] = await till.submit_goods(OWN)
    assert (first.submission_id, SubmissionState.REFUSED) == (again.submission_id, again.state)
    [other] = await till.submit_goods(GoodsItem(item_name="Сырники 200 г", item_code="70012"))
    assert other.submission_id != first.submission_id


async def test_what_a_rule_says_already_is_confirmed_at_once(place: Place) -> None:
    """A GTIN is one for all merchants, and one rule settles all who wait; own codes are each its own."""
    first, second = await place.till(0), await place.till(1)
    [of_first, own] = await first.submit_goods(IN_TRADE, OWN)
    [of_second] = await second.submit_goods(IN_TRADE)
    await place.accept(of_first.submission_id, okpd2="32.99.12")
    await place.accept(own.submission_id, okpd2="10.85.19")
    [of_second] = await listed(second)
    assert (SubmissionState.CONFIRMED, "32.99.12") == (of_second.state, of_second.confirmed_okpd2)
    [named_otherwise, own_of_second] = await second.submit_goods(
        GoodsItem(item_name="Маркер чёрный", gtin="4006381333931"), OWN
    )
    assert SubmissionState.CONFIRMED is named_otherwise.state
    assert SubmissionState.SUBMITTED is own_of_second.state


@pytest.mark.parametrize("place", FLAVOURS, indirect=True)
async def test_a_merchant_sees_and_pages_its_own_submissions_only(place: Place) -> None:
    """Neither a listing nor a cursor leads to another merchant's goods."""
    first, second = await place.till(0), await place.till(1)
    await first.submit_goods(*(GoodsItem(item_name=f"Товар {n}", item_code=f"a-{n}") for n in range(5)))
    await second.submit_goods(*(GoodsItem(item_name=f"Товар {n}", item_code=f"b-{n}") for n in range(3)))
    assert [f"a-{n}" for n in range(5)] == [one.item.item_code for one in await listed(first)]
    assert [f"b-{n}" for n in range(3)] == [one.item.item_code for one in await listed(second)]
    page = await first.list_submitted_goods_page(page_size=2)
    for till, options in ((second, {}), (first, {"state": SubmissionState.REFUSED})):
        with pytest.raises(InvalidRequestError) as refused:
            await till.list_submitted_goods_page(page_token=page.next_page_token, **options)
        assert Reason.PAGE_TOKEN_INVALID is refused.value.reason


async def test_one_wrong_item_is_named_and_nothing_of_its_message_is_taken(place: Place) -> None:
    """By its place among the items and its field."""
    till = await place.till()
    with pytest.raises(InvalidRequestError) as refused:
        await till.submit_goods(OWN, GoodsItem(item_name=" ", gtin="4006381333932"))
    assert [(Reason.FIELD_MISSING, "items[1].item_name"), (Reason.CHECK_DIGIT_WRONG, "items[1].gtin")] == [
        (found.reason, found.field) for found in refused.value.violations
    ]
    assert [] == await listed(till)


async def test_the_json_door_takes_and_lists_the_same(place: Place) -> None:
    """By the client's certificate, as everywhere; a stranger's gets nothing."""
    folders = [place.door.tills_of(merchant)[0].folder for merchant in (0, 1)]
    first, second = (JsonClient(folder, place.door.gateway.json_port) for folder in folders)
    try:
        items = [{"item_code": "70012", "item_name": "Сырники"}]
        said = await first.post("SubmitGoods", {"items": items})
        assert (200, "SUBMISSION_STATE_SUBMITTED") == (said.status, said.body["submissions"][0]["state"])
        assert said.body == (await first.post("ListSubmittedGoods", {})).body
        assert {} == (await second.post("ListSubmittedGoods", {})).body
        wrong = await first.post("SubmitGoods", {"items": [*items, {"item_name": "Сыр"}]})
        assert (400, "items[1].gtin") == (wrong.status, wrong.body["field"])
    finally:
        await first.close()
        await second.close()


async def test_a_submission_is_decided_once_and_only_as_it_can_be(place: Place) -> None:
    """Not twice, not without a reason, and not one that is not there."""
    [one] = await (await place.till()).submit_goods(OWN)
    for refused, code in (
        (place.refuse(one.submission_id, " "), CaseCode.UNSIGNED),
        (place.accept(one.submission_id, okpd2="11"), CaseCode.OKPD2_TOO_COARSE),
        (place.accept(one.submission_id + 1), CaseCode.SUBMISSION_UNKNOWN),
    ):
        with pytest.raises(CaseError) as error:
            await refused
        assert code is error.value.code
    await place.refuse(one.submission_id, "нет")
    with pytest.raises(CaseError, match="SUBMISSION_DECIDED"):
        await place.accept(one.submission_id)


async def test_a_later_decision_takes_the_place_of_the_rule_before(place: Place) -> None:
    """The earlier rule ends where the later begins; a rule of this moment is not replaced before it holds."""
    till = await place.till()
    [first, second] = await till.submit_goods(OWN, IN_TRADE)
    rule = await place.accept(first.submission_id)
    await place.refuse(second.submission_id, "нет")
    [other] = await till.submit_goods(GoodsItem(item_name="Иначе", item_code="70012"))
    assert SubmissionState.CONFIRMED is other.state
    async with driver_connection(place.door.ledger.engine) as connection:
        book = await read_confirmed(connection)
    assert book.next_change(rule.made_at) == rule.since
    assert book.next_change(rule.since) is None
    assert {} == book.at(rule.since - timedelta(microseconds=1)).in_store


async def test_who_serves_tills_may_submit_and_not_decide(database_url: str) -> None:
    """The gateway's role has no right to change a submission, a rule or the state of a case."""
    engine = make_engine(database_url.replace("postgres@", "tillgate_gateway@"))
    try:
        async with driver_connection(engine) as connection:
            item = StoredItem(SubjectKind.IN_STORE, "1", "Сыр", "")
            [submission] = await submit(connection, 1, [item])
            assert item == submission.item
        for statement in (
            "UPDATE goods_submission SET state = 'REFUSED'",
            "UPDATE goods_case SET state = 'DISMISSED'",
            "INSERT INTO goods_rule DEFAULT VALUES",
            "DELETE FROM goods_submission",
        ):
            with pytest.raises(Exception, match="permission denied"):
                async with driver_connection(engine) as connection:
                    await connection.execute(statement)
    finally:
        await engine.dispose()
