"""The real gateway with a real database, one merchant's till and one card, for the SDK's behaviour tests."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from gateway.domain.commands import Act, Issue
from gateway.goods.loader import load_list_book
from gateway.registry.admin import bind_cards
from gateway.registry.cards import card_token
from gateway.registry.fixtures import ClientFolder, make_fixture
from gateway.registry.signing import public_key_set
from gateway.runtime.bootstrap import Gateway, start_ledger
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.embedded import EmbeddedPostgres
from gateway.runtime.keys import GatewayKeys, authority, load_keys
from gateway.runtime.settings import Settings
from merchant_sdk import TillCredentials
from tests.sdk_support.book import CARD
from tests.sdk_support.proxy import Wire, wire_to

POINTS_KOPECKS = 3_000_00
HOLDER_REF = "sdk-holder"


@dataclass(frozen=True)
class RealGateway:
    """A running gateway, straight and over a wire that can be cut, and a till's credentials for both."""

    straight: TillCredentials
    over_wire: TillCredentials
    wire: Wire
    concentrator: TillCredentials


@asynccontextmanager
async def real_gateway(
    folder: Path, postgres: EmbeddedPostgres, database_name: str, redis_url: str
) -> AsyncIterator[RealGateway]:
    """Fill a migrated, empty database, and open the gateway's door on it."""
    settings = Settings(
        data_dir=folder,
        database_url=postgres.url(database_name, "tillgate_gateway"),
        database_migrator_url=postgres.url(database_name),
        database_reader_url=postgres.url(database_name, "tillgate_reader"),
        redis_url=redis_url,
        grpc_port=_free_port(),
        json_port=_free_port(),
        http_port=_free_port(),
        queue_wait_ms=60_000,  # a slow machine is no flood
        door_wait_ms=60_000,
        listing_delay_s=0,
    )
    keys = load_keys(settings)
    till, chain = await _fill(settings, keys)
    gateway = await Gateway.start(settings)
    try:
        async with wire_to(gateway.grpc_port) as wire:
            endpoint = f"127.0.0.1:{gateway.grpc_port}"
            yield RealGateway(
                straight=TillCredentials.from_folder(till.folder, endpoint=endpoint),
                over_wire=TillCredentials.from_folder(till.folder, endpoint=f"127.0.0.1:{wire.port}"),
                wire=wire,
                concentrator=TillCredentials.from_folder(chain.folder, endpoint=endpoint),
            )
    finally:
        await gateway.drain()


async def _fill(settings: Settings, keys: GatewayKeys) -> tuple[ClientFolder, ClientFolder]:
    """One merchant with one till, a concentrator, and a card with a food certificate."""
    lists = load_list_book(settings.lists_dir)
    migrator = make_engine(settings.database_migrator_url, pool_size=2)
    try:
        fixture = await make_fixture(
            migrator,
            settings.data_dir / "fixtures",
            authority=authority(settings),
            program_codes={code for code, _ in lists.programs},
            outcome_keys=public_key_set([keys.signer]),
            merchants=1,
            outlets=1,
            terminals=1,
        )
        async with driver_connection(migrator) as connection:
            account_id: int = await connection.fetchval(
                "INSERT INTO card_account (holder_ref, last_decided_at)"
                " VALUES ($1, tillgate_now()) RETURNING id",
                HOLDER_REF,
            )
        token = card_token(CARD, "", keys.card_tokens)
        await bind_cards(migrator, keys.card_tokens.key_id, [(token, account_id)])
    finally:
        await migrator.dispose()
    await _issue(settings, keys)
    return fixture.terminals[0], fixture.concentrator


async def _issue(settings: Settings, keys: GatewayKeys) -> None:
    parts = await start_ledger(settings, keys)
    today = datetime.now(UTC).date()
    try:
        answer = await parts.committer.submit(
            Issue(
                request_id=uuid4(),
                issue_ref="sdk-1",
                holder_ref=HOLDER_REF,
                program_code="food",
                program_version=1,
                nominal_kopecks=POINTS_KOPECKS,
                first_day=today - timedelta(days=1),
                last_day=today + timedelta(days=30),
                act=Act("Комиссия", "1", date(2026, 1, 1)),
                names_own_nominal=True,
            )
        )
        if answer.outcome is None or not answer.outcome.is_approved:
            raise RuntimeError(f"no certificate: {answer.outcome}")
    finally:
        await parts.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
