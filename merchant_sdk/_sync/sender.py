# Generated from _async/sender.py by `python -m merchant_sdk._generate_sync`; do not edit.
"""Commands from the journal to a settled outcome: sending, finding out, undoing."""

import time
from dataclasses import replace
from typing import Final, cast
from uuid import UUID

from merchant_sdk import notices, to_wire
from merchant_sdk._sync.transport import Transport, chance
from merchant_sdk.answers import Asked, open_answer, open_purchase
from merchant_sdk.basket import Desk
from merchant_sdk.configuration import Configuration
from merchant_sdk.credentials import TillCredentials
from merchant_sdk.enums import Decision, Reason
from merchant_sdk.errors import GatewayError, NotRememberedError, OutcomeUnknownError
from merchant_sdk.journal import Journal, JournalRecord
from merchant_sdk.methods import AFTERMATH, KINDS, Aftermath, Method
from merchant_sdk.preparing import Preparing
from merchant_sdk.purchases import ByRequestId
from merchant_sdk.requests import PreparedRequest, ResultT, from_record
from merchant_sdk.results import CommandResult, PurchaseResult, PurchaseView
from merchant_sdk.retries import Attempts, Budget
from tillgate.v1 import purchase_service_pb2 as pb

UNDONE_MAX: Final = 1000
_NOTHING_STANDS: Final = (Reason.ALREADY_VOIDED, Reason.PURCHASE_DECLINED)


class Sender:
    """Sends commands so that each ends settled, or open in the journal; see `merchant_sdk.methods`."""

    def __init__(
        self,
        transport: Transport,
        credentials: TillCredentials,
        configuration: Configuration,
        journal: Journal,
    ) -> None:
        self._transport = transport
        self.credentials = credentials
        self._configuration = configuration
        self._journal = journal
        self._undone: dict[UUID, PurchaseResult] = {}

    def send(self, request: PreparedRequest[ResultT], timeout_s: float | None) -> ResultT:
        """The outcome of a command; `timeout_s` bounds it all, undoing too."""
        with self._transport.in_use(request.request_id):
            if request.request_id in self._undone:
                # The gateway would repeat its first answer, which may be an approval that was undone since.
                return cast(ResultT, self._undone[request.request_id])
            budget = Budget.start(request.method, self._configuration, time.monotonic(), timeout_s)
            if self._void_begun_for(request.request_id) is not None:
                return cast(ResultT, self._undo(request.record, budget.undo_until))
            was_sent_before = self._find(request.request_id) is not None
            self._journal.remember(request.record)
            return self._send(request, budget, was_sent_before)

    def resolve(self, request_id: UUID, timeout_s: float | None) -> CommandResult:
        """Settle a request that was left open: undo or find an Authorize or Sale, repeat the others."""
        with self._transport.in_use(request_id):
            record = self._find(request_id)
            if record is None:
                raise NotRememberedError(request_id)
            budget = Budget.start(record.method, self._configuration, time.monotonic(), timeout_s)
            if AFTERMATH[record.method] is Aftermath.UNDO:
                return self._undo(record, budget.undo_until)
            return self._send(from_record(record), budget, was_sent_before=True)

    def _send(self, request: PreparedRequest[ResultT], budget: Budget, was_sent_before: bool) -> ResultT:
        attempts = Attempts(request.method, self._configuration, budget.send_until, chance, was_sent_before)
        try:
            response = self._transport.call(request.method, request.body, attempts, request.request_id)
        except GatewayError as error:
            if not attempts.is_in_doubt:
                self._journal.settled(request.request_id)
                raise
            if AFTERMATH[request.method] is not Aftermath.UNDO:
                raise OutcomeUnknownError(request.request_id) from error
            return cast(ResultT, self._undo(request.record, budget.undo_until))
        asked = Asked(
            self.credentials.merchant_id,
            request.request_id,
            frozenset({KINDS[request.method]}),
            request.terminal_id or self.credentials.terminal_id or None,
        )
        result = open_answer(response.answer, self.credentials.outcome_keys, asked, request.result_type)
        self._journal.settled(request.request_id)
        return result

    def _undo(self, record: JournalRecord, until: float) -> PurchaseResult:
        """Find what an Authorize or Sale came to, or make sure by a Void that it comes to nothing."""
        begun = self._void_begun_for(record.request_id)
        if begun is None:
            # Only before a Void is under way: after that an approval found may be gone a moment later.
            view = self._look_up(record, until)
            if view is not None and (view.purchase.is_standing or view.answer.is_declined):
                self._journal.settled(record.request_id)
                return view.answer
        void = begun or _void_of(record)
        self._journal.remember(void.record)
        try:
            voided = self._send(void, Budget(until, until), was_sent_before=begun is not None)
        except (GatewayError, OutcomeUnknownError) as error:
            raise OutcomeUnknownError(record.request_id, void.request_id) from error
        if voided.is_approved or voided.reason in _NOTHING_STANDS:
            return self._settle_undone(record, voided)
        if voided.reason is Reason.ALREADY_CAPTURED:
            # It stands and can only be refunded, so it is no longer unknown.
            view = self._look_up(record, until)
            if view is not None:
                self._journal.settled(record.request_id)
                return view.answer
        raise OutcomeUnknownError(record.request_id, void.request_id, voided)

    def _look_up(self, record: JournalRecord, until: float) -> PurchaseView | None:
        """The purchase of a request id, if it can be found in half of the time that is left."""
        now = time.monotonic()
        attempts = Attempts(Method.GET_PURCHASE, self._configuration, (now + until) / 2, chance)
        message = pb.GetPurchaseRequest(
            terminal_id=record.terminal_id, purchase=to_wire.purchase_ref(ByRequestId(record.request_id))
        )
        try:
            response = self._transport.call(
                Method.GET_PURCHASE, message.SerializeToString(), attempts, record.request_id
            )
        except GatewayError:
            return None
        return open_purchase(
            response, self.credentials.outcome_keys, self.credentials.merchant_id, record.request_id
        )

    def _settle_undone(self, record: JournalRecord, voided: PurchaseResult) -> PurchaseResult:
        undone = replace(
            voided,
            request_id=record.request_id,
            kind=KINDS[record.method],
            decision=Decision.UNDONE,
            reason=Reason.UNSPECIFIED,
            notice=notices.UNDONE,
            undone_by_request_id=voided.request_id,
        )
        while len(self._undone) >= UNDONE_MAX:
            self._undone.pop(next(iter(self._undone)), None)
        self._undone[record.request_id] = undone
        self._journal.settled(record.request_id)
        return undone

    def _find(self, request_id: UUID) -> JournalRecord | None:
        return next((r for r in self._journal.open_requests() if r.request_id == request_id), None)

    def _void_begun_for(self, request_id: UUID) -> PreparedRequest[PurchaseResult] | None:
        for record in self._journal.open_requests():
            if record.undoes_request_id == request_id:
                return cast(PreparedRequest[PurchaseResult], from_record(record))
        return None


def _void_of(record: JournalRecord) -> PreparedRequest[PurchaseResult]:
    void = Preparing().prepare_void(ByRequestId(record.request_id), desk=Desk(terminal_id=record.terminal_id))
    return replace(void, undoes_request_id=record.request_id)
