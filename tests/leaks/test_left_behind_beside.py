"""Commands for cards, the JSON door by HMAC, and the port of enrolment leave no card number behind either."""

import secrets
import time
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import aiohttp
import grpc
import orjson
from google.protobuf.json_format import MessageToDict

from gateway.jsondoor.paths import PATHS
from gateway.registry.keys.hmac_keys import SCHEME, code_of
from gateway.runtime.settings import load_settings
from loadtests.cards import made_up_number
from tests import wire_kit as till
from tests.crash.processes import eventually
from tests.json_client import client_context
from tests.keys_kit import enrollment_on, new_key, request_of
from tests.leaks.scene import GOOD, STOPPED, UNKNOWN, Scene
from tillgate.v1 import enrollment_service_pb2 as enrollment
from tillgate.v1 import purchase_pb2 as wire

NEW: Final = made_up_number(192)
BY: Final = ("--by", "operator")
BROKEN: Final = f"{UNKNOWN}x"


def csv_of(folder: Path, name: str, *lines: str) -> Path:
    """A file that somebody sends."""
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


async def give_commands(scene: Scene) -> list[int]:
    """Commands that take a card, right and wrong ones, and reasons in which one is told; the exit codes."""
    folder = scene.folder
    terminal = scene.town.clients[-1].terminal_ids[0]
    why = ("--reason", f"держатель назвал {GOOD[:4]} {GOOD[4:]}", *BY)
    stops = csv_of(folder, "stops.csv", "number,series,reason,from,action",
                   f"{UNKNOWN},,lost {UNKNOWN},,stop", f"{BROKEN},,lost,,stop",
                   f"{GOOD},{GOOD},lost,,lift")  # fmt: skip
    cards = csv_of(folder, "cards.csv", "old_number,old_series,new_number,new_series",
                   f"{GOOD},,{NEW},", f"{BROKEN},,{UNKNOWN},")  # fmt: skip
    return [
        await scene.run("cards", "import-stop-list", stops, *BY),
        await scene.run("cards", "stop", *why, typed=f"{UNKNOWN}\n01\n"),
        await scene.run("cards", "stop", "--reason", "lost", *BY, typed=f"{BROKEN}\n\n"),
        await scene.run("cards", "unstop", *BY, typed=f"{STOPPED}\n\n"),
        await scene.run("cards", "search", *BY, typed=f"{GOOD}\n\n"),
        await scene.run("cards", "search", *BY, typed=f"{BROKEN}\n{GOOD}\n"),
        await scene.run("cards", "reissue", cards, *BY),
        await scene.run("cards", "search", *BY, typed=f"{NEW}\n\n"),
        await scene.run("cards", "stop-list"),
        await scene.run("cards", "locks"),
        await scene.run("terminals", "disable", terminal, *why),
        await scene.run("terminals", "history", terminal),
        await scene.run("pki", "revoke", "--terminal", terminal, *why),
        await scene.run("audit", "show", "--json"),
    ]


async def ask_by_hmac(scene: Scene) -> list[int]:
    """Sales by a right key, and heads that name a card where a key should be; the statuses."""
    file = scene.folder / "hmac"
    terminal = scene.town.clients[0].terminal_ids[0]
    assert 0 == await scene.run("pki", "hmac-key", "--terminal", terminal, "--to", file, *BY)
    key_id, key = file.read_text().split()
    path = PATHS["Sale"]
    context = client_context(scene.town.clients[0].folder, has_certificate=False)
    statuses = []

    async def send(session: aiohttp.ClientSession, body: bytes, named: str, address: str, mac: str) -> None:
        stamp = str(int(time.time()))
        asked, _, query = address.partition("?")
        signed = {"key_id": named, "method": "POST", "path": asked, "query": query,
                  "body_sha256": sha256(body).hexdigest(), "timestamp": stamp}  # fmt: skip
        said = mac or code_of(bytes.fromhex(key), signed).hex()
        headers = {"Authorization": f"{SCHEME} key_id={named},timestamp={stamp},mac={said}",
                   "Content-Type": "application/json"}  # fmt: skip
        url = f"https://localhost:{scene.gateway.json_port}{address}"
        async with session.post(url, data=body, headers=headers) as response:
            statuses.append(response.status)
            scene.answers.append(repr(response.headers).encode() + await response.read())

    async def is_known() -> bool:
        """Whether the gateway has read the key: it does so within a second."""
        sale = till.sale(card=wire.Card(number=GOOD))
        await send(session, orjson.dumps(MessageToDict(sale)), key_id, path, "")
        return statuses.pop() == 200

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        await eventually(is_known)
        for card in (GOOD, STOPPED, UNKNOWN, BROKEN):
            sale = till.sale(card=wire.Card(number=card))
            await send(session, orjson.dumps(MessageToDict(sale)), key_id, path, "")
        for named, address, mac in ((GOOD, path, ""), (key_id, f"{path}?{GOOD}", "00" * 32),
                                    (key_id, path, f"{GOOD}"), (f"terminal-{GOOD}.1", path, "")):  # fmt: skip
            await send(session, b"{}", named, address, mac)
    return statuses


async def ask_for_enrolment(scene: Scene) -> int:
    """Numbers in every field that enrolment takes; how many requests were refused."""
    requests: list[tuple[str, Any]] = [
        ("EnrollTerminal", enrollment.EnrollTerminalRequest(code=GOOD, certificate_request=GOOD.encode())),
        ("EnrollTerminal", enrollment.EnrollTerminalRequest(code=GOOD, certificate_request=named())),
        ("RenewCertificate", enrollment.RenewCertificateRequest(
            certificate=GOOD.encode(), certificate_request=named(), signature=GOOD.encode())),
        ("GetApplication", enrollment.GetApplicationRequest(
            application_number=GOOD, access_secret=secrets.token_bytes(32))),
        ("SubmitApplication", enrollment.SubmitApplicationRequest(
            request_id=GOOD, access_secret=secrets.token_bytes(32),
            application=enrollment.Application(inn=GOOD, kpp=GOOD, ogrn=GOOD, bic=GOOD, account=GOOD))),
    ]  # fmt: skip
    refused = 0
    async with enrollment_on(load_settings(scene.town.settings)) as port, port.stub() as stub:
        for method, request in requests:
            try:
                await getattr(stub, method)(request)
            except grpc.aio.AioRpcError as error:
                refused += 1
                scene.answers.append(repr((error, error.trailing_metadata())).encode())
    return refused


def named() -> bytes:
    """A certificate request whose name is a card number."""
    return request_of(new_key(), GOOD)


async def test_nothing_of_it_holds_a_card_number(scene: Scene) -> None:
    """In no table, file, log, metric, key of Redis, answer or error."""
    assert [1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0] == await give_commands(scene)
    statuses = await ask_by_hmac(scene)
    assert [200, 200, 200] == statuses[:3]
    assert {400, 401} >= set(statuses[3:]), statuses
    assert 5 == await ask_for_enrolment(scene)
    status, metrics = await scene.gateway.get("/metrics")
    assert 200 == status
    scene.answers.append(metrics.encode())
    async with scene.town.connect() as connection:
        searched = "SELECT count(*) FROM audit_entry WHERE action = 'card.searched'"
        assert 2 == await connection.fetchval(searched)
    for file in scene.folder.glob("*.csv"):
        assert GOOD in file.read_text() or UNKNOWN in file.read_text()
        file.unlink()
    assert [] == scene.findings()
    scene.answers.append(GOOD.encode())
    assert ["an answer"] == [one.source for one in scene.findings()]
