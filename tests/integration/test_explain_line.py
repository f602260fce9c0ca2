"""ExplainLine: a merchant asks why a line would be paid or not, by either client and the JSON door."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.domain.judging import Source
from gateway.runtime.database import driver_connection
from merchant_sdk import InvalidRequestError, LineReason, Reason, TillCredentials
from tests.door_kit import Door, door_on
from tests.json_client import JsonClient
from tests.sdk_support.tills import FLAVOURS, Till, till_of

COUNTED = ("outcome", "purchase", "entry", "goods_case")


@pytest.fixture
async def door(tmp_path: Path, database_url: str, redis_url: str) -> AsyncIterator[Door]:
    """A gateway on a database of this test's own."""
    async with door_on(tmp_path, database_url, redis_url) as made:
        yield made


@pytest.fixture(params=FLAVOURS)
async def till(request: pytest.FixtureRequest, door: Door) -> AsyncIterator[Till]:
    """A till of one flavour."""
    folder = door.tills_of(0)[0].folder
    endpoint = f"127.0.0.1:{door.gateway.grpc_port}"
    credentials = TillCredentials.from_folder(folder, endpoint=endpoint)
    async with till_of(request.param, credentials) as made:
        yield made


async def rows(door: Door) -> list[int]:
    """How many rows the tables have that a decision would write."""
    async with driver_connection(door.ledger.engine) as connection:
        return [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in COUNTED]  # noqa: S608


async def test_a_till_is_told_why_and_nothing_is_kept(door: Door, till: Till) -> None:
    """The sentence for the cashier, the deciding rule, every source, both languages."""
    before = await rows(door)
    found = await till.explain_line("Пиво светлое", okpd2="11.05.10.120")
    assert (LineReason.PROHIBITED, Source.DECLARED, "11.05.10.120") == (
        found.reason,
        found.evidence_source,
        found.okpd2,
    )
    assert found.notice.cashier_ru.startswith("Запрещено к покупке по сертификату: ")
    assert "Этот товар нельзя оплатить баллами" == found.notice.buyer_ru
    [source] = found.sources
    assert (True, True, found.rule_id) == (source.is_denied, source.has_decided, source.rule_id)
    assert "ОКПД2 от кассы: 11.05.10.120 запрещено" in found.trace_ru[1]
    assert "declared by the till: 11.05.10.120 denied" in found.trace_en[1]
    allowed = await till.explain_line(okpd2="10.51.11")
    assert (LineReason.ALLOWED, ("food",)) == (allowed.reason, allowed.goods_classes)
    services = await till.explain_line("Доставка", payment_subject=4)
    assert (LineReason.NOT_GOODS, "payment_subject") == (services.reason, services.evidence_source)
    assert before == await rows(door)


async def test_a_line_that_says_nothing_or_is_malformed_is_refused_by_field(till: Till) -> None:
    """Limits are those of a basket's lines."""
    for fields, reason in (
        ({}, Reason.FIELD_MISSING),
        ({"gtin": "4600000000016"}, Reason.CHECK_DIGIT_WRONG),
        ({"okpd2": "11.5.5.5"}, Reason.OKPD2_INVALID),
        ({"item_name": "я" * 129}, Reason.TEXT_INVALID),
        ({"payment_subject": 300}, Reason.FIELD_INVALID),
    ):
        with pytest.raises(InvalidRequestError) as refused:
            await till.explain_line(**fields)
        assert reason is refused.value.reason, fields


async def test_the_json_door_tells_the_same(door: Door) -> None:
    """Texts, sources and numbers as JSON."""
    client = JsonClient(door.tills_of(0)[0].folder, door.gateway.json_port)
    try:
        answer = await client.post("ExplainLine", {"item_name": "Пиво", "okpd2": "11.05.10"})
        assert 200 == answer.status
        found = answer.body
        assert ("LINE_REASON_PROHIBITED", "11.05.10") == (found["reason"], found["sources"][0]["okpd2"])
        assert found["trace_ru"][0] == found["notice"]["cashier_ru"]
        assert (400, "item_name") == await refused_field(client)
    finally:
        await client.close()


async def refused_field(client: JsonClient) -> tuple[int, str]:
    """What the door says to a question about nothing."""
    answer = await client.post("ExplainLine", {})
    return answer.status, answer.body["field"]
