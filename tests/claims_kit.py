"""A town that sells for points and claims them: a real ledger, a clock to move, receipts that agree."""

import itertools
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import asyncpg
from msgspec.structs import replace

from gateway.domain.commands import AttachReceipt, ByPurchaseId, Capture, Command, Refund, RefundLine, Void
from gateway.domain.outcome import Outcome
from gateway.domain.policy import MOSCOW, day_start, moscow_date
from gateway.domain.purchase import FiscalReceipt, Purchase, ReceiptKind
from gateway.ledger.committer import Committer
from gateway.record.words import Actor
from settlement.claims.building import build
from settlement.claims.filing import file
from settlement.claims.identity import Identity, identity_of
from settlement.claims.model import Claim, ClaimLine, LineVerdict, Treatment
from settlement.claims.moving import move
from settlement.claims.reading import claim_lines
from settlement.claims.states import ClaimState, ClaimStep
from tests.ledger_kit import AGREEMENT, Kit, authorize, kit_on, line, must, new_request_id, origin

CLERK = Actor.person("first")
"""Who builds and files."""

AGREEMENT_ID = AGREEMENT.id
"""The agreement of merchant 1, at whose terminals is sold unless told otherwise."""

FOOD, TOYS = "10.71.11.110", "32.40.11.110"
"""ОКПД2 of what is sold unless told otherwise, and of what another program pays for."""

_TOKEN, _HOLDER = b"buyer-of-claims!", "holder-of-claims"
_DRIVE, _TILL = "9999078900{:06}", "0000000000{:06}"

_FISCAL = """
INSERT INTO terminal_fiscal (terminal_id, kkt_number, drive_number, days)
SELECT id, '0000000000' || lpad(id::text, 6, '0'), '9999078900' || lpad(id::text, 6, '0'), '[2022-03-01,)'
FROM terminal"""


_APPROVE_LINES = "UPDATE claim_line SET verdict = 'APPROVED' WHERE claim_id = $1 AND treatment = 'INCLUDED'"
_VERDICT = """
UPDATE claim_line SET verdict = $3, verdict_reason = 'проверено', is_live = $3 <> 'REFUSED'
WHERE claim_id = $1 AND n = $2"""
_APPROVE = """
UPDATE claim SET approved_kopecks = (
  SELECT coalesce(sum(amount_kopecks), 0) FROM claim_line WHERE claim_id = $1 AND verdict = 'APPROVED')
WHERE id = $1 RETURNING approved_kopecks"""
_PAY = """
UPDATE claim SET paid_kopecks = coalesce(paid_kopecks + $2, approved_kopecks) WHERE id = $1
RETURNING paid_kopecks = approved_kopecks"""


def month_from(day: date, months: int) -> date:
    """The first day of the month that is so many months after the one of a day."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


@dataclass
class Town:
    """Sells at terminals of `tests.ledger_kit`, where merchant m has agreement m + 6."""

    kit: Kit
    ledger: Committer
    connection: asyncpg.Connection
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    _documents: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def at(self, instant: datetime) -> None:
        """Go on at an instant; never backwards."""
        await self.kit.shift_clock(instant - datetime.now(UTC))
        self.now = instant

    async def on(self, day: date, hour: int = 12) -> None:
        """Go on at an hour of a Moscow day."""
        await self.at(day_start(day) + timedelta(hours=hour))

    async def do(self, command: Command) -> Outcome:
        """Submit a command that is approved."""
        outcome = must(await self.ledger.submit(command))
        assert outcome.is_approved, outcome.reason
        return outcome

    def receipt(self, kopecks: int, terminal_id: int = 11, **changes: Any) -> FiscalReceipt:
        """A receipt of this instant, of the terminal's own till and drive."""
        made = FiscalReceipt(
            ReceiptKind.SALE, _DRIVE.format(terminal_id), next(self._documents), 1,
            _TILL.format(terminal_id), f"{terminal_id // 10:010}", 1, self.now, kopecks,
        )  # fmt: skip
        return replace(made, **changes)

    async def hold(self, kopecks: int, terminal_id: int = 11, okpd2: str = FOOD) -> Purchase:
        """Authorize one line of ten pieces."""
        bought = line(1, kopecks, okpd2, quantity_milli=10_000)
        held = await self.do(authorize(_TOKEN, bought, terminal_id=terminal_id))
        assert held.purchase is not None
        return held.purchase

    async def capture(self, held: Purchase, receipt: FiscalReceipt | None) -> Purchase:
        """Capture it whole."""
        command = Capture(
            new_request_id(), origin(held.terminal_id), ByPurchaseId(held.id),
            receipts=(receipt,) if receipt else (),
        )  # fmt: skip
        captured = (await self.do(command)).purchase
        assert captured is not None
        return captured

    async def sell(
        self, kopecks: int, terminal_id: int = 11, *, okpd2: str = FOOD, has_receipt: bool = True
    ) -> Purchase:
        """Authorize and capture, with a receipt unless told otherwise."""
        held = await self.hold(kopecks, terminal_id, okpd2)
        return await self.capture(held, self.receipt(kopecks, terminal_id) if has_receipt else None)

    async def attach(self, sold: Purchase) -> None:
        """Bring the receipt of a sale later."""
        receipt = self.receipt(sold.made_capture.points_kopecks, sold.terminal_id)
        await self.do(
            AttachReceipt(
                new_request_id(), origin(sold.terminal_id), ByPurchaseId(sold.id), receipts=(receipt,)
            )
        )

    async def issue(self, program_code: str, kopecks: int) -> None:
        """Give the buyer points under one more program."""
        last_day = datetime.now(UTC).date() + timedelta(days=800)
        await self.kit.issue(
            self.ledger, _HOLDER, program_code=program_code, nominal_kopecks=kopecks, last_day=last_day
        )

    async def capture_late(self, month: date, kopecks: int = 50_00) -> None:
        """Capture now what a receipt says was sold on the last day of a month, by a hold of that time."""
        now, sold = self.now, day_start(month_from(month, 1)) - timedelta(minutes=1)
        held = await self.hold(kopecks)
        await self.connection.execute(
            "UPDATE purchase SET authorized_at = $2, hold_expires_at = $3 WHERE id = $1",
            held.id, sold, now + timedelta(minutes=5),
        )  # fmt: skip
        await self.capture(held, self.receipt(kopecks, issued_at=sold))

    async def refund_of(self, kopecks: int, pieces: int) -> None:
        """Give pieces back of the first purchase that came to a sum."""
        found = await self.connection.fetchrow(
            "SELECT id, terminal_id FROM purchase WHERE captured_kopecks = $1 ORDER BY id LIMIT 1", kopecks
        )
        await self._refund(found["id"], found["terminal_id"], kopecks, pieces)

    async def refund(self, sold: Purchase, pieces: int) -> None:
        """Give some of the ten pieces back, with a receipt of the return."""
        kopecks = sold.made_capture.points_kopecks
        await self._refund(sold.id, sold.terminal_id, kopecks, pieces)

    async def _refund(self, purchase_id: UUID, terminal_id: int, kopecks: int, pieces: int) -> None:
        back = self.receipt(kopecks * pieces // 10, terminal_id, kind=ReceiptKind.RETURN)
        await self.do(
            Refund(
                new_request_id(), origin(terminal_id), ByPurchaseId(purchase_id),
                lines=(RefundLine(1, pieces * 1000),), receipts=(back,),
            )
        )  # fmt: skip

    async def undo(self, sold: Purchase) -> None:
        """Void a capture."""
        await self.do(Void(new_request_id(), origin(sold.terminal_id), ByPurchaseId(sold.id)))

    async def build(self, first_day: date, agreement_id: int = AGREEMENT_ID) -> Claim:
        """Build the claim of a month."""
        return await build(self.connection, agreement_id, first_day, by=CLERK)

    async def file(self, claim: Claim) -> Claim:
        """File a draft."""
        return await file(self.connection, claim.id, by=CLERK)

    async def decide(self, claim_id: int, verdicts: Mapping[int, LineVerdict] = MappingProxyType({})) -> None:
        """Take a filed claim up and decide it: lines by number as told, all others are approved."""
        connection = self.connection
        async with connection.transaction():
            await connection.execute(_APPROVE_LINES, claim_id)
            for n, verdict in verdicts.items():
                await connection.execute(_VERDICT, claim_id, n, verdict)
            approved = await connection.fetchval(_APPROVE, claim_id)
            await move(connection, claim_id, ClaimStep.TAKE_UP, by=CLERK)
            step = (
                (ClaimStep.APPROVE_IN_PART if approved else ClaimStep.REFUSE)
                if verdicts
                else ClaimStep.APPROVE
            )
            await move(connection, claim_id, step, by=CLERK, reason="проверено", approved_by="second")

    async def pay(self, claim_id: int, kopecks: int | None = None) -> None:
        """Pay an approved claim, whole or a part of it."""
        async with self.connection.transaction():
            state = await self.connection.fetchval("SELECT state FROM claim WHERE id = $1", claim_id)
            if state in (ClaimState.APPROVED, ClaimState.APPROVED_IN_PART):
                await move(self.connection, claim_id, ClaimStep.MAKE_PAYABLE, by=CLERK)
            is_whole = await self.connection.fetchval(_PAY, claim_id, kopecks)
            step = ClaimStep.PAY if is_whole else ClaimStep.PAY_IN_PART
            await move(self.connection, claim_id, step, by=CLERK)

    async def agree(self, *, ceiling_kopecks: int | None = None, **terms: Any) -> None:
        """Set the ceiling and the settlement's settings of every agreement."""
        await self.connection.execute(
            "UPDATE agreement SET settings = $1::text::jsonb, ceiling_kopecks = $2",
            json.dumps({"settlement": terms}),
            ceiling_kopecks,
        )

    async def identity(self, agreement_id: int = AGREEMENT_ID) -> Identity:
        """Where the agreement's kopecks are."""
        return await identity_of(self.connection, agreement_id)

    @property
    def month(self) -> date:
        """The first day of the month that it is."""
        return month_from(moscow_date(self.now), 0)

    async def lines(self, claim: Claim) -> list[ClaimLine]:
        """All its lines."""
        return [line async for page in claim_lines(self.connection, claim.id, 3) for line in page]

    async def sums(self, claim: Claim) -> list[tuple[Treatment, int]]:
        """Treatment and kopecks of its lines, in their order."""
        return [(line.treatment, line.amount_kopecks) for line in await self.lines(claim)]


@asynccontextmanager
async def town_on(
    database_url: str, *, points: int = 100_000_00, is_new: bool = True, **terms: Any
) -> AsyncIterator[Town]:
    """A town whose one buyer has so many kopecks of points; a new one is on the 1st of February to come.

    `terms` are settings of the settlement of every agreement.
    """
    async with kit_on(database_url) as kit, kit.connect() as connection:
        ledger = await kit.committer()
        town = Town(kit, ledger, connection)
        if is_new:
            await connection.execute(_FISCAL)
            await town.agree(**terms)
            await kit.open_account(_HOLDER, _TOKEN)
            today = datetime.now(UTC).date()
            await kit.issue(ledger, _HOLDER, nominal_kopecks=points, last_day=today + timedelta(days=800))
            await town.on(date(datetime.now(MOSCOW).year + 1, 2, 1))
        town.now = await connection.fetchval("SELECT tillgate_now()")
        yield town


async def settle(database_url: str, claim_id: int) -> None:
    """Approve and pay a filed claim whole."""
    async with town_on(database_url, is_new=False) as town:
        await town.decide(claim_id)
        await town.pay(claim_id)
