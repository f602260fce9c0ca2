"""From the messages of tillgate.v1 to the SDK's values. Signatures are checked before, in `answers`."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from merchant_sdk.basket import FiscalReceipt
from merchant_sdk.enums import Decision, LineReason, PurchaseState, Reason, ReceiptKind, ReferenceKind
from merchant_sdk.purchases import (
    Balance,
    CertificateBalance,
    CertificateShare,
    Notice,
    Purchase,
    PurchaseLine,
    Refund,
    RefundedLine,
    ShiftTotals,
    StopListMark,
)
from merchant_sdk.references import ReferenceVersion
from merchant_sdk.results import Quote
from tillgate.v1 import purchase_pb2 as pb
from tillgate.v1 import purchase_service_pb2 as service_pb
from tillgate.v1 import reference_service_pb2 as reference_pb


def instant(stamp: Timestamp) -> datetime:
    """A timestamp as an aware instant."""
    return stamp.ToDatetime(UTC)


def instant_if_any(stamp: Timestamp) -> datetime | None:
    """The same, or None if it is not set."""
    return instant(stamp) if stamp.seconds else None


def _id_if_any(text: str) -> UUID | None:
    return UUID(text) if text else None


def _day_if_any(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def decision(number: int) -> Decision:
    """Only what is plainly approved is approved; raises ValueError for what is neither."""
    match number:
        case pb.DECISION_APPROVED:
            return Decision.APPROVED
        case pb.DECISION_DECLINED:
            return Decision.DECLINED
        case _:
            raise ValueError(f"decision {number} is neither approved nor declined")


def notice(message: pb.Notice) -> Notice:
    """What people should read."""
    return Notice(message.cashier_ru, message.cashier_en, message.buyer_ru, message.buyer_en)


def _shares(messages: Iterable[pb.CertificateShare]) -> tuple[CertificateShare, ...]:
    return tuple(
        CertificateShare(
            UUID(share.certificate_id), share.program_code, share.amount_kopecks, share.available_kopecks
        )
        for share in messages
    )


def _line(message: pb.PurchaseLine) -> PurchaseLine:
    return PurchaseLine(
        line_number=message.line_number,
        quantity_milli=message.quantity_milli,
        amount_kopecks=message.amount_kopecks,
        approved_kopecks=message.approved_kopecks,
        reason=LineReason(message.reason),
        rule_id=message.rule_id,
        list_version=message.list_version,
        evidence_source=message.evidence_source,
        notice=notice(message.notice),
        shares=_shares(message.shares),
        captured_quantity_milli=message.captured_quantity_milli,
        captured_amount_kopecks=message.captured_amount_kopecks,
        captured_points_kopecks=message.captured_points_kopecks,
        refunded_quantity_milli=message.refunded_quantity_milli,
        refunded_amount_kopecks=message.refunded_amount_kopecks,
        refunded_points_kopecks=message.refunded_points_kopecks,
        capped_by_ceiling=message.capped_by_ceiling,
    )


def _receipt(message: pb.FiscalReceipt) -> FiscalReceipt:
    return FiscalReceipt(
        kind=ReceiptKind(message.kind),
        fiscal_drive_number=message.fiscal_drive_number,
        fiscal_document_number=message.fiscal_document_number,
        fiscal_sign=message.fiscal_sign,
        kkt_registration_number=message.kkt_registration_number,
        seller_inn=message.seller_inn,
        shift_number=message.shift_number,
        issued_at=instant(message.issued_at),
        total_kopecks=message.total_kopecks,
    )


def purchase(message: pb.Purchase) -> Purchase:
    """A purchase, or what a quote says it would be."""
    return Purchase(
        purchase_id=_id_if_any(message.purchase_id),
        request_id=_id_if_any(message.request_id),
        state=PurchaseState(message.state),
        authorized_at=instant_if_any(message.authorized_at),
        hold_expires_at=instant_if_any(message.hold_expires_at),
        captured_at=instant_if_any(message.captured_at),
        sale_date=_day_if_any(message.sale_date),
        is_late=message.is_late,
        total_kopecks=message.total_kopecks,
        rounding_kopecks=message.rounding_kopecks,
        eligible_kopecks=message.eligible_kopecks,
        certificate_kopecks=message.certificate_kopecks,
        own_money_kopecks=message.own_money_kopecks,
        refunded_kopecks=message.refunded_kopecks,
        shortfall_kopecks=message.shortfall_kopecks,
        rest_lapses_kopecks=message.rest_lapses_kopecks,
        approved_partially=message.approved_partially,
        lines=tuple(_line(line) for line in message.lines),
        certificates=_shares(message.certificates),
        receipts=tuple(_receipt(receipt) for receipt in message.receipts),
        outlet_id=message.outlet_id,
        terminal_id=message.terminal_id,
        captured_after_stop=message.captured_after_stop,
    )


def refund(message: pb.Refund) -> Refund:
    """One refund."""
    return Refund(
        refund_id=UUID(message.refund_id),
        lines=tuple(
            RefundedLine(line.line_number, line.quantity_milli, line.amount_kopecks, line.points_kopecks)
            for line in message.lines
        ),
        points_kopecks=message.points_kopecks,
        own_money_kopecks=message.own_money_kopecks,
        certificates=_shares(message.certificates),
        lapsed_kopecks=message.lapsed_kopecks,
    )


def shift_totals(message: pb.ShiftTotals) -> ShiftTotals:
    """Totals of a shift."""
    return ShiftTotals(
        shift_number=message.shift_number,
        captured_count=message.captured_count,
        captured_kopecks=message.captured_kopecks,
        refund_count=message.refund_count,
        refunded_kopecks=message.refunded_kopecks,
        voided_count=message.voided_count,
        open_count=message.open_count,
        open_kopecks=message.open_kopecks,
    )


def quote(message: service_pb.QuoteResponse) -> Quote:
    """A quote; raises ValueError if it says neither yes nor no."""
    return Quote(
        decision=decision(message.decision),
        reason=Reason(message.reason),
        notice=notice(message.notice),
        purchase_if_any=purchase(message.purchase) if message.HasField("purchase") else None,
        available_kopecks=message.available_kopecks,
        stop_list=stop_list_mark(message),
    )


def stop_list_mark(
    message: pb.SignedOutcome | service_pb.QuoteResponse | service_pb.GetBalanceResponse,
) -> StopListMark | None:
    """The stop list that an answer went by; None if nothing was ever stopped."""
    if not message.HasField("stop_list"):
        return None
    return StopListMark(message.stop_list.version, instant(message.stop_list.made_at))


def balance(message: service_pb.GetBalanceResponse) -> Balance:
    """The certificates of a card."""
    return Balance(
        tuple(_certificate(certificate) for certificate in message.certificates),
        instant(message.read_at),
        Reason(message.reason),
        notice(message.notice),
        stop_list_mark(message),
    )


def _certificate(message: service_pb.CertificateBalance) -> CertificateBalance:
    return CertificateBalance(
        certificate_id=UUID(message.certificate_id),
        program_code=message.program_code,
        program_name_ru=message.program_name_ru,
        program_name_en=message.program_name_en,
        available_kopecks=message.available_kopecks,
        held_kopecks=message.held_kopecks,
        last_day=_day_if_any(message.last_day),
        is_one_shot=message.is_one_shot,
        allows_own_money=message.allows_own_money,
        is_usable=message.is_usable,
    )


def reference_version(message: reference_pb.ReferenceVersion) -> ReferenceVersion:
    """What is published of a list."""
    return ReferenceVersion(
        kind=ReferenceKind(message.kind),
        version=message.version,
        is_in_force=message.is_in_force,
        effective_from=instant(message.effective_from),
        act=message.act,
        act_body=message.act_body,
        act_number=message.act_number,
        act_date=_day_if_any(message.act_date),
        address=message.address,
        announced_at=instant(message.announced_at),
        is_urgent=message.is_urgent,
        row_count=message.row_count,
        sha256=message.sha256,
    )
