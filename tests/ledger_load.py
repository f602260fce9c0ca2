"""Random load on a ledger kit: every command there is, many at once, while money time jumps ahead."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from gateway.domain.basket import Line
from gateway.domain.certificate import Bucket
from gateway.domain.commands import (
    AttachReceipt,
    ByPurchaseId,
    ByRequestId,
    Capture,
    CaptureLine,
    ChangeValidity,
    CloseShift,
    Command,
    Correct,
    Expire,
    Refund,
    RefundLine,
    SetBlock,
    Void,
    Withdraw,
    WithdrawReason,
)
from gateway.domain.purchase import FiscalReceipt, Purchase, ReceiptKind
from tests.ledger_kit import ACT, Kit, Ledger, authorize, line, must, new_request_id, origin

TERMINALS = (11, 12, 21)
FOOD = "10.71.11.110"
GOODS = (FOOD, FOOD, FOOD, "10.51.11.110", "32.40.11.110", "11.05.10.120", "")


@dataclass
class Load:
    """Makes commands at random and remembers what later ones can refer to."""

    kit: Kit
    ledgers: tuple[Ledger, ...]
    seed: int
    cards: list[bytes] = field(default_factory=list)
    purchases: list[Purchase] = field(default_factory=list)
    certificates: list[UUID] = field(default_factory=list)
    ahead: timedelta = timedelta()
    _documents: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    async def open(self, accounts: int) -> None:
        """Accounts with food, children's and one-shot certificates, some of them short-lived."""
        for number in range(accounts):
            holder, token = f"load-{self.seed}-{number}", uuid4().bytes
            await self.kit.open_account(holder, token)
            self.cards.append(token)
            for code, nominal in (("FOOD", 700_00), ("CHILDREN", 900_00), ("DURABLE", 1500_00)):
                last_day = datetime.now(UTC).date() + timedelta(days=self.random.choice((1, 40)))
                outcome = await self.kit.issue(
                    self.ledgers[0], holder, program_code=code, nominal_kopecks=nominal, last_day=last_day
                )
                assert outcome.certificate
                self.certificates.append(outcome.certificate.id)

    async def run(self, rounds: int, at_once: int = 8) -> None:
        """Rounds of commands at once; between rounds time may pass: minutes, an hour, a day."""
        for number in range(rounds):
            async with self.kit.connect() as connection:
                now: datetime = await connection.fetchval("SELECT tillgate_now()")
            await asyncio.gather(*(self._submit(self._next(now)) for _ in range(at_once)))
            if number % 5 == 4:
                self.ahead += timedelta(minutes=self.random.choice((1, 40, 40, 1500)))
                await self.kit.shift_clock(self.ahead)

    async def _submit(self, command: Command | CloseShift) -> None:
        answer = await self.random.choice(self.ledgers).submit(command)
        outcome = must(answer)
        purchase = outcome.purchase
        if outcome.is_approved and purchase is not None and purchase.request_id == command.request_id:
            self.purchases.append(purchase)

    def _next(self, now: datetime) -> Command | CloseShift:
        if not self.purchases or self.random.random() < 0.4:
            return self._buy()
        if self.random.random() < 0.2:
            return self._steward()
        purchase = self.random.choice(self.purchases)
        own, ref = origin(purchase.terminal_id, self.random.randint(1, 3)), ByPurchaseId(purchase.id)
        match self.random.randrange(10):
            case 0 | 1:
                return Capture(new_request_id(), own, ref)
            case 2:
                return Capture(new_request_id(), own, ref, self._captured_lines(purchase))
            case 3 | 4:
                return Capture(new_request_id(), own, ref, receipts=(self._receipt(purchase.authorized_at),))
            case 5:
                return Void(new_request_id(), own, ref)
            case 6:
                return Refund(new_request_id(), own, ref)
            case 7:
                first = purchase.lines[0].line
                part = RefundLine(first.line_number, max(first.quantity_milli // 3, 1))
                return Refund(new_request_id(), own, ref, (part,))
            case 8:
                return AttachReceipt(new_request_id(), own, ref, (self._receipt(now),))
            case _:
                return CloseShift(new_request_id(), own)

    def _buy(self) -> Command:
        if self.random.random() < 0.05:
            return Void(new_request_id(), origin(), ByRequestId(new_request_id()))
        is_one_shot = self.random.random() < 0.1
        goods = ("26.40.20.110",) if is_one_shot else GOODS
        lines = [self._line(number, goods) for number in range(1, self.random.randint(2, 5))]
        replaces = self.random.choice(self.purchases) if self.purchases else None
        return authorize(
            self.random.choice(self.cards),
            *lines,
            terminal_id=self.random.choice(TERMINALS),
            accept_partial=self.random.random() < 0.7,
            is_sale=self.random.random() < 0.4,
            program_code="DURABLE" if is_one_shot else "",
            replaces_request_id=replaces.request_id if replaces and self.random.random() < 0.1 else None,
        )

    def _line(self, number: int, goods: Sequence[str]) -> Line:
        quantity_milli = self.random.choice((1000, 2000, 3000))
        price = self.random.randint(5_00, 90_00)
        return line(number, price * quantity_milli // 1000, self.random.choice(goods), quantity_milli)

    def _captured_lines(self, purchase: Purchase) -> tuple[CaptureLine, ...]:
        kept = purchase.lines[: self.random.randint(1, len(purchase.lines))]
        return tuple(
            CaptureLine(
                item.line.line_number, 1000, item.line.amount_kopecks * 1000 // item.line.quantity_milli
            )
            for item in kept
        )

    def _receipt(self, issued_at: datetime) -> FiscalReceipt:
        self._documents += 1
        requisites = ("9999078900000001", self._documents, 1, "0000000001000001", "7707083893", 1)
        return FiscalReceipt(ReceiptKind.SALE, *requisites, issued_at, 100_00)

    def _steward(self) -> Command:
        certificate_id = self.random.choice(self.certificates)
        match self.random.randrange(6):
            case 0:
                return Withdraw(uuid4(), certificate_id, WithdrawReason.REFUSED, ACT)
            case 1:
                day = (datetime.now(UTC) + self.ahead).date() + timedelta(days=self.random.randint(1, 20))
                return ChangeValidity(uuid4(), certificate_id, day, ACT)
            case 2:
                is_blocked = self.random.random() < 0.3
                return SetBlock(uuid4(), self._holder(), None, is_blocked, ACT)
            case 3:
                return Correct(uuid4(), certificate_id, Bucket.AVAILABLE, Bucket.LAPSED, 1_00, "17-a")
            case 4:
                return Correct(uuid4(), certificate_id, Bucket.LAPSED, Bucket.AVAILABLE, 50, "17-b")
            case _:
                return Expire(uuid4(), self.random.randint(1, len(self.cards)))

    def _holder(self) -> str:
        return f"load-{self.seed}-{self.random.randrange(len(self.cards))}"


async def loaded(kit: Kit, seed: int, *, accounts: int = 12, rounds: int = 60) -> Load:
    """A database after random load from two ledgers."""
    load = Load(kit, (await kit.ledger(), await kit.ledger()), seed)
    await load.open(accounts)
    await load.run(rounds)
    return load
