"""One till of the day: the synchronous SDK client as a merchant would use it, its books, its measurements."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from random import Random
from typing import Final, Protocol, TypeVar, Unpack

from loadtests.demo.books import Books, Bought
from loadtests.demo.holders import Holder
from loadtests.demo.lossy import Loss
from loadtests.demo.place import Place
from loadtests.demo.till import SHIFT, FiscalDrive
from loadtests.load.tally import Tally
from merchant_sdk import (
    Basket,
    ByRequestId,
    CaptureLine,
    CommandResult,
    Configurations,
    Desk,
    FiscalReceipt,
    OutcomeUnknownError,
    PreparedRequest,
    PurchaseRef,
    PurchaseResult,
    RefundLine,
    RefundResult,
    ShiftResult,
    SyncTillClient,
    TillCredentials,
)
from merchant_sdk.preparing import AuthorizeOptions, SaleOptions

_SETTLE_TRIES: Final = 12

ResultT = TypeVar("ResultT", bound=CommandResult)
Measured = Callable[[str, float, int, Exception | None], None]
"""Told of each call: its name, how many milliseconds it took, bytes of its answer, and what went wrong."""


class BreakingLine(Protocol):
    """A till's line that breaks when it is told to."""

    def break_next(self, loss: Loss) -> None:
        """Lose the next request, or the answer to it, and the connection with it."""

    def mend(self) -> bool:
        """Lose nothing more; True if something was lost."""


class UndoneError(Exception):
    """No answer came in time, and the SDK undid what may have been done: the buyer has no sale."""


class Till:
    """A till at work. Every answer goes through its books; a decline is an answer like any other."""

    def __init__(
        self,
        place: Place,
        endpoint: str,
        tally: Tally,
        measured: Measured,
        rng: Random,
        line: BreakingLine | None = None,
    ) -> None:
        self.place = place
        self.rng = rng
        self.books = Books()
        self.drive = FiscalDrive(place, rng)
        self.sisters: Sequence[Till] = ()
        credentials = TillCredentials.from_folder(place.folder, endpoint=endpoint)
        self.client = SyncTillClient(credentials)
        self.back_office = SyncTillClient(credentials, Configurations.BackOffice.v1())
        self._desk = Desk(shift_number=SHIFT, cashier_ref=f"cashier-{place.terminal_id}")
        self._tally = tally
        self._measured = measured
        self._line = line
        self._loses = ""

    @contextmanager
    def losing(self, loss: Loss) -> Iterator[None]:
        """Within the context a request or an answer gets lost once; its call is measured apart."""
        if self._line is None:
            raise LookupError(f"till {self.place.terminal_id} is on no breaking line")
        self._line.break_next(loss)
        self._loses = f", {loss.value} lost"
        try:
            yield
        finally:
            self._loses = ""
            if self._line.mend():
                self._tally.mended[f"lost {loss.value}, sent again"] += 1

    def authorize(
        self, holder: Holder, basket: Basket, **options: Unpack[AuthorizeOptions]
    ) -> tuple[PurchaseResult, Bought | None]:
        """Hold points."""
        options["desk"] = self._desk
        return self._purchase(self.client.prepare_authorize(holder.card, basket, **options), basket)

    def sale(
        self, holder: Holder, basket: Basket, **options: Unpack[SaleOptions]
    ) -> tuple[PurchaseResult, Bought | None]:
        """Hold and spend points at once."""
        options["desk"] = self._desk
        return self._purchase(self.client.prepare_sale(holder.card, basket, **options), basket)

    def capture(
        self, bought: Bought, lines: Sequence[CaptureLine] = (), receipts: Sequence[FiscalReceipt] = ()
    ) -> PurchaseResult:
        """Spend what is held, whole or by line."""
        request = self.client.prepare_capture(
            ByRequestId(bought.request_id), lines=lines, receipts=receipts, desk=self._desk
        )
        result = self._send(request)
        self.books.captured(bought, result, lines)
        return result

    def void(self, bought: Bought) -> PurchaseResult:
        """Undo a hold, or a capture without a receipt."""
        result = self._send(self.client.prepare_void(ByRequestId(bought.request_id), desk=self._desk))
        self.books.voided(bought, result)
        return result

    def refund(
        self, bought: Bought, lines: Sequence[RefundLine] = (), ref: PurchaseRef | None = None
    ) -> RefundResult:
        """Give points back, whole or by line; `ref` names the purchase in another way than by request id."""
        named = ref or ByRequestId(bought.request_id)
        result = self._send(self.client.prepare_refund(named, lines=lines, desk=self._desk))
        self.books.refund(bought, result, lines)
        return result

    def close_shift(self) -> ShiftResult:
        """Close the shift and compare the gateway's totals with the till's own; no buyer waits for it."""
        request = self.client.prepare_close_shift(self._desk)
        result = self.back_office.send(request)
        self.books.answered(request.request_id, result)
        expected = self.books.expected_totals(SHIFT, result.decided_at)
        if result.totals_if_any != expected:
            self.books.wrong.append(f"shift totals {result.totals_if_any}, own sums {expected}")
        return result

    def _purchase(
        self, request: PreparedRequest[PurchaseResult], basket: Basket
    ) -> tuple[PurchaseResult, Bought | None]:
        result = self._send(request)
        self._tally.purchased(result)
        return result, self.books.purchased(basket, result)

    def _send(self, request: PreparedRequest[ResultT]) -> ResultT:
        """Send a command, measure it as the buyer feels it, retries and all, and settle it."""
        name, started_s = f"{request.method}{self._loses}", time.perf_counter()
        try:
            result = self.client.send(request)
        except OutcomeUnknownError as error:
            self._failed(name, started_s, error)
            return self._settle(request)
        except Exception as error:
            self._failed(name, started_s, error)
            raise
        if isinstance(result, PurchaseResult) and result.is_undone:
            self._failed(name, started_s, UndoneError(str(request.method)))
        else:
            self._measured(name, _since_ms(started_s), len(result.signed.payload), None)
        return result

    def _failed(self, name: str, started_s: float, error: Exception) -> None:
        self._tally.failed[f"{name}: {type(error).__name__}"] += 1
        self._measured(name, _since_ms(started_s), 0, error)

    def _settle(self, request: PreparedRequest[ResultT]) -> ResultT:
        """Ask again until the outcome is known; raises OutcomeUnknownError if nobody answers."""
        for _ in range(_SETTLE_TRIES):
            with suppress(OutcomeUnknownError):
                return self._resolve(request)
        return self._resolve(request)

    def _resolve(self, request: PreparedRequest[ResultT]) -> ResultT:
        result = self.client.resolve(request.request_id)
        if not isinstance(result, request.result_type):
            raise TypeError(f"{request.method} was answered by a {type(result).__name__}")
        return result


def _since_ms(started_s: float) -> float:
    return (time.perf_counter() - started_s) * 1000
