"""One agreement of one merchant on a real database, with operations written as the ledger writes them.

The ledger itself is tried elsewhere; here operations of any order and any day are wanted, which a clock that
only goes on would not give.
"""

import asyncio
import json
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.domain.policy import day_start
from gateway.ledger.ids import uuid7
from gateway.runtime.database import driver_connection, make_engine
from settlement.claims.building import build
from settlement.claims.demand_model import Demand
from settlement.claims.demands import demand_refunds, demands_of
from settlement.claims.filing import file
from settlement.claims.identity import Identity, identity_of
from settlement.claims.limits import BudgetUse, budget_uses
from settlement.claims.model import Claim
from settlement.claims.moving import move
from settlement.claims.reading import claims_of
from settlement.claims.states import ClaimState, ClaimStep
from settlement.errors import SettlementError
from settlement.review.deciding import decision_of, let_go
from settlement.review.errors import ReviewCode
from settlement.review.objections import answer_objection, object_to
from tests.claims_kit import CLERK

NOW = datetime(2027, 6, 1, 9, tzinfo=UTC)
"""Every period of the machine is over by then."""

_CLOCK = f"""
CREATE OR REPLACE FUNCTION tillgate_now() RETURNS timestamptz LANGUAGE sql VOLATILE
  AS 'SELECT timestamptz ''{NOW.isoformat()}'''"""

_MERCHANT = """
WITH m AS (INSERT INTO merchant (inn, name) VALUES (lpad($1::text, 10, '0'), 'merchant') RETURNING id),
  o AS (INSERT INTO outlet (merchant_id, name, address) SELECT id, 'shop', 'street' FROM m RETURNING id),
  t AS (INSERT INTO terminal (outlet_id, name) SELECT id, 'till' FROM o RETURNING id),
  a AS (INSERT INTO agreement (merchant_id, number, in_force, ceiling_kopecks, settings)
    SELECT id, 'agreement', '[2022-03-01,)', $2, $3::text::jsonb FROM m RETURNING id)
SELECT m.id AS merchant_id, o.id AS outlet_id, t.id AS terminal_id, a.id AS agreement_id FROM m, o, t, a"""

_FISCAL = """
INSERT INTO terminal_fiscal (terminal_id, kkt_number, drive_number, days)
VALUES ($1, $2, $3, '[2022-03-01,)')"""

_CERTIFICATE = """
INSERT INTO certificate (id, account_id, issue_ref, program_code, program_version, nominal_kopecks,
  available_kopecks, held_kopecks, spent_kopecks, lapsed_kopecks, restorable_kopecks, valid_from, valid_until,
  state, act_body, act_number, act_date)
VALUES ($1::uuid, 1, $1::uuid::text, $2, 1, 1, 1, 0, 0, 0, 0, '2026-01-01', '2028-01-01', 'ACTIVE', 'body',
  '1', '2026-01-01')"""

_PURCHASE = """
INSERT INTO purchase (id, account_id, request_id, merchant_id, outlet_id, terminal_id, concentrator_id,
  shift_number, shift_terminal_id, cashier_ref, state, authorized_at, hold_expires_at, closed_at,
  program_code, list_version, rounding_kopecks, eligible_kopecks, approved_kopecks, lines, own_money,
  lapsed_from_hold, capture, captured_kopecks, sale_date, is_shift_closed)
VALUES ($1, 1, $1, $2, $3, $4, 0, 1, $4, '', 'CAPTURED', $5, $5, $5, '', 'test', 0, $6, $6, '[]', '[]', '{}',
  $7::text::jsonb, $6, $8, false)"""

_ENTRY = """
INSERT INTO entry (operation_id, n, account_id, certificate_id, purchase_id, kind, source, target,
  amount_kopecks, decided_at, agreement_id, sale_date)
VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10, $11)"""

_RECEIPT = """
INSERT INTO receipt (purchase_id, fiscal_drive_number, fiscal_document_number, account_id, kind, fiscal_sign,
  kkt_registration_number, seller_inn, shift_number, issued_at, total_kopecks, operation_id)
VALUES ($1, $2, $3, 1, 'SALE', 1, $4, lpad($5::text, 10, '0'), 1, $6, $7, $8)"""

_VERDICTS = """
UPDATE claim_line SET verdict = $2, verdict_reason = 'проверено'
WHERE claim_id = $1 AND treatment = 'INCLUDED' AND amount_kopecks > 0
  AND ($3::uuid[] IS NULL OR purchase_id = ANY ($3))"""

_LIMIT = """
INSERT INTO budget_limit (budget_year, kbk, limit_kopecks, act_number, act_date, set_by)
VALUES ($1, $2, $3, '1', '2026-01-15', 'first')"""

_LOWERED = """
SELECT l.purchase_id, l.program_code, sum(l.amount_kopecks) AS kopecks
FROM claim c JOIN claim_line l ON l.claim_id = c.id AND l.is_live
WHERE c.agreement_id = $1 AND l.treatment = 'INCLUDED' AND l.verdict IS DISTINCT FROM 'REFUSED_FOR_GOOD'
GROUP BY 1, 2 HAVING sum(l.amount_kopecks) < 0"""


@dataclass
class Sold:
    """A captured purchase: kopecks by certificate, of which some were given back."""

    id: UUID
    day: date
    kopecks: dict[UUID, int]
    left: dict[UUID, int]
    has_receipt: bool = False
    is_void: bool = False


@dataclass
class ClaimsSystem:
    """The agreement's rows, and what was captured and given back by the machine's own count."""

    connection: asyncpg.Connection
    number: int
    ids: asyncpg.Record
    certificates: dict[str, UUID]
    sold: list[Sold] = field(default_factory=list)
    captured_kopecks: int = 0
    refunded_kopecks: int = 0
    documents: int = 0

    @property
    def drive(self) -> str:
        """The fiscal drive of the one till."""
        return f"9999{self.number:012}"

    @property
    def kbk(self) -> str:
        """The budget classification, which no other agreement has."""
        return f"{self.number:020}"

    @property
    def till(self) -> str:
        """The registration number of the one till."""
        return f"{self.number:016}"

    async def _book(self, of: Sold, kind: str, amounts: dict[UUID, int]) -> None:
        is_sale = kind == "CAPTURE"
        source, target = ("HELD", "SPENT") if is_sale else ("SPENT", "AVAILABLE")
        operation = uuid7(NOW)
        for n, (certificate, kopecks) in enumerate(amounts.items()):
            await self.connection.execute(
                _ENTRY, operation, n, certificate, of.id, kind, source, target, kopecks, NOW,
                self.ids["agreement_id"], of.day,
            )  # fmt: skip
        if is_sale:
            self.captured_kopecks += sum(amounts.values())
        else:
            self.refunded_kopecks += sum(amounts.values())

    async def capture(self, day: date, parts: dict[str, int], *, has_receipt: bool) -> None:
        """Sell on a day for so many kopecks of each program."""
        amounts = {self.certificates[program]: kopecks for program, kopecks in parts.items()}
        total = sum(amounts.values())
        of = Sold(uuid7(NOW), day, amounts, dict(amounts))
        at = day_start(day) + timedelta(hours=12)
        shares = [{"certificate_id": str(c), "amount_kopecks": k} for c, k in amounts.items()]
        line = {"line_number": 1, "quantity_milli": 1000, "amount_kopecks": total, "shares": shares}
        capture = {
            "captured_at": at.isoformat(),
            "sale_date": day.isoformat(),
            "agreements": {str(c): self.ids["agreement_id"] for c in amounts},
            "lines": [line],
        }
        ids = (self.ids["merchant_id"], self.ids["outlet_id"], self.ids["terminal_id"])
        await self.connection.execute(_PURCHASE, of.id, *ids, at, total, json.dumps(capture), day)
        await self._book(of, "CAPTURE", amounts)
        self.sold.append(of)
        if has_receipt:
            await self.attach(of)

    async def attach(self, of: Sold) -> None:
        """Bring the receipt of a sale."""
        self.documents += 1
        document = self.number * 10_000 + self.documents
        total, at = sum(of.kopecks.values()), day_start(of.day) + timedelta(hours=12)
        await self.connection.execute(
            _RECEIPT, of.id, self.drive, document, self.till, str(self.number), at, total, uuid4()
        )
        of.has_receipt = True

    async def refund(self, of: Sold, amounts: dict[UUID, int]) -> None:
        """Give back some of what is left."""
        for certificate, kopecks in amounts.items():
            of.left[certificate] -= kopecks
        await self._book(of, "REFUND", amounts)

    async def void(self, of: Sold) -> None:
        """Undo a capture."""
        of.is_void = True
        await self._book(of, "VOID", of.left)
        of.left = dict.fromkeys(of.left, 0)

    async def build(self, first_day: date) -> Claim:
        """Build the claim of a month."""
        return await build(self.connection, self.ids["agreement_id"], first_day, by=CLERK)

    async def file(self, claim: Claim) -> Claim:
        """File a draft."""
        return await file(self.connection, claim.id, by=CLERK)

    async def claims(self, *states: ClaimState) -> list[Claim]:
        """The agreement's claims in some states."""
        found = await claims_of(self.connection, agreement_id=self.ids["agreement_id"], states=states or None)
        return found[::-1]

    async def decide(self, claim: Claim, refused: list[UUID], verdict: str) -> None:
        """Decide a claim that is under review: purchases by id as told, all others are approved.

        Where less than nothing would be approved, everything is refused. As `settlement.review` does it, but
        for the signatures and the second person.
        """
        async with self.connection.transaction():
            await self.connection.execute(_VERDICTS, claim.id, "APPROVED", None)
            await self.connection.execute(_VERDICTS, claim.id, verdict, refused)
            try:
                decision = await decision_of(self.connection, claim.id)
            except SettlementError as error:
                if error.code is not ReviewCode.APPROVED_NOT_POSITIVE:
                    raise
                await self.connection.execute(_VERDICTS, claim.id, "REFUSED", None)
                decision = await decision_of(self.connection, claim.id)
            await let_go(self.connection, claim.id, decision.approved_kopecks)
            await self.step(claim, decision.step)

    async def object_to(self, claim: Claim) -> None:
        """The merchant objects to a whole decision and is right."""
        async with self.connection.transaction():
            # The clock stands still: by the same words it would be the objection to the decision before.
            text = f"чек есть {uuid4()}"
            made = await object_to(self.connection, claim.id, text, by=CLERK)
            await answer_objection(self.connection, made.id, is_upheld=True, answer="да", by=CLERK)

    async def pay(self, claim: Claim, kopecks: int) -> None:
        """Pay some of what is left of an approved claim."""
        async with self.connection.transaction():
            paid = claim.paid_kopecks + kopecks
            await self.connection.execute("UPDATE claim SET paid_kopecks = $2 WHERE id = $1", claim.id, paid)
            await self.step(claim, ClaimStep.PAY if paid == claim.approved_kopecks else ClaimStep.PAY_IN_PART)

    async def bounce(self, claim: Claim) -> None:
        """The bank sends everything back."""
        async with self.connection.transaction():
            await self.connection.execute("UPDATE claim SET paid_kopecks = 0 WHERE id = $1", claim.id)
            await self.step(claim, ClaimStep.RETURN_BY_BANK)

    async def step(self, claim: Claim, step: ClaimStep) -> None:
        """Take one step of the claim's."""
        async with self.connection.transaction():
            await move(self.connection, claim.id, step, by=CLERK, reason="проверено", approved_by="second")

    async def demand(self, *, is_last: bool) -> list[Demand]:
        """Demand back whatever can lower no claim."""
        async with self.connection.transaction():
            agreement_id = self.ids["agreement_id"]
            return await demand_refunds(
                self.connection, agreement_id, on=NOW.date(), by=CLERK, is_last=is_last
            )

    async def demands(self) -> list[Demand]:
        """Demands whose money is still to come."""
        return await demands_of(self.connection, agreement_id=self.ids["agreement_id"], waiting_only=True)

    async def in_transaction(self, work: Awaitable[Any]) -> Any:
        """Do a piece of work in a transaction."""
        async with self.connection.transaction():
            return await work

    async def amend(self, terms: dict[str, Any]) -> None:
        """Other settings of the settlement, by an addendum."""
        said = json.dumps({"settlement": {**terms, "kbk": self.kbk}})
        query = "UPDATE agreement SET settings = $2::text::jsonb WHERE id = $1"
        await self.connection.execute(query, self.ids["agreement_id"], said)

    async def budgets(self) -> list[BudgetUse]:
        """The limits of the agreement's budgets and how far they are used."""
        return [use for use in await budget_uses(self.connection) if use.kbk == self.kbk]

    async def purchases_of(self, claim: Claim) -> set[UUID]:
        """The purchases that stand in a claim."""
        query = "SELECT DISTINCT purchase_id FROM claim_line WHERE claim_id = $1 AND is_live"
        return {row["purchase_id"] for row in await self.connection.fetch(query, claim.id)}

    async def lowered(self) -> list[asyncpg.Record]:
        """Purchases that take more from claims than they bring."""
        found: list[asyncpg.Record] = await self.connection.fetch(_LOWERED, self.ids["agreement_id"])
        return found

    async def identity(self) -> Identity:
        """Where the agreement's kopecks are."""
        return await identity_of(self.connection, self.ids["agreement_id"])


class ClaimsDatabase:
    """A database for one machine after the other, each with an agreement of its own."""

    def __init__(self, url: str) -> None:
        self.runner = asyncio.Runner()
        self.number = 0
        self.engine: AsyncEngine = make_engine(url, pool_size=1)
        self.opened = driver_connection(self.engine)
        self.connection: asyncpg.Connection = self.run(self.opened.__aenter__())
        self.run(self.connection.execute(_CLOCK))

    def run(self, work: Any) -> Any:
        """Wait for a piece of work."""
        return self.runner.run(work)

    def close(self) -> None:
        """Give the connection back."""
        self.run(self.opened.__aexit__(None, None, None))
        self.run(self.engine.dispose())
        self.runner.close()

    def make_system(
        self, ceiling_kopecks: int | None, limits: dict[int, int], terms: dict[str, Any]
    ) -> ClaimsSystem:
        """A new merchant with an agreement, and limits of its budgets by year."""
        self.number += 1
        made: ClaimsSystem = self.run(self._made(ceiling_kopecks, limits, terms))
        return made

    async def _made(
        self, ceiling_kopecks: int | None, limits: dict[int, int], terms: dict[str, Any]
    ) -> ClaimsSystem:
        ids = await self.connection.fetchrow(_MERCHANT, str(self.number), ceiling_kopecks, "{}")
        certificates = {program: uuid7(NOW) for program in ("FOOD", "CLOTHES")}
        for program, certificate in certificates.items():
            await self.connection.execute(_CERTIFICATE, certificate, program)
        made = ClaimsSystem(self.connection, self.number, ids, certificates)
        await self.connection.execute(_FISCAL, ids["terminal_id"], made.till, made.drive)
        await made.amend(terms)
        for year, kopecks in limits.items():
            await self.connection.execute(_LIMIT, year, made.kbk, kopecks)
        return made
