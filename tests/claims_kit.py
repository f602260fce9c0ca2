"""A town that sells for points and claims them: a real ledger, a clock to move, receipts that agree."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from msgspec.structs import replace

from gateway.domain.commands import ByPurchaseId, Capture, Command, Refund, RefundLine, Void
from gateway.domain.outcome import Outcome
from gateway.domain.policy import MOSCOW, day_start
from gateway.domain.purchase import FiscalReceipt, Purchase, ReceiptKind
from gateway.ledger.committer import Committer
from gateway.record.words import Actor
from settlement.claims.building import build
from settlement.claims.model import Claim, ClaimLine, Treatment
from settlement.claims.reading import claim_lines
from tests.ledger_kit import AGREEMENT, Kit, authorize, kit_on, line, must, new_request_id, origin

CLERK = Actor.person("first")
"""Who builds and files."""

_DRIVE, _TILL = "9999078900{:06}", "0000000000{:06}"

_FISCAL = """
INSERT INTO terminal_fiscal (terminal_id, kkt_number, drive_number, days)
SELECT id, '0000000000' || lpad(id::text, 6, '0'), '9999078900' || lpad(id::text, 6, '0'), '[2022-03-01,)'
FROM terminal"""


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
    token: bytes
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

    async def hold(self, kopecks: int, terminal_id: int = 11) -> Purchase:
        """Authorize one line of ten pieces."""
        bought = line(1, kopecks, quantity_milli=10_000)
        held = await self.do(authorize(self.token, bought, terminal_id=terminal_id))
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

    async def sell(self, kopecks: int, terminal_id: int = 11, *, has_receipt: bool = True) -> Purchase:
        """Authorize and capture, with a receipt unless told otherwise."""
        held = await self.hold(kopecks, terminal_id)
        return await self.capture(held, self.receipt(kopecks, terminal_id) if has_receipt else None)

    async def refund(self, sold: Purchase, pieces: int) -> None:
        """Give some of the ten pieces back, with a receipt of the return."""
        kopecks = sold.made_capture.points_kopecks * pieces // 10
        back = self.receipt(kopecks, sold.terminal_id, kind=ReceiptKind.RETURN)
        await self.do(
            Refund(
                new_request_id(), origin(sold.terminal_id), ByPurchaseId(sold.id),
                lines=(RefundLine(1, pieces * 1000),), receipts=(back,),
            )
        )  # fmt: skip

    async def undo(self, sold: Purchase) -> None:
        """Void a capture."""
        await self.do(Void(new_request_id(), origin(sold.terminal_id), ByPurchaseId(sold.id)))

    async def build(self, first_day: date, agreement_id: int = AGREEMENT.id) -> Claim:
        """Build the claim of a month."""
        return await build(self.connection, agreement_id, first_day, by=CLERK)

    async def lines(self, claim: Claim) -> list[ClaimLine]:
        """All its lines."""
        return [line async for page in claim_lines(self.connection, claim.id, 3) for line in page]

    async def sums(self, claim: Claim) -> list[tuple[Treatment, int]]:
        """Treatment and kopecks of its lines, in their order."""
        return [(line.treatment, line.amount_kopecks) for line in await self.lines(claim)]

    async def purchase_ids(self, claim: Claim) -> set[UUID]:
        """Which purchases its lines are of."""
        return {line.purchase_id for line in await self.lines(claim)}


@asynccontextmanager
async def town_on(database_url: str, *, points: int = 100_000_00) -> AsyncIterator[Town]:
    """A town whose one buyer has so many kopecks of points, on the first day of the next month."""
    async with kit_on(database_url) as kit, kit.connect() as connection:
        await connection.execute(_FISCAL)
        ledger = await kit.committer()
        token, holder = b"buyer-of-claims!", "holder-of-claims"
        await kit.open_account(holder, token)
        today = datetime.now(UTC).date()
        await kit.issue(ledger, holder, nominal_kopecks=points, last_day=today + timedelta(days=800))
        town = Town(kit, ledger, connection, token)
        await town.on(month_from(datetime.now(MOSCOW).date(), 1))
        yield town
