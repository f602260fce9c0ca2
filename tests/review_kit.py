"""Claims for the tests of review and signing, put in by SQL: what building and filing leave behind."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from gateway.domain.settlement_terms import SettlementTerms
from gateway.errors import CodedError
from gateway.record.words import Actor
from gateway.runtime.database import driver_connection, make_engine
from settlement.claims.states import ClaimState
from tests.signing_kit import AT, ENTITY_INN

OPERATOR = Actor.person("operator")
PROGRAM = "FOOD"
LINES_SHA256 = bytes(range(32))


@dataclass(frozen=True)
class Line:
    """A line of a claim: kopecks above zero are a sale, below a return of the same `purchase`.

    It was sold on the first day of the claim's period, unless told otherwise.
    """

    amount_kopecks: int
    purchase: int
    treatment: str = "INCLUDED"
    sold_on: date | None = None


SALES = (Line(100_00, 1), Line(250_00, 2), Line(40_00, 3))
"""Three sales: 390 rubles."""


@dataclass
class Archive:
    """One agreement of a merchant in a database; operations and purchases are numbered by it."""

    connection: asyncpg.Connection
    merchant_id: int
    agreement_id: int

    async def claim(
        self,
        lines: Sequence[Line] = SALES,
        *,
        state: ClaimState = ClaimState.FILED,
        first_day: date = date(2026, 11, 1),
        filed_at: datetime = AT - timedelta(days=5),
        correction_number: int = 0,
        supersedes_id: int | None = None,
        operations_from: int | None = None,
    ) -> int:
        """A claim with these lines, in a state as if it had been moved there; once filed they are live."""
        if operations_from is None:
            operations_from = self.agreement_id * 1000
        included = [line.amount_kopecks for line in lines if line.treatment == "INCLUDED"]
        is_filed = state not in (ClaimState.DRAFT, ClaimState.DISCARDED)
        claim_id: int = await self.connection.fetchval(
            "INSERT INTO claim (agreement_id, merchant_id, first_day, last_day, correction_number,"
            " supersedes_id, state, built_at, lines_sha256, line_count, sale_kopecks, returned_kopecks,"
            " carried_kopecks, over_limit_kopecks, unmatched_kopecks, filed_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 0, 0, $13) RETURNING id",
            self.agreement_id, self.merchant_id, first_day,
            (first_day + timedelta(days=31)).replace(day=1) - timedelta(days=1),
            correction_number, supersedes_id, state, filed_at, LINES_SHA256, len(lines),
            sum(amount for amount in included if amount > 0),
            -sum(amount for amount in included if amount < 0),
            filed_at if is_filed else None,
        )  # fmt: skip
        await self.connection.executemany(
            "INSERT INTO claim_line (claim_id, n, operation_id, program_code, purchase_id, kind, sale_date,"
            " decided_at, outlet_id, terminal_id, amount_kopecks, treatment, evidence, is_earlier, is_live)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, 1, $9, $10, 1, false, $11)",
            [
                (
                    claim_id, n, UUID(int=operations_from + n), PROGRAM,
                    UUID(int=self.agreement_id * 1000 + line.purchase),
                    "SALE" if line.amount_kopecks > 0 else "REFUND", line.sold_on or first_day, filed_at,
                    line.amount_kopecks, line.treatment, is_filed and line.treatment == "INCLUDED",
                )
                for n, line in enumerate(lines, 1)
            ],
        )  # fmt: skip
        return claim_id

    async def settle_terms(self, **terms: Any) -> None:
        """Other terms of the agreement."""
        said = msgspec.json.encode({"settlement": msgspec.to_builtins(SettlementTerms(**terms))}).decode()
        await self.connection.execute("UPDATE agreement SET settings = $1::jsonb", said)

    async def set_clock(self, now: datetime) -> None:
        """Stop the database's clock at an instant."""
        await self.connection.execute(
            "CREATE OR REPLACE FUNCTION tillgate_now() RETURNS timestamptz LANGUAGE sql VOLATILE"
            f" AS $$SELECT '{now.astimezone(UTC).isoformat()}'::timestamptz$$"
        )

    async def run_clock(self) -> None:
        """Let the database's clock go."""
        await self.connection.execute(
            "CREATE OR REPLACE FUNCTION tillgate_now() RETURNS timestamptz LANGUAGE sql VOLATILE"
            " AS $$SELECT clock_timestamp()$$"
        )

    async def verdicts(self, claim_id: int) -> list[tuple[int, str | None, bool]]:
        """Number, verdict and whether it is live, of each line."""
        rows = await self.connection.fetch(
            "SELECT n, verdict, is_live FROM claim_line WHERE claim_id = $1 ORDER BY n", claim_id
        )
        return [tuple(row) for row in rows]

    async def everything(self) -> list[Any]:
        """All rows of all tables of claims and of the audit log."""
        tables = ("claim", "claim_line", "claim_history", "audit_entry", "claim_seal", "claim_signature",
                  "claim_objection")  # fmt: skip
        return [await self.connection.fetch(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]


@asynccontextmanager
async def archive_on(database_url: str) -> AsyncIterator[Archive]:
    """An archive on a migrated database, whose clock stands at `AT`; each has an agreement of its own."""
    engine = make_engine(database_url)
    try:
        async with driver_connection(engine) as connection:
            merchant_id = await connection.fetchval(
                "INSERT INTO merchant (inn, name) VALUES ($1, 'ООО Пример')"
                " ON CONFLICT (inn) DO UPDATE SET name = excluded.name RETURNING id",
                ENTITY_INN,
            )
            agreement_id = await connection.fetchval(
                "INSERT INTO agreement (merchant_id, number, in_force)"
                " SELECT $1, 'С-' || count(*) + 1, '[2026-01-01,)' FROM agreement RETURNING id",
                merchant_id,
            )
            archive = Archive(connection, merchant_id, agreement_id)
            await archive.set_clock(AT)
            yield archive
    finally:
        await engine.dispose()


async def refusal(attempt: Awaitable[object]) -> str:
    """The code with which an attempt is refused."""
    with pytest.raises(CodedError) as error:
        await attempt
    return error.value.code.name
