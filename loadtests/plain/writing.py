"""Writes one decision, statement by statement, inside the transaction that locked its account."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Table, Update, bindparam, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain.certificate import Account
from gateway.ledger.answers import SealedAnswer
from gateway.ledger.deciding import Decision
from gateway.ledger.schema import (
    card_account,
    certificate,
    entry,
    outcome,
    purchase,
    receipt,
    refund,
    review_case,
)
from loadtests.plain import rows
from loadtests.plain.rows import Values

_DECIDE_ACCOUNT: Final = (
    update(card_account)
    .where(card_account.c.id == bindparam("account_id"))
    .values(
        version=card_account.c.version + 1,
        last_decided_at=bindparam("decided_at"),
        is_blocked=bindparam("blocked"),
    )
)
_CHANGE_CERTIFICATE: Final = update(certificate).where(certificate.c.id == bindparam("row_id"))
_CHANGE_PURCHASE: Final = update(purchase).where(purchase.c.id == bindparam("row_id"))


async def write(
    connection: AsyncConnection,
    before: Account | None,
    decision: Decision,
    answer: SealedAnswer,
    tombstone: SealedAnswer | None,
) -> None:
    """Write all that a decision changes; `before` is its account as read, None if it touches none.

    Raises IntegrityError if one of its request ids got an outcome meanwhile.
    """
    if before is not None and decision.decided is not None:
        await _write_account(connection, before, decision.decided.account, decision)
    # In the order of their ids, so that two commands that entomb each other do not wait in a circle.
    outcomes = sorted(rows.outcomes(decision, answer, tombstone), key=lambda row: row["request_id"])
    await _insert(connection, outcome, outcomes)


async def _write_account(
    connection: AsyncConnection, before: Account, after: Account, decision: Decision
) -> None:
    account = {"account_id": after.id, "decided_at": decision.decided_at, "blocked": after.is_blocked}
    await connection.execute(_DECIDE_ACCOUNT, account)
    certificates = [c for c in after.certificates.values() if before.certificates.get(c.id) is not c]
    purchases = [p for p in after.purchases.values() if before.purchases.get(p.id) is not p]
    await _update(
        connection,
        _CHANGE_CERTIFICATE,
        [
            {"row_id": c.id, **rows.certificate_changes(c)}
            for c in certificates
            if c.id in before.certificates
        ],
    )
    issued = [c for c in certificates if c.id not in before.certificates]
    await _insert(
        connection, certificate, [rows.new_certificate(after.id, c, decision.command) for c in issued]
    )
    await _update(
        connection,
        _CHANGE_PURCHASE,
        [{"row_id": p.id, **rows.purchase_changes(p)} for p in purchases if p.id in before.purchases],
    )
    made = [rows.new_purchase(p) for p in purchases if p.id not in before.purchases]
    await _insert(connection, purchase, [*made, *rows.declined_purchases(decision)])
    await _insert(connection, refund, rows.refunds(decision))
    await _insert(connection, receipt, rows.receipts(decision, before))
    await _insert(connection, entry, rows.entries(decision, after))
    await _insert(connection, review_case, rows.cases(decision))


async def _insert(connection: AsyncConnection, table: Table, values: Iterable[Values]) -> None:
    if made := list(values):
        await connection.execute(_INSERT[table.name], made)


async def _update(connection: AsyncConnection, statement: Update, values: list[Values]) -> None:
    if values:
        await connection.execute(statement, values)


_INSERT: Final[dict[str, Any]] = {
    table.name: table.insert()
    for table in (certificate, purchase, refund, receipt, entry, review_case, outcome)
}
