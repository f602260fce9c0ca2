"""How much room ceiling and budget leave: what claims that count ask for, less what was refused."""

from datetime import date
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import record
from settlement.claims.errors import ClaimCode
from settlement.errors import SettlementError
from settlement.ledger_reader.claims_registry import AgreementRead

# The lines of the claim that is superseded ($2) make room for those of the one that is built.
_USED: Final = """
SELECT coalesce(sum(asked), 0)::bigint AS used FROM (
  SELECT y.net_kopecks AS asked
  FROM claim c JOIN claim_year y ON y.claim_id = c.id
  WHERE {whose} AND c.id IS DISTINCT FROM $2::bigint
    AND c.state NOT IN ('DRAFT', 'DISCARDED', 'SUPERSEDED')
  UNION ALL
  SELECT -l.amount_kopecks
  FROM claim c JOIN claim_year y ON y.claim_id = c.id
  JOIN claim_line l ON l.claim_id = c.id AND l.verdict IN ('REFUSED', 'REFUSED_FOR_GOOD')
    AND l.treatment = 'INCLUDED' AND extract(year FROM l.sale_date) = y.budget_year
  WHERE {whose} AND c.id IS DISTINCT FROM $2::bigint
    AND c.state NOT IN ('DRAFT', 'DISCARDED', 'SUPERSEDED', 'FILED', 'UNDER_REVIEW', 'RETURNED_TO_MERCHANT')
) AS counted"""

_USED_OF_AGREEMENT: Final = _USED.format(whose="c.agreement_id = $1")
_USED_OF_BUDGET: Final = _USED.format(whose="y.kbk = $1 AND y.budget_year = $3")

_LIMIT: Final = """
SELECT limit_kopecks FROM budget_limit WHERE budget_year = $1 AND kbk = $2 ORDER BY id DESC LIMIT 1"""

_LIMITS: Final = """
SELECT DISTINCT ON (budget_year, kbk) budget_year, kbk, limit_kopecks, act_number, act_date
FROM budget_limit ORDER BY budget_year, kbk, id DESC"""

_SET: Final = """
INSERT INTO budget_limit (budget_year, kbk, limit_kopecks, act_number, act_date, set_by)
VALUES ($1, $2, $3, $4, $5, $6)"""

_BY_YEAR: Final = """
SELECT budget_year, kbk, net_kopecks FROM claim_year WHERE claim_id = $1 ORDER BY budget_year"""

_BUDGET_LOCK: Final = 0x636C_6169_6D00_0001


class BudgetUse(Struct, frozen=True):
    """A budget limit with the act that set it, and what claims use of it."""

    budget_year: int
    kbk: str
    limit_kopecks: int
    act_number: str
    act_date: date
    used_kopecks: int

    @property
    def left_kopecks(self) -> int:
        """What is left; below zero where the limit was lowered."""
        return self.limit_kopecks - self.used_kopecks


async def ceiling_room(
    connection: asyncpg.Connection, agreement_id: int, ceiling_kopecks: int | None, superseded: int | None
) -> int | None:
    """What the agreement's ceiling leaves, below 0 where it was lowered; None without a ceiling."""
    if ceiling_kopecks is None:
        return None
    used: int = await connection.fetchval(_USED_OF_AGREEMENT, agreement_id, superseded)
    return ceiling_kopecks - used


async def budget_room(
    connection: asyncpg.Connection, kbk: str, year: int, superseded: int | None
) -> int | None:
    """What the limit of a КБК and budget year leaves, below 0 where it was lowered; None if none is set."""
    limit = await connection.fetchval(_LIMIT, year, kbk)
    if limit is None:
        return None
    used: int = await connection.fetchval(_USED_OF_BUDGET, kbk, superseded, year)
    return int(limit) - used


async def lock_budgets(connection: asyncpg.Connection) -> None:
    """Let one transaction at a time use up budgets; held until it ends."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _BUDGET_LOCK)


async def set_limit(
    connection: asyncpg.Connection,
    *,
    budget_year: int,
    kbk: str,
    limit_kopecks: int,
    act: tuple[str, date],
    by: Actor,
) -> None:
    """Set a limit by an act (number, date) in the caller's transaction; the newest holds.

    Raises SettlementError KBK_MALFORMED, LIMIT_MALFORMED.
    """
    if len(kbk) != 20 or not (kbk.isascii() and kbk.isdigit()):
        raise SettlementError(ClaimCode.KBK_MALFORMED, kbk=kbk)
    number, day = act
    if not 0 <= limit_kopecks < 1 << 63 or not 2000 <= budget_year <= 2999 or not number.strip():
        raise SettlementError(ClaimCode.LIMIT_MALFORMED)
    await connection.execute(_SET, budget_year, kbk, limit_kopecks, number.strip(), day, by.id)
    await record(
        connection,
        actor=by,
        action=Action.BUDGET_LIMIT_SET,
        subject=Subject(SubjectKind.BUDGET, f"{budget_year}/{kbk}"),
        details={"limit_kopecks": limit_kopecks, "act_number": number, "act_date": day.isoformat()},
    )


async def budget_uses(connection: asyncpg.Connection) -> list[BudgetUse]:
    """Every limit in force and how far it is used, by year and КБК."""
    uses = []
    for row in await connection.fetch(_LIMITS):
        used = await connection.fetchval(_USED_OF_BUDGET, row["kbk"], None, row["budget_year"])
        uses.append(BudgetUse(**row, used_kopecks=used))
    return uses


async def require_room(
    connection: asyncpg.Connection, claim_id: int, of: AgreementRead, net_kopecks: int, *, without: int | None
) -> None:
    """Hold a claim that asks for `net_kopecks` against its agreement's ceiling and its budgets.

    What the claim `without` uses does not count. Budgets stay locked until the transaction ends. Raises
    SettlementError LIMIT_EXCEEDED.
    """
    ceiling = await ceiling_room(connection, of.id, of.ceiling_kopecks, without)
    _check_room(claim_id, f"договор {of.number}", ceiling, net_kopecks)
    await lock_budgets(connection)
    for row in await connection.fetch(_BY_YEAR, claim_id):
        year, kbk = row["budget_year"], row["kbk"]
        room = await budget_room(connection, kbk, year, without)
        _check_room(claim_id, f"{kbk} {year}", room, row["net_kopecks"])


def _check_room(claim_id: int, limit: str, room_kopecks: int | None, net_kopecks: int) -> None:
    if room_kopecks is not None and net_kopecks > room_kopecks:
        raise SettlementError(
            ClaimCode.LIMIT_EXCEEDED,
            claim_id=claim_id, limit=limit, room_kopecks=max(room_kopecks, 0), net_kopecks=net_kopecks,
        )  # fmt: skip
