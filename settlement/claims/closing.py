"""When an agreement may be closed for good: nothing under it is on its way any more."""

import asyncpg

from settlement.claims.errors import ClaimCode
from settlement.claims.identity import identity_of
from settlement.errors import SettlementError
from settlement.ledger_reader.claims_registry import read_agreement


async def check_closable(connection: asyncpg.Connection, agreement_id: int, *, leaves_kopecks: int) -> None:
    """Refuse to close an agreement under which money is still to come or to go.

    Nothing may be under review, approved and not paid, or given back and neither netted nor returned; what
    was never claimed is exactly `leaves_kopecks`, which whoever closes it has to name.

    Raises SettlementError AGREEMENT_UNKNOWN, AGREEMENT_OPEN, AGREEMENT_LEAVES.
    """
    of = await read_agreement(connection, agreement_id)
    found = await identity_of(connection, agreement_id)
    if found.under_review_kopecks or found.approved_kopecks or found.not_netted_kopecks:
        raise SettlementError(
            ClaimCode.AGREEMENT_OPEN,
            number=of.number,
            under_review_kopecks=found.under_review_kopecks,
            approved_kopecks=found.approved_kopecks,
            not_netted_kopecks=found.not_netted_kopecks,
        )
    left_kopecks = found.unclaimed_kopecks + found.unmatched_kopecks + found.carried_kopecks
    if left_kopecks != leaves_kopecks:
        raise SettlementError(
            ClaimCode.AGREEMENT_LEAVES,
            number=of.number,
            left_kopecks=left_kopecks,
            named_kopecks=leaves_kopecks,
        )
