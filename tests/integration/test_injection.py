"""SQL in what a till writes: texts are kept as they are, and nothing of them is ever run."""

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from tests import wire_kit as till
from tests.door_kit import Door, door_on
from tests.transports import TRANSPORTS, Refused
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

STATEMENTS = [
    "'; DROP TABLE entry; --",
    '"; DELETE FROM outcome; --',
    "$1', 0), ('",
    "\\'; SELECT pg_sleep(10); --",
    "{x}','y'::text[]",
    "%s %(name)s :name $$",
]


@pytest.fixture
async def door(tmp_path: Path, database_url: str, redis_url: str) -> AsyncIterator[Door]:
    """A gateway."""
    async with door_on(tmp_path, database_url, redis_url) as made:
        yield made


@pytest.mark.parametrize("text", STATEMENTS)
async def test_what_a_till_writes_is_a_value_and_never_a_statement(door: Door, text: str) -> None:
    """Names come back as they were sent, over every way a message may travel; the books are whole."""
    for door.transport in TRANSPORTS:
        card, client = await door.card(500_00), door.till()
        line = till.line(1, item_name=text, item_code=text)
        request = till.sale(line, card=card, header=till.header(cashier_ref=text))
        sold = await client.outcome(request)
        assert (wire.DECISION_APPROVED, 100_00) == (sold.decision, sold.purchase.certificate_kopecks)
        with pytest.raises(Refused):
            await client.call(service.GetPurchaseRequest(purchase=wire.PurchaseRef(purchase_id=text)))
        with pytest.raises(Refused):
            await client.call(service.ListOperationsRequest(page_token=text))
        named = await client.outcome(till.sale(card=card, program_code=text))
        assert wire.DECISION_DECLINED == named.decision
    dump = await door.dump("purchase", "entry", "outcome")
    assert all(dump.values())
    # Those that were declined are recorded too.
    assert 2 * len(TRANSPORTS) == len(dump["purchase"])
    lines = [orjson.loads(row)["lines"][0]["line"] for row in dump["purchase"]]
    assert len(TRANSPORTS) == sum(
        (text, text) == (line["item_name"], line.get("item_code")) for line in lines
    )
