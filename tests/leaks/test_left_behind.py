"""A real gateway meets cards in every way, and nothing that it leaves behind holds a number in any form.

The tills' doors are here: purchases, questions, refusals and errors over single calls, the stream and JSON;
bytes that are no message; files of certificates with right and wrong rows. Other doors and the commands for
cards are in `test_left_behind_beside`.
"""

import aiohttp
import pytest
from google.protobuf.message import Message
from redis import Redis

from gateway.jsondoor.paths import PATHS
from gateway.ledger.issuing.results import result_path
from gateway.runtime.embedded_place import EmbeddedServerError
from tests import wire_kit as till
from tests.crash.tills import Line
from tests.issuing_kit import cells, csv_file
from tests.json_client import client_context
from tests.leaks.everywhere import assert_no_number_in
from tests.leaks.scene import GOOD, IN_FILE, STOPPED, UNKNOWN, Scene
from tests.transports import TRANSPORTS, Refused
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

TIMEOUT_S = 20.0
FOOD = {"program": "food", "program_version": "2", "nominal_rubles": "3000.00"}


def cards() -> list[wire.Card]:
    """Cards with points, stopped, unknown, and written so that they are none."""
    groups = " ".join(GOOD[start : start + 4] for start in range(0, 16, 4))
    written = (GOOD, STOPPED, UNKNOWN, f"{GOOD}x", groups, f"{GOOD}{GOOD}", f" {GOOD}")
    return [
        wire.Card(number=number, entry_mode=mode)
        for number in written
        for mode in (wire.CARD_ENTRY_MODE_CHIP, wire.CARD_ENTRY_MODE_KEYED)
    ]


def requests() -> list[Message]:
    """All that a till may send with a card, and what it may send with a card's number in another place."""
    made: list[Message] = []
    for card in cards():
        made += [till.sale(card=card), till.authorize(card=card), till.quote(card=card)]
        made += [service.GetBalanceRequest(card=card), till.authorize(card=card, accept_partial=True)]
    made.append(till.authorize(card=wire.Card(number=GOOD, series=GOOD)))
    made.append(till.authorize(header=till.header(request_id=GOOD)))
    made.append(till.authorize(certificate_ids=[GOOD]))
    made.append(till.authorize(replaces_request_id=GOOD))
    made.append(till.authorize(till.line(1, gtin=GOOD)))
    made.append(till.authorize(till.line(1, okpd2=GOOD)))
    good = wire.Card(number=GOOD)
    grouped = f"{GOOD[:4]} {GOOD[4:]}"
    made.append(till.sale(till.line(1, item_name=grouped), card=good))
    made.append(till.sale(till.line(1, item_code=grouped), card=good))
    made.append(till.sale(till.line(1, serial_number=grouped), card=good))
    made.append(till.sale(till.line(1, marking_code=grouped), card=good))
    made.append(till.sale(header=till.header(cashier_ref=GOOD), card=good))
    made.append(till.sale(receipts=[till.receipt(seller_inn=GOOD)]))
    made.append(till.void(GOOD))
    made.append(service.GetPurchaseRequest(purchase=wire.PurchaseRef(purchase_id=GOOD)))
    made.append(service.ListOperationsRequest(page_token=GOOD))
    return made


async def ask_everything(scene: Scene, transport: str) -> tuple[int, int]:
    """Send all of it one way, and finish what was begun; how many answers there were, and how many errors."""
    line = Line(scene.town.clients[0].folder, scene.gateway.door(transport))
    answered = refused = 0

    async def ask(request: Message) -> None:
        nonlocal answered, refused
        method = type(request).__name__.removesuffix("Request")
        try:
            answer = await line.transport.carry(method, request.SerializeToString(), TIMEOUT_S, "en")
        except Refused as error:
            refused += 1
            scene.answers.append(repr(error).encode())
        else:
            answered += 1
            scene.answers.append(answer)

    for request in requests():
        await ask(request)
    held, sold = till.authorize(card=wire.Card(number=GOOD)), till.sale(card=wire.Card(number=GOOD))
    for request in (held, sold, till.capture(held.header.request_id), till.refund(sold.header.request_id)):
        await ask(request)
    # The same id with another card: the field that differs is named, its values are not.
    sold.card.number = UNKNOWN
    await ask(sold)
    await line.close()
    return answered, refused


async def send_what_is_no_message(scene: Scene) -> int:
    """Numbers in paths, queries, headers and broken bodies of JSON; how many were answered with an error."""
    context = client_context(scene.town.clients[0].folder)
    url = f"https://localhost:{scene.gateway.json_port}"
    path, number = PATHS["Authorize"], GOOD
    asked = [
        ("POST", f"/v1/{number}", b"{}", {}),
        ("POST", f"{path}?card={number}", b"{}", {}),
        ("GET", f"/{number}", None, {}),
        ("POST", path, f'{{"card": {{"number": "{number}"'.encode(), {}),
        ("POST", path, f'{{"card": "{number}"}}'.encode(), {}),
        ("POST", path, f'{{"card": {{"number": {number}}}}}'.encode(), {}),
        ("POST", path, f'{{"{number}": 1}}'.encode(), {}),
        ("POST", path, f'{{"card": {{"{number}": 1}}}}'.encode(), {}),
        ("POST", path, b"{}", {"Request-Timeout": number}),
        ("POST", path, b"{}", {"Content-Type": f"text/{number}"}),
        ("POST", path, number.encode(), {}),
    ]
    errors = 0
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        for method, address, body, headers in asked:
            async with session.request(
                method, url + address, data=body, headers={"Content-Type": "application/json"} | headers
            ) as response:
                errors += response.status >= 400
                scene.answers.append(repr(response.headers).encode() + await response.read())
    return errors


async def issue_by_file(scene: Scene) -> int:
    """A file of certificates with cards, right and wrong, and its result file; the command's exit code."""
    rows = (
        cells(1, card_number=IN_FILE, card_series="01", **FOOD),
        cells(2, card_number=f"{IN_FILE}x", **FOOD),
        cells(3, card_number=IN_FILE, program="none"),
        {**cells(4, **FOOD), "holder_id": IN_FILE, "card_number": IN_FILE},
    )
    file = csv_file(scene.folder, *rows)
    code = await scene.run("certificates", "issue", file)
    scene.answers.append(result_path(file).read_bytes())
    return code


async def test_no_form_of_a_card_number_is_left_behind(scene: Scene) -> None:
    """In no table, file, log, metric, key of Redis, answer or error; and a planted one is found in each."""
    asked = [await ask_everything(scene, transport) for transport in TRANSPORTS]
    assert all(answered > 20 and refused > 20 for answered, refused in asked), asked
    assert 11 == await send_what_is_no_message(scene)
    assert 1 == await issue_by_file(scene)
    await scene.run("ledger", "verify")
    for page in ("/metrics", "/readyz"):
        status, text = await scene.gateway.get(page)
        assert status == 200
        scene.answers.append(text.encode())
    async with scene.town.connect() as connection:
        assert 3 == await connection.fetchval("SELECT count(*) FROM card")
        assert await connection.fetchval("SELECT count(*) FROM outcome") > 20
    assert b"CARD_UNKNOWN" in scene.gateway.log_path.read_bytes()
    assert [] == scene.findings()
    async with scene.town.connect() as connection:
        rename = "UPDATE card_account SET holder_ref = $1 WHERE id = 1"
        await connection.execute(rename, GOOD)
        plant(scene)
        with pytest.raises(EmbeddedServerError, match="a card number in table card_account"):
            assert_no_number_in(scene.postgres, scene.database)
        found = {one.source.partition(" ")[0].rpartition("/")[2] for one in scene.findings()}
        await connection.execute(rename, "holder-1")
    assert {"database", "planted.log", "an", "value"} <= found


def plant(scene: Scene) -> None:
    """A number in each other place that is looked at."""
    (scene.folder / "data" / "planted.log").write_text(f"declined {GOOD}\n")
    with Redis.from_url(scene.redis_url) as client:
        client.rpush("planted", GOOD)
    scene.answers.append(GOOD.encode())
