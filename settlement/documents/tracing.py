"""From a line of a claim back to its receipt, its certificates and the acts that gave them."""

from typing import Any

import asyncpg
import msgspec
from msgspec import Struct

from settlement.claims.model import Claim, ClaimLine
from settlement.claims.reading import claim_page
from settlement.documents.errors import DocumentCode
from settlement.errors import SettlementError
from settlement.ledger_reader import bundle as ledger

Told = dict[str, Any]


class Trace(Struct, frozen=True):
    """What stands behind a line, each as the ledger tells it; `outcomes` without payload and signature."""

    line: ClaimLine
    purchase: Told
    receipts: list[Told]
    refunds: list[Told]
    entries: list[Told]
    certificates: list[Told]
    outcomes: list[Told]


async def trace(connection: asyncpg.Connection, claim: Claim, n: int) -> Trace:
    """Everything behind the n-th line; raises SettlementError LINE_UNKNOWN."""
    line = await _line(connection, claim.id, n)
    operations, purchases = [line.operation_id], [line.purchase_id]
    used = await ledger.certificate_ids(connection, operations, claim.agreement_id)
    entries = _read(await ledger.entries(connection, operations, claim.agreement_id))
    certificates = _read(await ledger.certificates(connection, used))
    outcomes = await ledger.outcomes(
        connection, claim.participant.merchant_id, [line.decided_at], operations, purchases
    )
    (purchase,) = _read(await ledger.purchases(connection, purchases))
    return Trace(
        line=line,
        purchase=purchase,
        receipts=_read(await ledger.receipts(connection, purchases)),
        refunds=_read(await ledger.refunds(connection, purchases)),
        entries=[one for one in entries if one["program_code"] == line.program_code],
        certificates=[one for one in certificates if one["program_code"] == line.program_code],
        outcomes=[
            {
                "kind": one.kind,
                "request_id": one.request_id,
                "operation_id": one.operation_id,
                "decided_at": one.decided_at,
                "key_id": one.key_id,
            }
            for one in outcomes
        ],
    )


async def _line(connection: asyncpg.Connection, claim_id: int, n: int) -> ClaimLine:
    for line in await claim_page(connection, claim_id, n - 1, 1):
        if line.n == n:
            return line
    raise SettlementError(DocumentCode.LINE_UNKNOWN, claim=claim_id, n=n)


def _read(lines: list[str]) -> list[Told]:
    return [msgspec.json.decode(line) for line in lines]
