"""A client that runs on through renewals of its certificate: no call is lost between two channels."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import text

from gateway.registry.keys.owners import Owner
from merchant_sdk import Card, Concentrator, SyncTillClient, TillClient, TillCredentials
from merchant_sdk.enrollment import enroll, renew
from merchant_sdk.errors import UnauthenticatedError
from tests.crash.processes import eventually
from tests.door_kit import Door, door_on
from tests.keys_kit import Enrollment, enrollment_on
from tests.sdk_support.book import CARD
from tests.sdk_support.real import RealGateway

AT_ONCE = 8
BEFORE_AND_AFTER = 10


@pytest.fixture
async def door(tmp_path: Path, database_url: str, redis_url: str) -> AsyncIterator[Door]:
    """A gateway."""
    async with door_on(tmp_path, database_url, redis_url) as running:
        yield running


@pytest.fixture
async def enrollment(door: Door) -> AsyncIterator[Enrollment]:
    """Enrolment beside it."""
    ports = {"grpc_port": door.gateway.grpc_port, "json_port": door.gateway.json_port}
    async with enrollment_on(door.settings.model_copy(update=ports)) as running:
        yield running


@pytest.fixture
async def folder(door: Door, enrollment: Enrollment, tmp_path: Path) -> Path:
    """The first till's, enrolled."""
    code = await enrollment.code(Owner(terminal_id=door.fixture.terminals[0].terminal_ids[0]))
    made = tmp_path / "till-1"
    credentials = await enrollment.with_client(lambda client: enroll(client, made, code))
    card = await door.card(1_00)
    await known(credentials, Card(card.number, card.series))
    return made


async def shut_out(enrollment: Enrollment, credentials: TillCredentials) -> None:
    """End the time that the former certificate has beside its successor."""
    digest = x509.load_pem_x509_certificate(credentials.certificate_pem).fingerprint(SHA256())
    ended = text("UPDATE client_key SET ends_at = tillgate_now() WHERE fingerprint = :it")
    await enrollment.change(lambda connection: connection.execute(ended, {"it": digest}))


async def known(credentials: TillCredentials, card: Card) -> None:
    """Return when the door knows a certificate; a machine with much to do takes longer than a second."""

    async def is_served() -> bool:
        async with TillClient(credentials) as client:
            try:
                return bool((await client.get_balance(card)).certificates)
            except UnauthenticatedError:
                return False

    await eventually(is_served, "the door knows a renewed certificate")


async def test_calls_go_on_while_a_client_changes_to_its_renewed_certificate(
    door: Door, enrollment: Enrollment, folder: Path
) -> None:
    """Several at once, before, during and after; the former certificate is not used any more."""
    card = await door.card(500_00)
    asked = Card(card.number, card.series)
    former = TillCredentials.from_folder(folder)
    answered = 0
    async with TillClient(former) as client:

        async def ask() -> None:
            nonlocal answered
            while not is_over:
                await client.get_balance(asked)
                answered += 1

        async def some_more() -> None:
            wanted = answered + BEFORE_AND_AFTER
            await eventually(lambda: answered >= wanted, "calls go on")

        is_over = False
        async with asyncio.TaskGroup() as asking:
            for _ in range(AT_ONCE):
                asking.create_task(ask())
            await some_more()
            assert await asyncio.to_thread(renew, folder, even_if_early=True)
            renewed = TillCredentials.from_folder(folder)
            assert renewed.certificate_pem != former.certificate_pem
            await known(renewed, asked)
            await asyncio.gather(client.use_credentials(renewed), client.use_credentials(renewed))
            await shut_out(enrollment, former)
            await some_more()
            is_over = True
        assert 500_00 == (await client.get_balance(asked)).certificates[0].available_kopecks


async def test_the_synchronous_client_changes_too(door: Door, enrollment: Enrollment, folder: Path) -> None:
    """From another thread than the one that calls, as a till's timer would."""
    card = await door.card(500_00)
    former, asked = TillCredentials.from_folder(folder), Card(card.number, card.series)

    def changed() -> int:
        with SyncTillClient(former) as client:
            client.get_balance(asked)
            renew(folder, even_if_early=True)
            renewed = TillCredentials.from_folder(folder)
            asyncio.run_coroutine_threadsafe(known(renewed, asked), loop).result()
            client.use_credentials(renewed)
            asyncio.run_coroutine_threadsafe(shut_out(enrollment, former), loop).result()
            return client.get_balance(asked).certificates[0].available_kopecks

    loop = asyncio.get_running_loop()
    assert 500_00 == await asyncio.to_thread(changed)


async def test_a_concentrators_stream_is_opened_anew(gateway: RealGateway) -> None:
    """Its next call is a message of another stream."""
    asked, terminal = Card(CARD), gateway.straight.terminal_id
    async with Concentrator(gateway.concentrator) as chain:
        before = await chain.get_balance(asked, terminal_id=terminal)
        await chain.use_credentials(gateway.concentrator)
        after = await chain.get_balance(asked, terminal_id=terminal)
        assert before.certificates == after.certificates
