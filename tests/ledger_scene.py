"""A small ledger that has one of everything, always the same: what tests of `verify` corrupt."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from gateway.domain.commands import (
    AttachReceipt,
    ByPurchaseId,
    ByRequestId,
    Capture,
    CaptureLine,
    CloseShift,
    Command,
    Expire,
    Refund,
    RefundLine,
    Void,
)
from gateway.domain.outcome import Outcome
from gateway.domain.policy import day_end, moscow_date
from gateway.domain.purchase import FiscalReceipt, Purchase, ReceiptKind
from gateway.ledger.committer import Committer
from tests.ledger_kit import Kit, authorize, line, must, new_request_id, origin

BREAD, TOY, BEER, PHONE = "10.71.11.110", "32.40.11.110", "11.05.10.120", "26.40.20.110"


def receipt(document: int, issued_at: datetime) -> FiscalReceipt:
    """A fiscal receipt of a sale."""
    requisites = ("9999078900000001", document, 1, "0000000001000001", "7707083893", 1)
    return FiscalReceipt(ReceiptKind.SALE, *requisites, issued_at, 100_00)


@dataclass
class Scene:
    """Runs commands one after another, each of which must be approved."""

    kit: Kit
    committer: Committer
    ahead: timedelta = timedelta()

    async def do(self, command: Command | CloseShift) -> Outcome:
        """Submit a command that is approved."""
        outcome = must(await self.committer.submit(command))
        assert outcome.is_approved, outcome.reason
        return outcome

    async def buy(self, command: Command) -> Purchase:
        """Submit an approved Authorize or Sale."""
        purchase = (await self.do(command)).purchase
        assert purchase
        return purchase

    async def play(self) -> None:
        """Everything that a purchase can go through; at the end one hold is alive."""
        await self._outlived()
        await self._captured_late()
        card = await self.kit.card(self.committer, 3000_00)
        await self._captured_and_refunded(card)
        await self._one_shot()
        await self._undone(card)
        await self.buy(authorize(card, line(1, 30_00), line(2, 40_00)))

    async def _outlived(self) -> None:
        """A hold of ten minutes before the end of its certificate's last day; the clock goes on past both."""
        started = datetime.now(UTC)
        last_day = moscow_date(started + timedelta(days=1))
        token, holder = uuid4().bytes, f"outlived-{uuid4()}"
        account_id = await self.kit.open_account(holder, token)
        await self.kit.issue(self.committer, holder, last_day=last_day)
        until_end = day_end(last_day) - started
        await self.kit.shift_clock(until_end - timedelta(minutes=10))
        await self.buy(authorize(token, line(1, 400_00)))
        self.ahead = until_end + timedelta(hours=1)
        await self.kit.shift_clock(self.ahead)
        await self.do(Expire(uuid4(), account_id))

    async def _captured_late(self) -> None:
        """A late capture that falls short by 300 of 400, since another sale came before it."""
        card = await self.kit.card(self.committer, 500_00)
        late = await self.buy(authorize(card, line(1, 400_00)))
        self.ahead += timedelta(hours=1)
        await self.kit.shift_clock(self.ahead)
        await self.buy(authorize(card, line(1, 400_00), is_sale=True))
        proof = receipt(1, late.authorized_at)
        await self.do(Capture(new_request_id(), origin(), ByPurchaseId(late.id), receipts=(proof,)))

    async def _captured_and_refunded(self, card: bytes) -> None:
        """A mixed sale, half refunded, a capture by line with a receipt, a closed shift."""
        sale = authorize(card, line(1, 100_00), line(2, 50_00, BEER), line(3, 60_00), is_sale=True)
        sold = await self.buy(sale)
        half = (RefundLine(1, 500),)
        await self.do(Refund(new_request_id(), origin(), ByPurchaseId(sold.id), half))
        held = await self.buy(authorize(card, line(1, 90_00, quantity_milli=3000), terminal_id=12))
        by_line = (CaptureLine(1, 1000, 30_00),)
        await self.do(Capture(new_request_id(), origin(12), ByPurchaseId(held.id), by_line))
        proof = receipt(2, held.authorized_at)
        await self.do(AttachReceipt(new_request_id(), origin(12), ByPurchaseId(held.id), (proof,)))
        await self.do(CloseShift(new_request_id(), origin(12)))

    async def _one_shot(self) -> None:
        """The rest of a one-shot certificate lapses."""
        card = await self.kit.card(self.committer, 1500_00, program_code="DURABLE")
        await self.do(authorize(card, line(1, 1000_00, PHONE), program_code="DURABLE", is_sale=True))

    async def _undone(self, card: bytes) -> None:
        """A declined purchase, a voided hold, a voided sale, and a void before arrival."""
        beer = must(await self.committer.submit(authorize(card, line(1, 100_00, BEER))))
        assert not beer.is_approved
        for command in (authorize(card, line(1, 10_00)), authorize(card, line(1, 10_00), is_sale=True)):
            await self.do(command)
            await self.do(Void(new_request_id(), origin(), ByRequestId(command.request_id)))
        await self.do(Void(new_request_id(), origin(), ByRequestId(new_request_id())))
