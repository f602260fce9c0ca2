"""The asynchronous client."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self, Unpack
from uuid import UUID

from merchant_sdk import from_wire, to_wire
from merchant_sdk._async.claim_calls import ClaimCalls
from merchant_sdk._async.goods_calls import GoodsCalls
from merchant_sdk._async.record_calls import RecordCalls
from merchant_sdk._async.sender import Sender
from merchant_sdk._async.transport import Transport
from merchant_sdk.answers import open_operations, open_purchase
from merchant_sdk.basket import Basket, Card, Desk, FiscalReceipt
from merchant_sdk.configuration import Configuration, Configurations
from merchant_sdk.credentials import TillCredentials
from merchant_sdk.enums import ReferenceKind
from merchant_sdk.journal import Journal, JournalRecord, MemoryJournal
from merchant_sdk.methods import Method, ReferenceMethod
from merchant_sdk.preparing import (
    DESK,
    AuthorizeOptions,
    CaptureOptions,
    Preparing,
    QuoteOptions,
    RefundOptions,
    SaleOptions,
    quote_message,
)
from merchant_sdk.purchases import Balance, ByRequestId, PurchaseRef
from merchant_sdk.references import (
    DOWNLOAD_TIMEOUT_S,
    Receiving,
    ReferenceCopy,
    ReferenceVersion,
    kind_on_wire,
)
from merchant_sdk.requests import Body, PreparedRequest, ResultT
from merchant_sdk.results import (
    CommandResult,
    Operation,
    OperationPage,
    PurchaseResult,
    PurchaseView,
    Quote,
    RefundResult,
    ShiftResult,
)
from merchant_sdk.stop_list import ReceivingStopList, StopList
from tillgate.v1 import purchase_service_pb2 as pb
from tillgate.v1 import reference_service_pb2 as reference_pb

OnRequestId = Callable[[UUID], None]


class TillClient(Preparing, GoodsCalls, RecordCalls, ClaimCalls):
    """A till, or a concentrator, at the gateway.

        async with TillClient(TillCredentials.from_folder("till-1")) as till:
            result = await till.sale(card, basket)

    A command has a request id before its first byte is sent: take it from `prepare_…`, or be told through
    `on_request_id`. Each call has a deadline, by the configuration or by `timeout_s`, which then bounds
    retries and undoing too. Raises what `merchant_sdk.errors` draws; a decline is an answer. A call that is
    cancelled leaves its request open in the journal, for `resolve`.
    """

    _transport_type = Transport

    def __init__(
        self,
        credentials: TillCredentials,
        configuration: Configuration | None = None,
        *,
        journal: Journal | None = None,
    ) -> None:
        self._credentials = credentials
        self._configuration = configuration or Configurations.Counter.v1()
        self._journal = MemoryJournal() if journal is None else journal
        self._transport = self._transport_type(credentials, self._configuration)
        self._sender = Sender(self._transport, credentials, self._configuration, self._journal)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let the calls under way end, then close the channel. Further calls raise ClientClosedError."""
        await self._transport.close()

    async def use_credentials(self, credentials: TillCredentials) -> None:
        """Speak with other credentials of the same client from now on, as after a renewal.

        Calls under way end first, and later ones wait for them.
        """

        def tell() -> None:
            self._credentials = self._sender.credentials = credentials

        await self._transport.change(credentials, tell)

    async def send(self, request: PreparedRequest[ResultT], *, timeout_s: float | None = None) -> ResultT:
        """Send a prepared command and settle it. Sending it again gives its one outcome again."""
        return await self._sender.send(request, timeout_s)

    async def resolve(self, request_id: UUID, *, timeout_s: float | None = None) -> CommandResult:
        """Settle a request that was left open by an OutcomeUnknownError, a cancelled call or a crash.

        An Authorize or Sale that stands is returned, one that does not is undone; others are repeated.
        Raises NotRememberedError if it is not open, OutcomeUnknownError if it stays so.
        """
        return await self._sender.resolve(request_id, timeout_s)

    def open_requests(self) -> Sequence[JournalRecord]:
        """What the journal holds open, oldest first: each is to be resolved."""
        return self._journal.open_requests()

    async def authorize(
        self,
        card: Card,
        basket: Basket,
        *,
        on_request_id: OnRequestId | None = None,
        timeout_s: float | None = None,
        **options: Unpack[AuthorizeOptions],
    ) -> PurchaseResult:
        """Hold points for a basket. See AuthorizeOptions."""
        return await self._tell_and_send(
            self.prepare_authorize(card, basket, **options), on_request_id, timeout_s
        )

    async def sale(
        self,
        card: Card,
        basket: Basket,
        *,
        on_request_id: OnRequestId | None = None,
        timeout_s: float | None = None,
        **options: Unpack[SaleOptions],
    ) -> PurchaseResult:
        """Authorize and capture in one command. See SaleOptions."""
        return await self._tell_and_send(self.prepare_sale(card, basket, **options), on_request_id, timeout_s)

    async def capture(
        self,
        purchase: PurchaseRef,
        *,
        on_request_id: OnRequestId | None = None,
        timeout_s: float | None = None,
        **options: Unpack[CaptureOptions],
    ) -> PurchaseResult:
        """Spend held points, whole or by line; the rest is released. See CaptureOptions."""
        return await self._tell_and_send(self.prepare_capture(purchase, **options), on_request_id, timeout_s)

    async def void(
        self,
        purchase: PurchaseRef,
        *,
        desk: Desk = DESK,
        on_request_id: OnRequestId | None = None,
        timeout_s: float | None = None,
    ) -> PurchaseResult:
        """Undo a hold, or a capture that nothing stands on yet; by request id also what has not arrived."""
        return await self._tell_and_send(self.prepare_void(purchase, desk=desk), on_request_id, timeout_s)

    async def refund(
        self,
        purchase: PurchaseRef,
        *,
        on_request_id: OnRequestId | None = None,
        timeout_s: float | None = None,
        **options: Unpack[RefundOptions],
    ) -> RefundResult:
        """Give captured points back, whole or by line, without the card. See RefundOptions."""
        return await self._tell_and_send(self.prepare_refund(purchase, **options), on_request_id, timeout_s)

    async def attach_receipt(
        self,
        purchase: PurchaseRef,
        *receipts: FiscalReceipt,
        desk: Desk = DESK,
        on_request_id: OnRequestId | None = None,
        timeout_s: float | None = None,
    ) -> PurchaseResult:
        """Add fiscal receipts to a purchase; only a purchase with its receipt can be claimed."""
        return await self._tell_and_send(
            self.prepare_attach_receipt(purchase, *receipts, desk=desk), on_request_id, timeout_s
        )

    async def close_shift(
        self, desk: Desk, *, on_request_id: OnRequestId | None = None, timeout_s: float | None = None
    ) -> ShiftResult:
        """Close the fiscal shift of a desk and total it."""
        return await self._tell_and_send(self.prepare_close_shift(desk), on_request_id, timeout_s)

    async def quote(
        self,
        card: Card,
        basket: Basket,
        *,
        terminal_id: int = 0,
        timeout_s: float | None = None,
        **options: Unpack[QuoteOptions],
    ) -> Quote:
        """What Authorize would answer now; holds nothing. See QuoteOptions."""
        message = quote_message(card, basket, terminal_id, **options)
        return from_wire.quote(await self._read(Method.QUOTE, message, timeout_s))

    async def get_purchase(
        self, purchase: PurchaseRef, *, terminal_id: int = 0, timeout_s: float | None = None
    ) -> PurchaseView:
        """A purchase as it stands. Raises NotFoundError, which is not final: it may still arrive."""
        message = pb.GetPurchaseRequest(terminal_id=terminal_id, purchase=to_wire.purchase_ref(purchase))
        response = await self._read(Method.GET_PURCHASE, message, timeout_s)
        request_id = purchase.request_id if isinstance(purchase, ByRequestId) else None
        return open_purchase(
            response, self._credentials.outcome_keys, self._credentials.merchant_id, request_id
        )

    async def get_balance(
        self, card: Card, *, terminal_id: int = 0, timeout_s: float | None = None
    ) -> Balance:
        """The certificates of a card: never a name or a reason for help."""
        message = pb.GetBalanceRequest(terminal_id=terminal_id, card=to_wire.card(card))
        return from_wire.balance(await self._read(Method.GET_BALANCE, message, timeout_s))

    async def list_operations_page(
        self,
        *,
        page_token: str = "",
        page_size: int = 0,
        decided_from: datetime | None = None,
        terminal_id: int = 0,
        timeout_s: float | None = None,
    ) -> OperationPage:
        """One page of the merchant's outcomes in order of decision, each verified.

        `page_size` is 1 to 500, 0 leaves it to the gateway; `terminal_id` 0 means all that the caller
        speaks for.
        """
        message = pb.ListOperationsRequest(
            terminal_id=terminal_id,
            page_size=page_size,
            page_token=page_token,
            decided_from=None if decided_from is None else to_wire.timestamp(decided_from),
        )
        response = await self._read(Method.LIST_OPERATIONS, message, timeout_s)
        return open_operations(response, self._credentials.outcome_keys, self._credentials.merchant_id)

    async def list_operations(
        self, *, page_size: int = 0, decided_from: datetime | None = None, terminal_id: int = 0
    ) -> AsyncIterator[Operation]:
        """All of the merchant's outcomes in order of decision, page by page as they are asked for."""
        page_token = ""
        while True:
            page = await self.list_operations_page(
                page_token=page_token,
                page_size=page_size,
                decided_from=decided_from,
                terminal_id=terminal_id,
            )
            for operation in page.operations:
                yield operation
            page_token = page.next_page_token
            if not page_token:
                return

    async def references(
        self, *kinds: ReferenceKind, timeout_s: float | None = None
    ) -> tuple[ReferenceVersion, ...]:
        """Lists of these kinds, or of all: which versions are in force, and which are published for later."""
        message = reference_pb.ListReferencesRequest(kinds=map(kind_on_wire, kinds))
        response = await self._read(ReferenceMethod.LIST_REFERENCES, message, timeout_s)
        return tuple(map(from_wire.reference_version, response.versions))

    async def download_reference(
        self,
        kind: ReferenceKind,
        *,
        since: ReferenceCopy | None = None,
        version: str = "",
        timeout_s: float = DOWNLOAD_TIMEOUT_S,
    ) -> ReferenceCopy:
        """A list in full, or from an earlier copy of it what has changed; that in force, if none is named.

        Raises ReferenceMismatchError if what was received is not what its SHA-256 says, and NotFoundError
        if there is no such version; ValueError if `since` is of another list. It is held in memory.
        """
        receiving = Receiving(kind, since, version)
        body = Body(receiving.request().SerializeToString())
        async with self._transport.in_use():
            attempts = self._attempts(ReferenceMethod.DOWNLOAD_REFERENCE, timeout_s)
            return await self._transport.download(
                ReferenceMethod.DOWNLOAD_REFERENCE, receiving, body, attempts
            )

    async def download_stop_list(
        self, *, since: StopList | None = None, timeout_s: float = DOWNLOAD_TIMEOUT_S
    ) -> StopList:
        """The merchant's stop list, in full, or from an earlier one what has changed.

        Raises SignatureError and ReferenceMismatchError if what was received is not the gateway's, not this
        merchant's, not what its SHA-256 says, or older than `since`.
        """
        receiving = ReceivingStopList(self._credentials.outcome_keys, self._credentials.merchant_id, since)
        body = Body(receiving.request().SerializeToString())
        async with self._transport.in_use():
            attempts = self._attempts(ReferenceMethod.DOWNLOAD_STOP_LIST, timeout_s)
            return await self._transport.download(
                ReferenceMethod.DOWNLOAD_STOP_LIST, receiving, body, attempts
            )

    async def _tell_and_send(
        self, request: PreparedRequest[ResultT], on_request_id: OnRequestId | None, timeout_s: float | None
    ) -> ResultT:
        if on_request_id is not None:
            on_request_id(request.request_id)
        return await self.send(request, timeout_s=timeout_s)
