"""What an admitted client may try with others' purchases, with texts and addresses: no point moves."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import pytest
import pytest_asyncio

from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from tests import wire_kit as till
from tests.door_kit import Door, Refused, Till, door_on
from tests.json_client import said_to
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service
from tillgate.v1 import reason_pb2

pytestmark = pytest.mark.asyncio(loop_scope="module")

MONEY_TABLES: Final = ("certificate", "entry", "refund", "receipt")


@dataclass(frozen=True)
class Scene:
    """A gateway, a till with a hold and a sale of its own, its neighbour, and a till of another merchant."""

    door: Door
    victim: Till
    neighbour: Till
    stranger: Till
    card: wire.Card
    held: service.AuthorizeRequest
    sold: service.SaleRequest
    purchase_ids: tuple[str, str]

    async def money(self) -> dict[str, list[str]]:
        """Every row that says where points are, and what became of purchases that stand."""
        tables = await self.door.dump(*MONEY_TABLES, "purchase")
        standing = [row for row in tables["purchase"] if '"state": "DECLINED"' not in row]
        return tables | {"purchase": standing}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: EmbeddedPostgres,
    valkey: EmbeddedValkey,
    make_database: Callable[[], str],
) -> AsyncIterator[Scene]:
    """One for all tests here; each leaves the purchases as they are."""
    url = postgres.url(make_database())
    async with door_on(tmp_path_factory.mktemp("door"), url, valkey.url) as door:
        ours, theirs = door.tills_of(0), door.tills_of(1)
        victim, neighbour, stranger = (door.till(one) for one in (ours[0], ours[1], theirs[0]))
        card = await door.card(5000_00)
        held, sold = till.authorize(card=card), till.sale(card=card)
        ids = [(await victim.outcome(sent)).purchase.purchase_id for sent in (held, sold)]
        yield Scene(door, victim, neighbour, stranger, card, held, sold, (ids[0], ids[1]))


def commands(ref: wire.PurchaseRef, **named: Any) -> list[Any]:
    """Everything that can be done to a purchase.

    The void of a request id that the merchant never used is none of those: it says that this request, should
    it still come, is to be refused.
    """
    made: list[Any] = [
        service.CaptureRequest(header=till.header(**named), purchase=ref),
        service.RefundRequest(header=till.header(**named), purchase=ref),
        service.AttachReceiptRequest(header=till.header(**named), purchase=ref, receipts=[till.receipt()]),
    ]
    if ref.purchase_id:
        made.append(service.VoidRequest(header=till.header(**named), purchase=ref))
    return made


def names(scene: Scene) -> list[wire.PurchaseRef]:
    """The victim's purchases by everything that an attacker may have got hold of."""
    return [
        *(wire.PurchaseRef(purchase_id=one) for one in scene.purchase_ids),
        *(till.by_request(one.header.request_id) for one in (scene.held, scene.sold)),
    ]


async def test_nobody_captures_voids_refunds_or_reads_another_merchants_purchase(scene: Scene) -> None:
    """Neither by its id nor by its request's."""
    before = await scene.money()
    for ref in names(scene):
        for command in commands(ref):
            outcome = await scene.stranger.outcome(command)
            assert reason_pb2.REASON_PURCHASE_UNKNOWN == outcome.reason, command
        with pytest.raises(Refused) as caught:
            await scene.stranger.call(service.GetPurchaseRequest(purchase=ref))
        assert "NOT_FOUND" == caught.value.reason
    assert before == await scene.money()


async def test_whether_an_id_exists_elsewhere_can_not_be_told(scene: Scene) -> None:
    """Another merchant's id and one that nobody has get the same answer, word for word."""
    for foreign, nobodys in (
        (wire.PurchaseRef(purchase_id=scene.purchase_ids[0]), wire.PurchaseRef(purchase_id=str(uuid4()))),
        (till.by_request(scene.held.header.request_id), till.by_request(till.new_request_id())),
    ):
        told = []
        for ref in (foreign, nobodys):
            with pytest.raises(Refused) as caught:
                await scene.stranger.call(service.GetPurchaseRequest(purchase=ref))
            told.append(vars(caught.value))
            refunded = service.RefundRequest(header=till.header(), purchase=ref)
            outcome = await scene.stranger.outcome(refunded)
            told.append({"reason": outcome.reason, "text": outcome.notice.cashier_ru})
        assert told[:2] == told[2:]


async def test_request_ids_are_each_merchants_own(scene: Scene) -> None:
    """A void or a purchase under another merchant's request id neither ends that one nor learns of it."""
    request_id = scene.sold.header.request_id
    voided = await scene.stranger.outcome(till.void(request_id))
    assert (wire.DECISION_APPROVED, "") == (voided.decision, voided.purchase.purchase_id)
    card = await scene.door.card(500_00)
    copied = till.authorize(card=card, header=till.header(request_id=scene.held.header.request_id))
    assert (await scene.stranger.outcome(copied)).purchase.purchase_id not in scene.purchase_ids
    await scene.stranger.outcome(till.void(scene.held.header.request_id))
    states = [
        (await scene.victim.call(service.GetPurchaseRequest(purchase=ref))).purchase.state
        for ref in names(scene)[:2]
    ]
    assert [wire.PURCHASE_STATE_AUTHORIZED, wire.PURCHASE_STATE_CAPTURED] == states
    replayed = await scene.victim.outcome(scene.sold)
    assert (scene.purchase_ids[1], wire.DECISION_APPROVED) == (
        replayed.purchase.purchase_id,
        replayed.decision,
    )


async def test_a_neighbour_does_not_undo_a_tills_sale(scene: Scene) -> None:
    """Of the same merchant and shop, named as itself or as the till of the sale."""
    before = await scene.money()
    ref = till.by_request(scene.sold.header.request_id)
    outcome = await scene.neighbour.outcome(till.void("", purchase=ref))
    assert reason_pb2.REASON_OTHER_TERMINAL == outcome.reason
    for command in commands(ref, terminal_id=scene.victim.terminal_id):
        with pytest.raises(Refused) as caught:
            await scene.neighbour.call(command)
        assert "TERMINAL_NOT_YOURS" == caught.value.reason
    assert before == await scene.money()


async def test_a_concentrator_does_nothing_outside_its_outlets(scene: Scene) -> None:
    """It speaks for no till of another merchant, and finds none of its purchases by its own tills."""
    chain = scene.door.till(scene.door.fixture.concentrator)
    card = await scene.door.card(500_00)
    foreign = till.authorize(card=card)
    assert wire.DECISION_APPROVED == (await scene.stranger.outcome(foreign)).decision
    before = await scene.money()
    ref = till.by_request(foreign.header.request_id)
    for command in commands(ref, terminal_id=scene.stranger.terminal_id):
        with pytest.raises(Refused) as caught:
            await chain.call(command)
        assert "TERMINAL_NOT_YOURS" == caught.value.reason
    for command in commands(ref, terminal_id=chain.client.terminal_ids[0]):
        assert reason_pb2.REASON_PURCHASE_UNKNOWN == (await chain.outcome(command)).reason
    assert before == await scene.money()


@pytest.mark.parametrize(
    "evil",
    [
        "'; DROP TABLE purchase; --",
        "' OR '1'='1",
        "$1; SELECT pg_sleep(60)",
        '=HYPERLINK("http://example.org","x")',
        "{{7*7}}",
        "../../etc/passwd",
        "\\'; --",
        "%s%n",
    ],
)
async def test_texts_of_a_till_are_values_and_never_statements(scene: Scene, evil: str) -> None:
    """In a name, a code, a cashier, a program: kept as they came, or refused by name."""
    before = await scene.door.dump("purchase")
    named = till.authorize(till.line(1, 1_00, item_name=evil, item_code=evil), card=scene.card)
    named.header.cashier_ref = evil
    assert wire.DECISION_APPROVED == (await scene.victim.outcome(named)).decision
    after = await scene.door.dump("purchase")
    assert len(before["purchase"]) + 1 == len(after["purchase"])
    assert wire.DECISION_APPROVED == (await scene.victim.outcome(till.void(named.header.request_id))).decision
    for spoilt in (
        till.authorize(till.line(1, gtin=evil), card=scene.card),
        till.authorize(till.line(1, okpd2=evil), card=scene.card),
        till.authorize(card=scene.card, header=till.header(request_id=evil)),
        till.void(evil),
        till.authorize(card=scene.card, certificate_ids=[evil]),
        till.authorize(card=wire.Card(number=evil, series="01")),
    ):
        with pytest.raises(Refused):
            await scene.victim.call(spoilt)
    series = wire.Card(number=scene.card.number, series=evil)
    assert wire.DECISION_DECLINED == (await scene.victim.outcome(till.authorize(card=series))).decision


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd",
        "/v1/../../../etc/passwd",
        "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
        "/v1/openapi.json/../../../etc/passwd",
        "/.git/config",
        "/v1/openapi.json%00.txt",
    ],
)
async def test_no_path_of_the_json_door_leads_to_a_file(scene: Scene, path: str) -> None:
    """Sent as it stands, without a client that tidies it up."""
    asked = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    said = await said_to(scene.door.fixture.terminals[0].folder, scene.door.gateway.json_port, asked)
    assert said.split(b" ", 2)[1] in (b"400", b"404")
    for leak in (b"root:", b"[core]", b"etc/passwd"):
        assert leak not in said
