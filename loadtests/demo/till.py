"""One till: its client, its fiscal drive, its books, and what it measures."""

import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Final, TypeVar, Unpack

from loadtests.demo.books import Books, Bought
from loadtests.demo.checks import check_purchase
from loadtests.demo.fate import Fate
from loadtests.demo.holders import UNKNOWN_CARD, Holder
from loadtests.demo.lossy import Cable
from loadtests.demo.operator import Operator
from loadtests.demo.place import Place, drive_number, kkt_number
from loadtests.demo.receipts import Showcase
from merchant_sdk import (
    Backoff,
    Basket,
    ByRequestId,
    CaptureLine,
    Card,
    CommandResult,
    Configuration,
    Configurations,
    Desk,
    FiscalReceipt,
    Method,
    OutcomeUnknownError,
    PreparedRequest,
    PurchaseRef,
    PurchaseResult,
    Quote,
    Reason,
    ReceiptKind,
    RefundLine,
    RefundResult,
    ShiftResult,
    TillClient,
    TillCredentials,
)
from merchant_sdk.preparing import AuthorizeOptions, QuoteOptions, SaleOptions

SHIFT: Final = 1

IMPATIENT: Final = Configuration(
    attempt_timeout_s=1.0,
    total_timeout_s=5.0,
    undo_reserve_s=2.5,
    backoff=Backoff(first_s=0.05, longest_s=0.5),
    keepalive_interval_s=60.0,
    keepalive_timeout_s=5.0,
    keeps_alive_when_idle=True,
)
"""For tills on a cable that breaks: the demo has less time than a buyer."""

_SETTLE_TRIES: Final = 12

ResultT = TypeVar("ResultT", bound=CommandResult)


@dataclass(slots=True)
class Figures:
    """What all tills together have counted and measured; latencies are of calls that nothing disturbed."""

    latency_ms: dict[Method, list[float]] = field(default_factory=lambda: defaultdict(list))
    results: list[PurchaseResult] = field(default_factory=list)
    holders: dict[str, Holder] = field(default_factory=dict)
    stories: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    given_up: Counter[str] = field(default_factory=Counter)
    showcase: Showcase = field(default_factory=Showcase)
    calls: int = 0
    selling_s: float = 0.0

    def measured(self, method: Method, started_s: float) -> None:
        """Note how long a call took that began at `started_s` of the monotonic clock."""
        self.latency_ms[method].append((time.perf_counter() - started_s) * 1000)


class FiscalDrive:
    """Makes the requisites of receipts, as a till's fiscal drive would. All numbers are made up."""

    def __init__(self, place: Place, rng: Random) -> None:
        self._place = place
        self._rng = rng
        self._documents = 0

    def receipt(
        self, total_kopecks: int, kind: ReceiptKind = ReceiptKind.SALE, issued_at: datetime | None = None
    ) -> FiscalReceipt:
        """The next fiscal document, dated now unless told otherwise."""
        self._documents += 1
        return FiscalReceipt(
            kind=kind,
            fiscal_drive_number=drive_number(self._place.terminal_id),
            fiscal_document_number=self._documents,
            fiscal_sign=self._rng.randrange(1, 2**32),
            kkt_registration_number=kkt_number(self._place.terminal_id),
            seller_inn=self._place.merchant_inn,
            shift_number=SHIFT,
            issued_at=issued_at or datetime.now(UTC),
            total_kopecks=total_kopecks,
        )


@dataclass(frozen=True, slots=True)
class Later:
    """Something that a till has to do when a hold has run out."""

    due: datetime
    do: Callable[[], Awaitable[None]]


class Till:
    """A till at work. Every answer goes through its books; a decline is an answer like any other."""

    def __init__(
        self,
        place: Place,
        endpoint: str,
        figures: Figures,
        operator: Operator,
        rng: Random,
        cable: Cable | None = None,
        fate: Fate = Fate.NONE,
    ) -> None:
        self.place = place
        self.operator = operator
        self.figures = figures
        self.rng = rng
        self.cable = cable
        self.books = Books()
        self.drive = FiscalDrive(place, rng)
        self.desk = Desk(shift_number=SHIFT, cashier_ref=f"cashier-{place.terminal_id}")
        self.sisters: list[Till] = []
        self.later: list[Later] = []
        self.fate = fate
        credentials = TillCredentials.from_folder(
            place.folder, endpoint=cable.endpoint if cable is not None else endpoint
        )
        self.client = TillClient(credentials, Configurations.Counter.v1() if cable is None else IMPATIENT)
        self.back_office = TillClient(credentials, Configurations.BackOffice.v1())

    async def open(self) -> None:
        """Greet the gateway before the first buyer comes: a card that nobody has, known to be unknown."""
        balance = await self.client.get_balance(UNKNOWN_CARD)
        if balance.reason is not Reason.CARD_UNKNOWN:
            self.books.wrong.append(f"an unknown card has the balance of {balance}")

    async def quote(self, card: Card, basket: Basket, **options: Unpack[QuoteOptions]) -> Quote:
        """Ask what an authorization would answer."""
        started_s = time.perf_counter()
        quote = await self.client.quote(card, basket, **options)
        self.figures.calls += 1
        self.figures.measured(Method.QUOTE, started_s)
        if quote.purchase_if_any is not None:
            problems = check_purchase(basket, quote.purchase, is_approved=quote.is_approved)
            self.books.note("quote", problems)
        return quote

    async def authorize(
        self,
        holder: Holder,
        basket: Basket,
        *,
        replaces: Bought | None = None,
        **options: Unpack[AuthorizeOptions],
    ) -> tuple[PurchaseResult, Bought | None]:
        """Hold points."""
        if replaces is not None:
            options["replaces_request_id"] = replaces.request_id
        options["desk"] = self.desk
        request = self.client.prepare_authorize(holder.card, basket, **options)
        return await self.purchase(request, basket, replaces=replaces)

    async def sale(
        self, holder: Holder, basket: Basket, **options: Unpack[SaleOptions]
    ) -> tuple[PurchaseResult, Bought | None]:
        """Hold and spend points at once."""
        options["desk"] = self.desk
        request = self.client.prepare_sale(holder.card, basket, **options)
        return await self.purchase(request, basket)

    async def purchase(
        self, request: PreparedRequest[PurchaseResult], basket: Basket, replaces: Bought | None = None
    ) -> tuple[PurchaseResult, Bought | None]:
        """Send a prepared Authorize or Sale and book it."""
        result = await self.send(request)
        self.figures.results.append(result)
        self.figures.showcase.look(self.place, basket, result)
        return result, self.books.purchased(basket, result, replaces)

    async def capture(
        self, bought: Bought, lines: Sequence[CaptureLine] = (), receipts: Sequence[FiscalReceipt] = ()
    ) -> PurchaseResult:
        """Spend what is held, whole or by line."""
        request = self.client.prepare_capture(
            ByRequestId(bought.request_id), lines=lines, receipts=receipts, desk=self.desk
        )
        result = await self.send(request)
        self.books.captured(bought, result, lines)
        return result

    async def void(self, bought: Bought) -> PurchaseResult:
        """Undo a hold, or a capture without a receipt."""
        request = self.client.prepare_void(ByRequestId(bought.request_id), desk=self.desk)
        result = await self.send(request)
        self.books.voided(bought, result)
        return result

    async def refund(
        self,
        bought: Bought,
        lines: Sequence[RefundLine] = (),
        ref: PurchaseRef | None = None,
        *,
        has_receipt: bool = True,
    ) -> RefundResult:
        """Give points back, whole or by line; `ref` names the purchase in another way than by request id.

        The receipt of the return goes with it, unless there is nothing left to give back.
        """
        kopecks = bought.comes_back_kopecks(lines) if has_receipt else 0
        receipts = [self.drive.receipt(kopecks, ReceiptKind.RETURN)] if kopecks > 0 else []
        request = self.client.prepare_refund(
            ref or ByRequestId(bought.request_id), lines=lines, receipts=receipts, desk=self.desk
        )
        result = await self.send(request)
        self.books.refund(bought, result, lines)
        return result

    async def attach(self, bought: Bought, receipt: FiscalReceipt) -> PurchaseResult:
        """Add a receipt to a purchase."""
        request = self.client.prepare_attach_receipt(ByRequestId(bought.request_id), receipt, desk=self.desk)
        result = await self.send(request)
        self.books.answered(request.request_id, result)
        return result

    async def close_shift(self) -> ShiftResult:
        """Close the shift and compare the gateway's totals with the till's own."""
        request = self.client.prepare_close_shift(self.desk)
        result = await self.send(request)
        self.books.answered(request.request_id, result)
        expected = self.books.expected_totals(SHIFT, result.decided_at)
        if result.totals_if_any != expected:
            self.books.wrong.append(f"shift totals {result.totals_if_any}, own sums {expected}")
        return result

    async def send(self, request: PreparedRequest[ResultT]) -> ResultT:
        """Send a command and settle it, however long that takes."""
        self.figures.calls += 1
        troubles = 0 if self.cable is None else self.cable.troubles
        started_s = time.perf_counter()
        try:
            result = await self.client.send(request)
        except OutcomeUnknownError:
            self.figures.repaired["left open, resolved later"] += 1
            return await self.settle(request)
        if self.cable is None or self.cable.troubles == troubles:
            self.figures.measured(request.method, started_s)
        if result.is_declined and request.method not in (Method.AUTHORIZE, Method.SALE):
            self.figures.refused[f"{request.method}: {result.reason.name}"] += 1
        return result

    async def settle(self, request: PreparedRequest[ResultT]) -> ResultT:
        """What a till does when it was told that an outcome is unknown: ask again until it is not.

        Raises NotRememberedError if the request is settled already, OutcomeUnknownError if nobody answers.
        """
        for _ in range(_SETTLE_TRIES):
            with suppress(OutcomeUnknownError):
                return await self._resolve(request)
        return await self._resolve(request)

    async def _resolve(self, request: PreparedRequest[ResultT]) -> ResultT:
        result = await self.client.resolve(request.request_id)
        if not isinstance(result, request.result_type):
            raise TypeError(f"{request.method} was answered by a {type(result).__name__}")
        return result
