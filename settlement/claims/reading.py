"""Reading claims: with the names that documents need, and their lines in pages of bounded size."""

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import date, datetime
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import Struct

from gateway.domain.settlement_terms import Evidence
from settlement.claims.errors import ClaimCode
from settlement.claims.model import Claim, ClaimLine, FiledAs, LineKind, LineVerdict, Subtotal, Treatment
from settlement.claims.states import ClaimState
from settlement.errors import SettlementError
from settlement.ledger_reader.claims_registry import (
    read_account,
    read_agreement,
    read_outlets,
    read_participant,
)

_COLUMNS: Final = """
  id, agreement_id, merchant_id, first_day, last_day, correction_number, state, built_at, lines_sha256,
  line_count, sale_kopecks, returned_kopecks, carried_kopecks, over_limit_kopecks, unmatched_kopecks,
  approved_kopecks, paid_kopecks, filed_at"""

_CLAIM: Final = f"SELECT {_COLUMNS} FROM claim WHERE id = $1"

_CLAIMS: Final = f"""
SELECT {_COLUMNS} FROM claim
WHERE ($1::bigint IS NULL OR agreement_id = $1) AND ($2::bigint IS NULL OR merchant_id = $2)
  AND ($3::date IS NULL OR first_day = $3) AND ($4::text[] IS NULL OR state = ANY ($4))
  AND ($5::bigint IS NULL OR id < $5)
ORDER BY id DESC LIMIT $6"""

_FILED_AS: Final = "SELECT facts::text FROM claim_filed_as WHERE claim_id = $1"

_SUBTOTALS: Final = """
SELECT outlet_id, program_code, count(*) AS line_count,
  coalesce(sum(amount_kopecks) FILTER (WHERE kind = 'SALE'), 0)::bigint AS sale_kopecks,
  -coalesce(sum(amount_kopecks) FILTER (WHERE kind <> 'SALE'), 0)::bigint AS returned_kopecks
FROM claim_line WHERE claim_id = $1 AND treatment = 'INCLUDED' GROUP BY 1, 2 ORDER BY 1, 2"""

_LINES: Final = """
SELECT n, operation_id, program_code, purchase_id, kind, sale_date, decided_at, outlet_id, terminal_id,
  amount_kopecks, treatment, mismatches, evidence, is_earlier, receipt_drive_number, receipt_document_number,
  verdict, verdict_reason
FROM claim_line WHERE claim_id = $1 AND n > $2 ORDER BY n LIMIT $3"""


_STEPS: Final = """
SELECT step, to_state AS state, reason, made_by, approved_by, made_at FROM claim_history
WHERE claim_id = $1 ORDER BY n"""


class StepTaken(Struct, frozen=True):
    """A step of a claim's history, and the state after it."""

    step: str
    state: ClaimState
    reason: str
    made_by: str
    approved_by: str
    made_at: datetime


async def read_claim(connection: asyncpg.Connection, claim_id: int) -> Claim:
    """One claim with its subtotals by outlet and program; raises SettlementError CLAIM_UNKNOWN."""
    row = await connection.fetchrow(_CLAIM, claim_id)
    if row is None:
        raise SettlementError(ClaimCode.CLAIM_UNKNOWN, claim_id=claim_id)
    return await _claim(connection, row, with_subtotals=True)


async def claims_of(
    connection: asyncpg.Connection,
    *,
    agreement_id: int | None = None,
    merchant_id: int | None = None,
    first_day: date | None = None,
    states: Collection[ClaimState] | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[Claim]:
    """Claims without subtotals, the newest first; `before_id` goes on after a page."""
    wanted = None if states is None else [state.value for state in states]
    rows = await connection.fetch(_CLAIMS, agreement_id, merchant_id, first_day, wanted, before_id, limit)
    return [await _claim(connection, row, with_subtotals=False) for row in rows]


async def claim_lines(
    connection: asyncpg.Connection, claim_id: int, page: int = 10_000
) -> AsyncIterator[list[ClaimLine]]:
    """The lines of a claim in their order, in pages: memory stays that of one."""
    last = 0
    while lines := await claim_page(connection, claim_id, last, page):
        yield lines
        last = lines[-1].n


async def claim_page(
    connection: asyncpg.Connection, claim_id: int, after_n: int, limit: int
) -> list[ClaimLine]:
    """At most so many lines of a claim after line `after_n`, in their order."""
    return [_line(row) for row in await connection.fetch(_LINES, claim_id, after_n, limit)]


async def steps_of(connection: asyncpg.Connection, claim_id: int) -> list[StepTaken]:
    """What a claim went through, the earliest first."""
    rows = await connection.fetch(_STEPS, claim_id)
    return [StepTaken(**{**row, "state": ClaimState(row["state"])}) for row in rows]


async def parties_now(connection: asyncpg.Connection, agreement_id: int, merchant_id: int) -> FiledAs:
    """What the registry says now; raises SettlementError AGREEMENT_UNKNOWN."""
    of = await read_agreement(connection, agreement_id)
    return FiledAs(
        agreement_number=of.number,
        agreement_signed_on=of.signed_on,
        terms=of.terms,
        participant=await read_participant(connection, merchant_id),
        account=await read_account(connection, merchant_id),
    )


async def _claim(connection: asyncpg.Connection, row: Mapping[str, Any], *, with_subtotals: bool) -> Claim:
    kept = await connection.fetchval(_FILED_AS, row["id"])
    if kept is None:
        parties = await parties_now(connection, row["agreement_id"], row["merchant_id"])
    else:
        parties = msgspec.json.decode(kept, type=FiledAs)
    fields = {name: row[name] for name in Claim.__struct_fields__ if name in row}
    kpp = parties.participant.kpp
    return Claim(
        **{**fields, "state": ClaimState(row["state"])},
        **msgspec.structs.asdict(parties),
        subtotals=await subtotals_of(connection, row["id"], kpp) if with_subtotals else (),
    )


async def subtotals_of(connection: asyncpg.Connection, claim_id: int, kpp: str) -> list[Subtotal]:
    """Included lines by outlet and program; `kpp` is the merchant's, the one that the registry has."""
    rows = await connection.fetch(_SUBTOTALS, claim_id)
    outlets = await read_outlets(connection, {row["outlet_id"] for row in rows})
    return [
        Subtotal(
            outlet_name=outlets[row["outlet_id"]].name,
            outlet_address=outlets[row["outlet_id"]].address,
            kpp=kpp,
            **row,
        )
        for row in rows
    ]


def _line(row: Mapping[str, Any]) -> ClaimLine:
    drive = row["receipt_drive_number"]
    return ClaimLine(
        n=row["n"],
        operation_id=row["operation_id"],
        program_code=row["program_code"],
        purchase_id=row["purchase_id"],
        kind=LineKind(row["kind"]),
        sale_date=row["sale_date"],
        decided_at=row["decided_at"],
        outlet_id=row["outlet_id"],
        terminal_id=row["terminal_id"],
        amount_kopecks=row["amount_kopecks"],
        treatment=Treatment(row["treatment"]),
        mismatches=tuple(row["mismatches"]),
        evidence=Evidence(row["evidence"]),
        is_earlier=row["is_earlier"],
        receipt=None if drive is None else (drive, row["receipt_document_number"]),
        verdict=None if row["verdict"] is None else LineVerdict(row["verdict"]),
        verdict_reason=row["verdict_reason"],
    )
