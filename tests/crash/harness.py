"""A small town for crash tests: a database, merchants with tills, cards with points; and the final audit.

The audit: after all crashes every request id is sent again, twice, with the same bytes. What was
acknowledged is answered byte for byte as before, what was unknown gets exactly one outcome, and an
independent recount from the answers alone agrees with the ledger to the kopeck.
"""

import asyncio
import dataclasses
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import asyncpg
from msgspec.structs import replace
from sqlalchemy.engine import make_url

from gateway.domain.commands import Act, Issue
from gateway.ledger.verify import verify
from gateway.registry.admin import bind_cards
from gateway.registry.cards import card_token
from gateway.registry.fixtures import ClientFolder, make_fixture
from gateway.registry.signing import public_key_set
from gateway.runtime.bootstrap import LedgerParts, start_ledger
from gateway.runtime.database import make_engine
from gateway.runtime.embedded import EmbeddedPostgres
from gateway.runtime.keys import GatewayKeys, authority, load_keys
from gateway.runtime.settings import load_settings
from loadtests.cards import made_up_number
from tests.crash.journal import Journal, Sent
from tests.crash.recount import Points, recount
from tests.crash.tills import Till

PROGRAMS = (("food", 2), ("children", 1))
NOMINAL_KOPECKS = 3_000_00
CARDS = 12


@dataclass(frozen=True)
class Town:
    """Everything that a gateway is started with, and who comes to it."""

    database_url: str
    settings: Mapping[str, str]
    clients: Sequence[ClientFolder]
    concentrator: ClientFolder
    cards: Sequence[str]
    outcome_keys: Mapping[str, bytes]

    def with_settings(self, changes: Mapping[str, str]) -> Self:
        """The same town, whose gateways are started with some settings of their own."""
        return dataclasses.replace(self, settings={**self.settings, **changes})

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection as the owner of everything, past any gateway."""
        url = make_url(self.database_url)
        connection = await asyncpg.connect(host=url.query["host"], user=url.username, database=url.database)
        try:
            yield connection
        finally:
            await connection.close(timeout=5)

    async def outcomes(self) -> int:
        """How many outcomes of tills are committed."""
        async with self.connect() as connection:
            count: int = await connection.fetchval("SELECT count(*) FROM outcome WHERE merchant_id <> 0")
        return count

    async def points(self) -> dict[str, Points]:
        """What the certificates have, as the ledger says."""
        async with self.connect() as connection:
            rows = await connection.fetch(
                "SELECT id::text, available_kopecks, held_kopecks, spent_kopecks FROM certificate"
            )
        return {row["id"]: Points(*tuple(row)[1:]) for row in rows}


def settings_on(postgres: EmbeddedPostgres, database: str, redis_url: str, data_dir: Path) -> dict[str, str]:
    """Variables of a gateway on a database, each of its roles with its own rights."""
    return {
        "TILLGATE_DATA_DIR": str(data_dir),
        "TILLGATE_DATABASE_URL": postgres.url(database, "tillgate_gateway"),
        "TILLGATE_DATABASE_MIGRATOR_URL": postgres.url(database),
        "TILLGATE_DATABASE_READER_URL": postgres.url(database, "tillgate_reader"),
        "TILLGATE_REDIS_URL": redis_url,
        "TILLGATE_LOG_LEVEL": "warning",
        # A machine that is slow, or a gateway that waits for something dead, is no flood.
        "TILLGATE_QUEUE_WAIT_MS": "60000",
        "TILLGATE_DOOR_WAIT_MS": "60000",
    }


async def found_town(
    postgres: EmbeddedPostgres, database: str, redis_url: str, data_dir: Path, cards: int = CARDS
) -> Town:
    """Keys, two merchants with four tills each, and cards with points, in a migrated database."""
    settings = settings_on(postgres, database, redis_url, data_dir)
    checked = load_settings(settings)
    keys = load_keys(checked)
    engine = make_engine(checked.database_migrator_url, pool_size=2)
    try:
        fixture = await make_fixture(
            engine,
            data_dir / "clients",
            authority=authority(checked),
            program_codes=[code for code, _ in PROGRAMS],
            outcome_keys=public_key_set([keys.signer]),
        )
        parts = await start_ledger(checked, keys)
        try:
            numbers = await _open_accounts(parts, keys, cards)
        finally:
            await parts.stop()
    finally:
        await engine.dispose()
    public = {keys.signer.key_id: keys.signer.public_key}
    return Town(
        checked.database_migrator_url, settings, fixture.terminals, fixture.concentrator, numbers, public
    )


async def _open_accounts(parts: LedgerParts, keys: GatewayKeys, count: int) -> list[str]:
    numbers = [made_up_number(n) for n in range(1, count + 1)]
    holders = [f"holder-{n}" for n in range(1, count + 1)]
    async with parts.engine.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        rows = await raw.fetch(
            "INSERT INTO card_account (holder_ref, last_decided_at)"
            " SELECT holder, tillgate_now() FROM unnest($1::text[]) AS holder RETURNING id",
            holders,
        )
    tokens = [card_token(number, "", keys.card_tokens) for number in numbers]
    pairs = zip(tokens, (row["id"] for row in rows), strict=True)
    await bind_cards(parts.engine, keys.card_tokens.key_id, pairs)
    today = datetime.now(UTC).date()
    issue = Issue(
        request_id=uuid4(),
        issue_ref="",
        holder_ref="",
        program_code="",
        program_version=0,
        nominal_kopecks=NOMINAL_KOPECKS,
        first_day=today - timedelta(days=2),
        last_day=today + timedelta(days=60),
        act=Act("Комиссия", "1", today),
        names_own_nominal=True,
    )
    commands = [
        replace(issue, request_id=uuid4(), issue_ref=f"{holder}/{code}/{n}", holder_ref=holder,
                program_code=code, program_version=version)
        for holder in holders for code, version in PROGRAMS for n in (1, 2)
    ]  # fmt: skip
    answers = await asyncio.gather(*map(parts.committer.submit, commands))
    assert all(answer.outcome is not None and answer.outcome.is_approved for answer in answers)
    return numbers


async def assert_clean(town: Town) -> None:
    """`ledger verify` has nothing to say, also in the middle of whatever is going on."""
    async with town.connect() as connection:
        report = await verify(connection, keys=town.outcome_keys)
    assert (True, ()) == (report.is_clean, report.findings), report.findings


async def send_everything_again(
    tills: Sequence[Till], shuffled: random.Random | None = None, at_once: int = 4
) -> None:
    """Send the same bytes under every id of the journal, each from its own till, in order or in disorder."""
    journal = tills[0].journal
    own: dict[int, list[Sent]] = {}
    for sent in journal.sent.values():
        own.setdefault(sent.terminal_id, []).append(sent)
    by_id = {till.terminal_id: till for till in tills}

    async def send(till: Till, queue: list[Sent]) -> None:
        for sent in queue:
            assert await till.deliver(sent), f"{sent.method} {sent.request_id}: {sent.errors[-1]}"

    queues = []
    for terminal_id, queue in own.items():
        if shuffled is None:
            queues.append(send(by_id[terminal_id], queue))
        else:
            shuffled.shuffle(queue)
            queues += [send(by_id[terminal_id], queue[n::at_once]) for n in range(at_once)]
    await asyncio.gather(*queues)


async def audit(town: Town, tills: Sequence[Till], seed: int) -> Journal:
    """Prove that nothing acknowledged is lost, nothing was done twice, and each kopeck is in its place.

    Where there are two gateways, each till asks one of them first and the other one then.
    """
    journal = tills[0].journal
    unexpected = {error: count for error, count in journal.errors().items() if ": " in error}
    assert {} == unexpected, unexpected
    await send_everything_again(tills)
    for till in tills:
        till.turn()
    await send_everything_again(tills, random.Random(seed))
    differing = {
        sent.request_id: sent.method for sent in journal.sent.values() if len(set(sent.answers)) != 1
    }
    assert {} == differing, differing
    async with town.connect() as connection:
        rows = await connection.fetch("SELECT request_id::text FROM outcome WHERE merchant_id <> 0")
    assert sorted(journal.sent) == sorted(row["request_id"] for row in rows)
    await assert_clean(town)
    ledger = await town.points()
    assert recount(journal, dict.fromkeys(ledger, NOMINAL_KOPECKS)) == ledger
    assert ledger == await _told_balances(tills[0], town.cards, ledger)
    return journal


async def _told_balances(till: Till, cards: Sequence[str], ledger: Mapping[str, Points]) -> dict[str, Points]:
    """What GetBalance says of every card; it does not tell what was spent."""
    told = {}
    for card in cards:
        for line in (await till.balance(card)).certificates:
            spent = ledger[line.certificate_id].spent_kopecks
            told[line.certificate_id] = Points(line.available_kopecks, line.held_kopecks, spent)
    return told
