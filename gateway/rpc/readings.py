"""Answers of the methods that only read: unsigned, but for stored answers that they repeat."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from gateway.domain.category import ListBook
from gateway.domain.policy import moscow_date
from gateway.domain.reasons import Reason
from gateway.ledger.answers import SealedAnswer
from gateway.ledger.reader import Balance, FoundPurchase, OperationRow, Quote
from gateway.registry.snapshot import StopListMark
from gateway.rpc.notices import REASON_NOTICES, fill_authorized_notice
from gateway.rpc.render import REASONS_ON_WIRE, View, fill_instant, fill_purchase
from gateway.rpc.seal import mark_bytes
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

Lists = Callable[[datetime], ListBook]
"""The lists in force at an instant."""

_LAST_INSTANT = timedelta(microseconds=1)


def fill_answer(target: wire.SignedAnswer, sealed: SealedAnswer) -> None:
    """A stored answer as it travels."""
    target.signed_payload = sealed.signed_payload
    target.signature = sealed.signature
    target.key_id = sealed.key_id


def quote_response(
    quote: Quote, lists: Lists, stop_list: StopListMark | None = None
) -> service.QuoteResponse:
    """What Authorize would answer; nothing came into being, so ids and times are empty."""
    outcome = quote.outcome
    response = service.QuoteResponse(available_kopecks=outcome.available_kopecks)
    if stop_list is not None:
        response.stop_list.MergeFromString(mark_bytes(stop_list))
    if outcome.purchase is not None:
        fill_purchase(response.purchase, outcome.purchase, View(quote.read_at, quote.certificates, lists))
        for name in ("purchase_id", "request_id", "authorized_at", "hold_expires_at"):
            response.purchase.ClearField(name)
    if outcome.reason is None:
        response.decision = wire.DECISION_APPROVED
        fill_authorized_notice(response.notice, response.purchase)
    else:
        response.decision = wire.DECISION_DECLINED
        response.reason = REASONS_ON_WIRE[outcome.reason]
        response.notice.CopyFrom(REASON_NOTICES[outcome.reason])
    return response


def purchase_response(found: FoundPurchase, lists: Lists) -> service.GetPurchaseResponse:
    """A purchase as it stands now, with the stored answer of its Authorize or Sale."""
    response = service.GetPurchaseResponse()
    fill_answer(response.answer, found.sealed)
    fill_purchase(response.purchase, found.purchase, View(found.read_at, found.certificates, lists))
    return response


def balance_response(
    balance: Balance, lists: Lists, stop_list: StopListMark | None = None
) -> service.GetBalanceResponse:
    """The certificates of a card; never a name or a reason for help."""
    programs = lists(balance.read_at).programs
    response = service.GetBalanceResponse(read_at=balance.read_at)
    if stop_list is not None:
        response.stop_list.MergeFromString(mark_bytes(stop_list))
    if balance.reason is not None:
        response.reason = REASONS_ON_WIRE[balance.reason]
        response.notice.CopyFrom(REASON_NOTICES[balance.reason])
    # Whoever holds a stopped card is told nothing of what is on it.
    is_stopped = balance.reason is Reason.CARD_STOPPED
    for certificate in () if is_stopped else balance.certificates:
        program = programs[certificate.program_code, certificate.program_version]
        response.certificates.add(
            certificate_id=str(certificate.id),
            program_code=program.code,
            program_name_ru=program.name_ru,
            program_name_en=program.name_en,
            available_kopecks=certificate.available_kopecks,
            held_kopecks=certificate.held_kopecks,
            last_day=moscow_date(certificate.valid_until - _LAST_INSTANT).isoformat(),
            is_one_shot=program.is_one_shot,
            allows_own_money=program.allows_own_money,
            is_usable=balance.reason is None and certificate.is_usable(balance.read_at),
        )
    return response


def operations_response(rows: Sequence[OperationRow], next_page_token: str) -> service.ListOperationsResponse:
    """One page of a merchant's outcomes."""
    response = service.ListOperationsResponse(next_page_token=next_page_token)
    for row in rows:
        operation = response.operations.add(
            request_id=str(row.request_id),
            terminal_id=row.terminal_id,
            purchase_id=str(row.purchase_id) if row.purchase_id else "",
        )
        fill_instant(operation.decided_at, row.decided_at)
        fill_answer(operation.answer, row.sealed)
    return response
