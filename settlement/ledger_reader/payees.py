"""Who is to be paid for a claim, and where: claims with their agreement, merchant and newest account."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gateway.domain.settlement_terms import SettlementTerms
from settlement.claims.states import ClaimState

_ACCOUNT: Final = """LEFT JOIN LATERAL (
  SELECT * FROM merchant_account o
  WHERE o.merchant_id = c.merchant_id AND o.state = 'CONFIRMED' AND o.decided_at <= tillgate_now()
  ORDER BY o.decided_at DESC, o.id DESC LIMIT 1
) account ON true"""

_PAYABLES: Final = f"""
SELECT c.id AS claim_id, c.state, c.approved_kopecks, c.paid_kopecks, c.first_day, c.last_day,
  a.number AS agreement_number, coalesce(a.settings -> 'settlement', '{{}}') AS terms,
  (SELECT min(y.kbk) FROM claim_year y WHERE y.claim_id = c.id) AS kbk,
  m.name, m.inn, coalesce(p.kpp, '') AS kpp,
  account.id AS account_id, account.bic, account.account, bank.name AS bank_name, bank.correspondent_account
FROM claim c
JOIN agreement a ON a.id = c.agreement_id
JOIN merchant m ON m.id = c.merchant_id
LEFT JOIN merchant_profile p ON p.merchant_id = m.id
{_ACCOUNT}
LEFT JOIN LATERAL (
  SELECT e.name, e.correspondent_account FROM bic_entry e
  WHERE e.bic = account.bic AND e.directory_id = (
    SELECT d.id FROM bic_directory d ORDER BY d.business_day DESC, d.day_version DESC LIMIT 1)
) bank ON true
WHERE CASE WHEN $1::bigint[] IS NULL THEN c.state IN ('PAYABLE', 'PARTLY_PAID') ELSE c.id = ANY ($1) END
ORDER BY c.id
FOR UPDATE OF c"""


class Payable(Struct, frozen=True):
    """A claim as a payout needs it; without a confirmed account `account_id` is None.

    `terms` are those of today, but for the КБК: it is the one whose budget limit the claim used.

    `bank_name` is None if the newest directory of banks has no such BIK.
    """

    claim_id: int
    state: ClaimState
    approved_kopecks: int
    paid_kopecks: int
    first_day: date
    last_day: date
    agreement_number: str
    terms: SettlementTerms
    name: str
    inn: str
    kpp: str
    account_id: int | None
    bic: str
    account: str
    bank_name: str | None
    correspondent_account: str

    @property
    def due_kopecks(self) -> int:
        """What is still to be paid."""
        return self.approved_kopecks - self.paid_kopecks


async def payables(connection: asyncpg.Connection, claim_ids: Sequence[int] | None) -> list[Payable]:
    """Claims with their rows locked: those named, or all that wait for money."""
    return [_payable(row) for row in await connection.fetch(_PAYABLES, claim_ids)]


_NEWEST_ACCOUNTS: Final = (
    f"SELECT c.id, account.id AS account_id FROM claim c {_ACCOUNT} WHERE c.id = ANY ($1)"
)


async def newest_accounts(connection: asyncpg.Connection, claim_ids: Sequence[int]) -> dict[int, int | None]:
    """The account of each claim's merchant that was confirmed last."""
    rows = await connection.fetch(_NEWEST_ACCOUNTS, claim_ids)
    return {row["id"]: row["account_id"] for row in rows}


def _payable(row: Any) -> Payable:
    texts = {name: row[name] or "" for name in ("bic", "account", "correspondent_account")}
    fields = dict(row)
    terms, kbk = msgspec.convert(_json(fields.pop("terms")), SettlementTerms), fields.pop("kbk")
    return Payable(
        **{
            **fields,
            **texts,
            "state": ClaimState(row["state"]),
            "approved_kopecks": row["approved_kopecks"] or 0,
            "terms": terms if kbk is None else replace(terms, kbk=kbk),
        }
    )


def _json(value: Any) -> Any:
    """A jsonb column; the driver gives it as text unless a codec is set."""
    return msgspec.json.decode(value) if isinstance(value, str) else value


_DEMANDS: Final = """
SELECT d.id, m.inn, d.amount_kopecks - d.returned_kopecks AS left_kopecks
FROM return_demand d JOIN agreement a ON a.id = d.agreement_id JOIN merchant m ON m.id = a.merchant_id
WHERE d.id = ANY ($1) AND d.state IN ('DEMANDED', 'IN_COURT')
ORDER BY d.id
FOR UPDATE OF d"""


async def waiting_demands(connection: asyncpg.Connection, ids: Sequence[int]) -> list[Any]:
    """Demands that wait for money, with the merchant's INN and what is left, their rows locked."""
    found: list[Any] = await connection.fetch(_DEMANDS, ids)
    return found
