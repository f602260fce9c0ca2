"""The JSON door by HMAC: every part of a request is covered, nobody gets in with less than a whole key."""

import base64
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
import pytest_asyncio
from google.protobuf.json_format import MessageToDict

from gateway.jsondoor.paths import OPENAPI_PATH, PATHS
from gateway.registry.keys.hmac_keys import SCHEME, HmacMaster, code_of
from gateway.registry.keys.operating import add_hmac_key, revoke_owner
from gateway.registry.keys.owners import Owner
from gateway.registry.pki import IssuingAuthority
from tests import wire_kit
from tests.door_kit import Door, door_on
from tests.json_client import client_context
from tests.keys_kit import OPERATOR
from tests.openapi_kit import schema_of
from tillgate.v1 import purchase_pb2 as wire

SALE, BALANCE = PATHS["Sale"], PATHS["GetBalance"]


@dataclass
class Client:
    """A till that signs its requests; what a test changes after signing is what an attacker would."""

    door: Door
    key_id: str
    key: bytes
    changed: dict[str, Any] = field(default_factory=dict)

    async def send(
        self, path: str, body: bytes, *, method: str = "POST", age_s: float = 0
    ) -> tuple[int, Any]:
        """Status and body of the answer to a signed request, as changed afterwards."""
        timestamp = str(int(time.time() - age_s))
        named, _, query = path.partition("?")
        signed = {
            "key_id": self.key_id,
            "method": method,
            "path": named,
            "query": query,
            "body_sha256": sha256(body).hexdigest(),
            "timestamp": timestamp,
        }
        mac = code_of(self.key, signed).hex()
        claim = f"{SCHEME} key_id={self.key_id},timestamp={timestamp},mac={mac}"
        headers = {"Authorization": claim, "Content-Type": "application/json", "Accept-Language": "en"}
        headers |= self.changed.get("headers", {})
        context = client_context(self.door.fixture.terminals[0].folder, has_certificate=False)
        url = f"https://localhost:{self.door.gateway.json_port}{self.changed.get('path', path)}"
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session,
            session.request(
                self.changed.get("method", method), url, data=self.changed.get("body", body), headers=headers
            ) as response,
        ):
            return response.status, orjson.loads(await response.read() or b"null")

    def but(self, **changed: Any) -> "Client":
        """The same with something changed after it was signed."""
        return replace(self, changed=changed)


@pytest_asyncio.fixture
async def door(tmp_path: Path, database_url: str, redis_url: str) -> AsyncIterator[Door]:
    """A gateway that takes HMAC keys."""
    HmacMaster.create(tmp_path / "master")
    async with door_on(
        tmp_path, database_url, redis_url, hmac_master_key_file=tmp_path / "master"
    ) as running:
        yield running


async def admitted(door: Door, owner: Owner) -> Client:
    """A new HMAC key of a client, known to the door."""
    async with door.ledger.engine.begin() as connection:
        key_id = await add_hmac_key(connection, owner, by=OPERATOR)
    await known(door)
    assert door.settings.hmac_master_key_file is not None
    return Client(door, key_id, HmacMaster.load(door.settings.hmac_master_key_file).key(key_id))


async def known(door: Door) -> None:
    """Return when the door knows what the registry says: whatever decides reads its epoch first."""
    await door.till(door.tills_of(1)[0]).call(wire_kit.quote(card=wire_kit.card()))


@pytest_asyncio.fixture
async def client(door: Door) -> Client:
    """The first terminal with its first HMAC key."""
    return await admitted(door, Owner(terminal_id=door.fixture.terminals[0].terminal_ids[0]))


def sale(card: wire.Card) -> bytes:
    """A sale as JSON."""
    return orjson.dumps(MessageToDict(wire_kit.sale(card=card), preserving_proto_field_name=True))


def balance(card: wire.Card) -> bytes:
    """A question that changes nothing."""
    return orjson.dumps({"card": {"number": card.number, "series": card.series}})


async def test_a_till_without_a_certificate_buys_by_its_key(door: Door, client: Client) -> None:
    """And the same bytes again get the same stored answer: a replay moves nothing."""
    card = await door.card(500_00)
    body = sale(card)
    first, again = await client.send(SALE, body), await client.send(SALE, body)
    assert 200 == first[0]
    assert first == again
    outcome = wire.SignedOutcome.FromString(base64.b64decode(first[1]["answer"]["signed_payload"]))
    assert client.key_id == f"terminal-{outcome.terminal_id}.1"


async def test_every_part_of_a_request_is_covered(door: Door, client: Client) -> None:
    """Whatever is changed on the way, the code no longer fits."""
    card = await door.card(500_00)
    body = balance(card)
    assert 200 == (await client.send(BALANCE, body))[0]
    other = balance(await door.card(700_00))
    for changed in (
        {"body": other},
        {"body": body + b" "},
        {"path": PATHS["GetPurchase"]},
        {"path": f"{BALANCE}?a=1"},
    ):
        status, said = await client.but(**changed).send(BALANCE, body)
        assert (401, "CLIENT_MAC_WRONG") == (status, said["reason"]), changed
    status, said = await client.but(method="HEAD").send(OPENAPI_PATH, b"", method="GET")
    assert 401 == status
    assert 200 == (await client.send(OPENAPI_PATH, b"", method="GET"))[0]


@pytest.mark.parametrize("age_s", [301, 86_400, -301])
async def test_an_old_request_is_refused_with_the_gateways_time(
    door: Door, client: Client, age_s: int
) -> None:
    """So that a till whose clock is wrong can be helped; the other way round too."""
    status, said = await client.send(BALANCE, balance(await door.card(500_00)), age_s=age_s)
    assert (401, "CLIENT_CLOCK_WRONG") == (status, said["reason"])
    assert abs(time.time() - said["server_time"]) < 60
    schema_of("Problem").validate(said)


@pytest.mark.parametrize("age_s", [290, -290])
async def test_five_minutes_are_suffered(door: Door, client: Client, age_s: int) -> None:
    """As with a fiscal till's clock."""
    assert 200 == (await client.send(BALANCE, balance(await door.card(500_00)), age_s=age_s))[0]


async def test_another_terminals_id_needs_its_key(door: Door, client: Client) -> None:
    """One's own key is good for oneself alone, and for one's own version."""
    other = await admitted(door, Owner(terminal_id=door.fixture.terminals[1].terminal_ids[0]))
    body = balance(await door.card(500_00))
    for key_id in (other.key_id, client.key_id.replace(".1", ".2"), "terminal-999.1"):
        status, said = await replace(client, key_id=key_id).send(BALANCE, body)
        assert (401, "CLIENT_MAC_WRONG") == (status, said["reason"])
    guessed = replace(client, key=secrets.token_bytes(32))
    assert 401 == (await guessed.send(BALANCE, body))[0]


async def test_a_key_that_was_never_registered_or_is_revoked_gets_nothing(door: Door, client: Client) -> None:
    """Every id has a key, but only those of the registry are admitted."""
    assert door.settings.hmac_master_key_file is not None
    master = HmacMaster.load(door.settings.hmac_master_key_file)
    unknown = Client(door, "terminal-1.7", master.key("terminal-1.7"))
    body = balance(await door.card(500_00))
    status, said = await unknown.send(BALANCE, body)
    assert (401, "CLIENT_UNKNOWN") == (status, said["reason"])
    async with door.ledger.engine.begin() as connection:
        await revoke_owner(
            connection, Owner(terminal_id=door.fixture.terminals[0].terminal_ids[0]), "lost", by=OPERATOR
        )
    await known(door)
    status, said = await client.send(BALANCE, body)
    assert (401, "CLIENT_REVOKED") == (status, said["reason"])


@pytest.mark.parametrize(
    "claim",
    [
        "",
        "Basic dGlsbDp0aWxs",
        "Bearer x",
        f"{SCHEME} key_id=terminal-1.1,timestamp=1,mac=00",
        f"{SCHEME} key_id=terminal-1.1,timestamp=-1,mac={'0' * 64}",
        f"{SCHEME} key_id=terminal-1.1, timestamp=1,mac={'0' * 64}",
        f"{SCHEME} key_id={'a' * 65},timestamp=1,mac={'0' * 64}",
        f"{SCHEME} key_id=../../etc,timestamp=1,mac={'0' * 64}",
        f"{SCHEME} key_id=terminal-1.1,timestamp=٣,mac={'0' * 64}",
    ],
)
async def test_whoever_names_no_key_is_nobody(door: Door, client: Client, claim: str) -> None:
    """401, and told how clients are known."""
    said = await client.but(headers={"Authorization": claim}).send(BALANCE, balance(wire_kit.card()))
    assert (401, "CLIENT_UNKNOWN") == (said[0], said[1]["reason"])


async def test_a_strangers_certificate_is_worse_than_none(door: Door, client: Client, tmp_path: Path) -> None:
    """Though the port asks for none: one that it is shown must be of our authority."""
    now = datetime.now(UTC)
    issued = IssuingAuthority.create(tmp_path / "stranger", now).issue_client("terminal-1", now)
    for name, content in (("cert.pem", issued.chain_pem), ("key.pem", issued.key_pem)):
        (tmp_path / name).write_bytes(content)
    context = client_context(door.fixture.terminals[0].folder, has_certificate=False)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"https://localhost:{door.gateway.json_port}{OPENAPI_PATH}")


async def test_a_certificate_goes_on_counting_beside_hmac(door: Door, client: Client) -> None:
    """The port takes both; a certificate of another authority is refused by the handshake, as before."""
    folder = door.fixture.terminals[1].folder
    context = client_context(folder)
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session,
        session.post(
            f"https://localhost:{door.gateway.json_port}{BALANCE}",
            data=balance(await door.card(500_00)),
            headers={"Content-Type": "application/json"},
        ) as response,
    ):
        assert 200 == response.status
