"""Bad input at the real door: each kind gets its named reason, and server and balances stay as they were.

An **error** leaves no trace: not one row of the database changes, and the request id stays free. A
**decline** is recorded as an answer, and moves no point.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

import grpc
import pytest
import pytest_asyncio
from google.protobuf.message import Message

from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from tests import wire_kit as till
from tests.bad_requests import BYTES, REQUESTS
from tests.door_kit import Door, Refused, Till, door_on
from tests.transports import TRANSPORTS
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service
from tillgate.v1 import reason_pb2

pytestmark = pytest.mark.asyncio(loop_scope="module")

INVALID: Final = grpc.StatusCode.INVALID_ARGUMENT
MONEY_TABLES: Final = ("certificate", "entry", "purchase", "refund", "receipt")


@dataclass(frozen=True)
class Scene:
    """A running gateway, a till, a card with points, and purchases to refer to."""

    door: Door
    till: Till
    card: wire.Card
    held: str
    sold: str
    foreign: str

    async def money(self) -> dict[str, list[str]]:
        """Every row that says where points are; purchases that were declined say nothing of that."""
        tables = await self.door.dump(*MONEY_TABLES)
        return tables | {"purchase": [row for row in tables["purchase"] if '"state": "DECLINED"' not in row]}

    async def check_alive(self) -> None:
        """The server still serves the same till."""
        quoted = await self.till.call(till.quote(till.line(1), card=self.card))
        assert wire.DECISION_APPROVED == quoted.decision


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=TRANSPORTS)
async def scene(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    postgres: EmbeddedPostgres,
    valkey: EmbeddedValkey,
    make_database: Callable[[], str],
) -> AsyncIterator[Scene]:
    """A hold of two lines, a sale of one, and a purchase of the other merchant; all stay as they are."""
    url = postgres.url(make_database())
    async with door_on(tmp_path_factory.mktemp("door"), url, valkey.url) as door:
        door.transport = request.param
        client, other = door.till(), door.till(door.tills_of(1)[0])
        card = await door.card(5000_00)
        held = till.authorize(till.line(1), till.line(2, 50_00, till.BEER), card=card)
        sold = till.sale(till.line(1, 90_00, quantity_milli=3000, unit_price_kopecks=30_00), card=card)
        foreign = till.authorize(till.line(1), card=card)
        for sender, sent in ((client, held), (client, sold), (other, foreign)):
            assert wire.DECISION_APPROVED == (await sender.outcome(sent)).decision
        ids = (sent.header.request_id for sent in (held, sold, foreign))
        yield Scene(door, client, card, *ids)


@pytest.mark.parametrize("name", BYTES)
async def test_bytes_that_are_no_request_are_named(scene: Scene, name: str) -> None:
    """Whatever arrives, the answer is INVALID_ARGUMENT with a reason, and nothing is stored."""
    body, reason = BYTES[name]
    before = await scene.door.dump()
    with pytest.raises(Refused) as caught:
        await scene.till.send("Authorize", body)
    assert (INVALID, reason) == (caught.value.code, caught.value.reason)
    assert before == await scene.door.dump()
    await scene.check_alive()


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_broken_rule_is_named_by_reason_field_and_line(scene: Scene, name: str) -> None:
    """INVALID_ARGUMENT, and not one row of the database changes."""
    make, reason, field, line_number = REQUESTS[name]
    before = await scene.door.dump()
    with pytest.raises(Refused) as caught:
        await scene.till.call(make())
    error = caught.value
    assert (INVALID, reason, field, line_number) == (error.code, error.reason, error.field, error.line_number)
    assert "ru" == error.locale
    assert not line_number or error.text.startswith(f"Позиция {line_number}: ")
    assert before == await scene.door.dump()
    await scene.check_alive()


DECLINES: Final[dict[str, tuple[Callable[[Scene], Message], str]]] = {
    "an unknown card": (lambda scene: till.authorize(card=wire.Card(number="999999999")), "CARD_UNKNOWN"),
    "an unknown certificate": (
        lambda scene: till.authorize(card=scene.card, certificate_ids=[till.new_request_id()]),
        "CERTIFICATE_UNKNOWN",
    ),
    "an unknown program": (
        lambda scene: till.authorize(card=scene.card, program_code="nothing"),
        "PROGRAM_NOT_HELD",
    ),
    "a capture above the authorized amount": (
        lambda scene: till.capture(
            scene.held, wire.CaptureLine(line_number=1, quantity_milli=1000, amount_kopecks=100_01)
        ),
        "CAPTURE_ABOVE_AUTHORIZED",
    ),
    "a capture above the authorized quantity": (
        lambda scene: till.capture(
            scene.held, wire.CaptureLine(line_number=1, quantity_milli=1001, amount_kopecks=100_00)
        ),
        "CAPTURE_ABOVE_AUTHORIZED",
    ),
    "a capture of a line that is not there": (
        lambda scene: till.capture(
            scene.held, wire.CaptureLine(line_number=3, quantity_milli=1000, amount_kopecks=1)
        ),
        "LINE_UNKNOWN",
    ),
    "a capture of an unknown purchase": (
        lambda scene: till.capture(till.new_request_id()),
        "PURCHASE_UNKNOWN",
    ),
    "a capture of another merchant's purchase": (
        lambda scene: till.capture(scene.foreign),
        "PURCHASE_UNKNOWN",
    ),
    "a refund above the captured": (
        lambda scene: till.refund(scene.sold, wire.RefundLine(line_number=1, quantity_milli=3001)),
        "REFUND_ABOVE_CAPTURED",
    ),
    "a refund of another merchant's purchase": (lambda scene: till.refund(scene.foreign), "PURCHASE_UNKNOWN"),
    "a refund of a hold": (lambda scene: till.refund(scene.held), "NOT_CAPTURED"),
    "a second capture": (lambda scene: till.capture(scene.sold), "ALREADY_CAPTURED"),
}


@pytest.mark.parametrize("name", DECLINES)
async def test_what_cannot_be_done_is_declined_by_name(scene: Scene, name: str) -> None:
    """An answer with a reason; where points are stays as it was."""
    make, reason = DECLINES[name]
    before = await scene.money()
    outcome = await scene.till.outcome(make(scene))
    assert (wire.DECISION_DECLINED, reason_pb2.Reason.Value(f"REASON_{reason}")) == (
        outcome.decision,
        outcome.reason,
    )
    assert outcome.notice.cashier_ru
    assert before == await scene.money()


async def test_another_merchants_request_id_opens_nothing(scene: Scene) -> None:
    """Under the same id there is nothing of ours."""
    with pytest.raises(Refused) as caught:
        await scene.till.call(service.GetPurchaseRequest(purchase=till.by_request(scene.foreign)))
    assert (grpc.StatusCode.NOT_FOUND, "NOT_FOUND") == (caught.value.code, caught.value.reason)


async def test_a_foreign_purchase_id_opens_nothing(scene: Scene) -> None:
    """Neither to read nor to void."""
    other = scene.door.till(scene.door.tills_of(1)[0])
    found = await other.call(service.GetPurchaseRequest(purchase=till.by_request(scene.foreign)))
    ref = wire.PurchaseRef(purchase_id=found.purchase.purchase_id)
    with pytest.raises(Refused) as caught:
        await scene.till.call(service.GetPurchaseRequest(purchase=ref))
    assert "NOT_FOUND" == caught.value.reason
    before = await scene.money()
    declined = await scene.till.outcome(service.VoidRequest(header=till.header(), purchase=ref))
    assert reason_pb2.REASON_PURCHASE_UNKNOWN == declined.reason
    assert before == await scene.money()


async def test_an_error_leaves_its_request_id_free(scene: Scene) -> None:
    """The till mends its message and sends it under the same id."""
    request = till.authorize(till.line(1, gtin="4006381333932"), card=scene.card)
    with pytest.raises(Refused):
        await scene.till.call(request)
    request.basket.lines[0].gtin = "4006381333931"
    assert wire.DECISION_APPROVED == (await scene.till.outcome(request)).decision
    await scene.till.outcome(till.void(request.header.request_id))


async def test_errors_are_told_in_english_if_asked(scene: Scene) -> None:
    """By the request's metadata."""
    with pytest.raises(Refused) as caught:
        await scene.till.call(till.authorize(till.line(3, okpd2="1071")), language="en")
    assert "en" == caught.value.locale
    assert caught.value.text.startswith("Line 3: The ОКПД2 code is not well-formed.")
