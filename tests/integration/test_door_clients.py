"""Who gets in at the door, for whom they may speak, and how fast they are shut out."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
import pytest_asyncio
import structlog
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from gateway.registry.pki import Issued, IssuingAuthority, fingerprint_of
from gateway.rpc.service import SERVICE_NAME
from gateway.runtime.bootstrap import Gateway
from gateway.runtime.errors import StartError
from gateway.runtime.keys import authority
from tests import registry_changes
from tests import wire_kit as till
from tests.door_kit import Door, Refused, Till, door_on
from tests.transports import Unary
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service
from tillgate.v1 import reason_pb2

UNAUTHENTICATED, DENIED = grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED


@pytest_asyncio.fixture
async def door(tmp_path: Path, database_url: str, redis_url: str) -> AsyncIterator[Door]:
    """A gateway whose registry this test may change."""
    async with door_on(tmp_path, database_url, redis_url) as running:
        yield running


def with_key(door: Door, issued: Issued, folder: Path) -> Till:
    """The first till, but with this key."""
    folder.mkdir()
    (folder / "ca.pem").write_bytes(authority(door.settings).root_pem)
    (folder / "cert.pem").write_bytes(issued.chain_pem)
    (folder / "key.pem").write_bytes(issued.key_pem)
    return door.till(replace(door.fixture.terminals[0], folder=folder))


async def refused(client: Till, request: Message) -> Refused:
    """The error that a request is answered with."""
    with pytest.raises(Refused) as caught:
        await client.call(request)
    return caught.value


async def test_a_certificate_of_another_authority_does_not_get_in(door: Door, tmp_path: Path) -> None:
    """Whatever it says of itself; the handshake ends before any message."""
    now = datetime.now(UTC)
    stranger = IssuingAuthority.create(tmp_path / "stranger", now).issue_client("terminal-1", now)
    error = await refused(with_key(door, stranger, tmp_path / "client"), till.quote(card=till.card()))
    assert (grpc.StatusCode.UNAVAILABLE, "") == (error.code, error.reason)


async def test_nobody_gets_in_without_a_certificate(door: Door) -> None:
    """The port asks everyone for one."""
    credentials = grpc.ssl_channel_credentials(authority(door.settings).root_pem)
    async with grpc.aio.secure_channel(f"localhost:{door.gateway.grpc_port}", credentials) as channel:
        client = Till(channel, door.fixture.terminals[0], Unary(channel))
        assert grpc.StatusCode.UNAVAILABLE == (await refused(client, till.quote(card=till.card()))).code


async def test_a_certificate_that_is_not_registered_gets_nothing(door: Door, tmp_path: Path) -> None:
    """Not even one that our own authority issued under the name of a terminal."""
    issued = authority(door.settings).issue_client("terminal-1", datetime.now(UTC))
    error = await refused(with_key(door, issued, tmp_path / "client"), till.quote(card=till.card()))
    assert (UNAUTHENTICATED, "CLIENT_UNKNOWN") == (error.code, error.reason)


async def test_a_revoked_key_gets_nothing_on_a_connection_that_stands(door: Door) -> None:
    """Neither a purchase nor a balance; another till of the shop goes on."""
    client, card = door.till(), await door.card(500_00)
    await client.call(till.authorize(card=card))
    fingerprint = fingerprint_of((client.client.folder / "cert.pem").read_bytes())
    await registry_changes.revoke_key(door.ledger.engine, fingerprint, "lost")
    # Whatever decides on money reads the registry's epoch first, so nobody has to wait for the next look.
    colleague = door.till(door.tills_of(0)[1])
    await colleague.call(till.quote(card=card))
    for request in (till.authorize(card=card), service.GetBalanceRequest(card=card)):
        error = await refused(client, request)
        assert (UNAUTHENTICATED, "CLIENT_REVOKED") == (error.code, error.reason)
    assert wire.DECISION_APPROVED == (await colleague.call(till.quote(card=card))).decision


async def test_a_suspended_merchant_may_only_wind_down(door: Door) -> None:
    """From the next command on: no new hold, but a void of an earlier one."""
    client, card = door.till(), await door.card(500_00)
    held = await client.outcome(till.authorize(card=card))
    await registry_changes.suspend_merchant(door.ledger.engine, client.client.merchant_id, "audit")
    declined = await client.outcome(till.authorize(card=card))
    assert reason_pb2.REASON_MERCHANT_SUSPENDED == declined.reason
    assert wire.DECISION_APPROVED == (await client.outcome(till.void(held.request_id))).decision


async def test_a_stopped_card_is_not_served_and_tells_nothing(door: Door) -> None:
    """From the next command on; whoever holds it learns no balance."""
    client, card = door.till(), await door.card(500_00)
    assert 1 == len((await client.call(service.GetBalanceRequest(card=card))).certificates)
    await registry_changes.stop_card(door.ledger.engine, door.token(card), "stolen")
    assert reason_pb2.REASON_CARD_STOPPED == (await client.outcome(till.authorize(card=card))).reason
    balance = await client.call(service.GetBalanceRequest(card=card))
    assert (reason_pb2.REASON_CARD_STOPPED, 0) == (balance.reason, len(balance.certificates))


async def test_a_terminal_speaks_for_itself_alone(door: Door) -> None:
    """Named or not named; not for its neighbour."""
    client, card = door.till(), await door.card(500_00)
    own = till.authorize(card=card, header=till.header(terminal_id=client.terminal_id))
    assert client.terminal_id == (await client.outcome(own)).terminal_id
    neighbour = door.tills_of(0)[1].terminal_ids[0]
    error = await refused(client, till.authorize(card=card, header=till.header(terminal_id=neighbour)))
    assert (DENIED, "TERMINAL_NOT_YOURS", "header.terminal_id") == (error.code, error.reason, error.field)


async def test_a_concentrator_names_one_of_its_terminals_in_every_command(door: Door) -> None:
    """Both are recorded; a terminal of another merchant is none of its."""
    chain, card = door.till(door.fixture.concentrator), await door.card(500_00)
    terminal_id = chain.client.terminal_ids[1]
    outcome = await chain.outcome(till.authorize(card=card, header=till.header(terminal_id=terminal_id)))
    assert terminal_id == outcome.terminal_id
    assert outcome.concentrator_id > 0
    unnamed = await refused(chain, till.authorize(card=card))
    assert ("FIELD_MISSING", "header.terminal_id") == (unnamed.reason, unnamed.field)
    foreign = door.tills_of(1)[0].terminal_ids[0]
    error = await refused(chain, till.authorize(card=card, header=till.header(terminal_id=foreign)))
    assert (DENIED, "TERMINAL_NOT_YOURS") == (error.code, error.reason)
    error = await refused(chain, service.GetBalanceRequest(card=card))
    assert ("FIELD_MISSING", "terminal_id") == (error.reason, error.field)


async def test_a_concentrator_lists_the_operations_of_all_its_terminals(door: Door) -> None:
    """Or of the one that it names; a terminal sees its own."""
    chain, card = door.till(door.fixture.concentrator), await door.card(500_00)
    first, second = chain.client.terminal_ids
    for terminal_id in (first, second):
        await chain.call(
            till.authorize(till.line(1, 10_00), card=card, header=till.header(terminal_id=terminal_id))
        )
    everything = (await chain.call(service.ListOperationsRequest())).operations
    assert [first, second] == [item.terminal_id for item in everything]
    named = (await chain.call(service.ListOperationsRequest(terminal_id=second))).operations
    assert [everything[1]] == list(named)
    own = (await door.till().call(service.ListOperationsRequest())).operations
    assert [everything[0]] == list(own)


async def test_health_and_reflection_are_served(door: Door) -> None:
    """A balancer asks whether to send work, a developer what there is to ask."""
    channel = door.till().channel
    check: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
    check = channel.unary_unary("/grpc.health.v1.Health/Check")
    for name in ("", SERVICE_NAME):
        asked = health_pb2.HealthCheckRequest(service=name).SerializeToString()
        status = health_pb2.HealthCheckResponse.FromString(await check(asked)).status
        assert health_pb2.HealthCheckResponse.SERVING == status
    reflect: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
    )
    asked = reflection_pb2.ServerReflectionRequest(list_services="").SerializeToString()
    [body] = [body async for body in reflect(iter([asked]))]
    answer = reflection_pb2.ServerReflectionResponse.FromString(body)
    assert SERVICE_NAME in {item.name for item in answer.list_services_response.service}


async def test_two_gateways_never_share_a_port(door: Door) -> None:
    """With SO_REUSEPORT the second one would silently take half of the tills."""
    taken = door.settings.model_copy(update={"grpc_port": door.gateway.grpc_port})
    with pytest.raises(StartError, match="TILLGATE_GRPC_PORT"):
        await Gateway.start(taken)


async def test_the_access_log_says_who_and_how_and_never_what(door: Door) -> None:
    """One line a request with its ids and its result, also for errors; no card, no goods, no cashier."""
    client, card = door.till(), await door.card(500_00)
    header = till.header(cashier_ref="КАССИР-7")
    with structlog.testing.capture_logs() as logs:
        await client.call(till.authorize(till.line(1, item_name="СЫР"), card=card, header=header))
        await refused(client, till.authorize(till.line(1, gtin="4006381333932"), card=card))
    lines = [line for line in logs if line["event"] == "request"]
    assert [
        ("Authorize", "OK", "APPROVED", ""),
        ("Authorize", "INVALID_ARGUMENT", "", "CHECK_DIGIT_WRONG"),
    ] == [(line["method"], line["code"], line["decision"], line["reason"]) for line in lines]
    assert (client.client.merchant_id, client.terminal_id, header.request_id) == (
        lines[0]["merchant_id"],
        lines[0]["terminal_id"],
        str(lines[0]["request_id"]),
    )
    for secret in (card.number, "СЫР", "КАССИР", "4006381333932"):
        assert secret not in str(logs)
