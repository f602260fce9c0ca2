"""The plain way to build a SignedOutcome, as the proto file reads: every message from all its fields at once.

What is signed must never depend on how fast it was made: the gateway's bytes are compared with these.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from gateway.domain import purchase as domain
from gateway.domain.category import ListBook
from gateway.domain.certificate import Certificate
from gateway.domain.commands import AttachReceipt, Authorize, Capture, Command, Refund, Void
from gateway.domain.outcome import Outcome
from gateway.domain.purchase import PurchaseState, Share
from gateway.domain.reasons import LINE_TEXTS, REASONS, Texts
from tillgate.v1 import purchase_pb2 as wire

Certificates = Mapping[UUID, Certificate]

_KINDS: dict[type[Command], str] = {Capture: "CAPTURE", Void: "VOID", Refund: "REFUND"}
_KINDS[AttachReceipt] = "ATTACH_RECEIPT"


def plain_bytes(
    command: Command, outcome: Outcome, certificates: Certificates, now: datetime, lists: ListBook
) -> bytes:
    """The bytes of a SignedOutcome of a till's command."""
    assert isinstance(command, Authorize | Capture | Void | Refund | AttachReceipt)
    kind = _KINDS.get(type(command), "")
    if isinstance(command, Authorize):
        kind = "SALE" if command.is_sale else "AUTHORIZE"
    message = wire.SignedOutcome(
        request_id=str(command.request_id),
        kind=f"COMMAND_KIND_{kind}",
        decision=wire.DECISION_DECLINED if outcome.reason else wire.DECISION_APPROVED,
        reason=f"REASON_{outcome.reason.name}" if outcome.reason else None,
        notice=_notice(_texts(kind, outcome)),
        decided_at=now,
        merchant_id=command.origin.merchant_id,
        terminal_id=command.origin.terminal_id,
        concentrator_id=command.origin.concentrator_id,
        purchase=_purchase(outcome.purchase, certificates, now, lists) if outcome.purchase else None,
        refund=_refund(outcome.refund, certificates) if outcome.refund else None,
        available_kopecks=outcome.available_kopecks,
        card_stopped_meanwhile=outcome.card_stopped_meanwhile,
    )
    return message.SerializeToString(deterministic=True)


def _notice(texts: Texts) -> wire.Notice:
    return wire.Notice(
        cashier_ru=texts.cashier_ru,
        cashier_en=texts.cashier_en,
        buyer_ru=texts.buyer_ru,
        buyer_en=texts.buyer_en,
    )


def _rubles(kopecks: int) -> str:
    return f"{kopecks // 100:,}".replace(",", "\u00a0") + f",{kopecks % 100:02d}"


def _texts(kind: str, outcome: Outcome) -> Texts:
    if outcome.reason is not None:
        return REASONS[outcome.reason].texts
    if kind == "ATTACH_RECEIPT":
        return Texts("Чеки приняты.", "The receipts are attached.", "Чек принят.", "The receipt is attached.")
    if kind == "VOID":
        return Texts(
            "Покупка отменена.",
            "The purchase was voided.",
            "Покупка отменена, баллы вернулись на сертификат.",
            "The purchase was cancelled; the points are back on the certificate.",
        )
    if outcome.refund is not None:
        points, own = _rubles(outcome.refund.points_kopecks), _rubles(outcome.refund.own_money_kopecks)
        gone = _rubles(outcome.refund.lapsed_kopecks) if outcome.refund.lapsed_kopecks else ""
        return Texts(
            f"Возврат: на сертификат {points}, деньгами {own}.",
            f"Refund: to certificates {points}, in money {own}.",
            f"На сертификат: {points}. Деньгами: {own}."
            + (f" Из них сгорело, срок сертификата истёк: {gone}." if gone else ""),
            f"To certificates: {points}. In money: {own}."
            + (f" Lapsed, since the certificate is over: {gone}." if gone else ""),
        )
    assert outcome.purchase is not None
    points, own = (_rubles(kopecks) for kopecks in _points_and_own_money(outcome.purchase))
    ru, en = ("Одобрено", "Approved") if kind == "AUTHORIZE" else ("Проведено", "Captured")
    return Texts(
        f"{ru}: баллами {points}, доплата {own}.",
        f"{en}: points {points}, own money {own}.",
        f"Баллами: {points}. Своими деньгами: {own}.",
        f"By points: {points}. By own money: {own}.",
    )


def _points_and_own_money(purchase: domain.Purchase) -> tuple[int, int]:
    done = purchase.capture
    if purchase.state is PurchaseState.DECLINED:
        return 0, purchase.total_kopecks
    if done is None:
        return purchase.approved_kopecks, purchase.total_kopecks - purchase.approved_kopecks
    return done.points_kopecks, done.total_kopecks - done.points_kopecks - done.shortfall_kopecks


def _purchase(
    purchase: domain.Purchase, certificates: Certificates, now: datetime, lists: ListBook
) -> wire.Purchase:
    state = purchase.state_at(now)
    done = purchase.capture
    points, own_money = _points_and_own_money(purchase)
    is_declined = state is PurchaseState.DECLINED
    wanted = min(purchase.eligible_kopecks, purchase.total_kopecks)
    paid = [s for line in (done.lines if done else purchase.lines) for s in line.shares]
    return wire.Purchase(
        purchase_id=str(purchase.id),
        request_id=str(purchase.request_id),
        state=f"PURCHASE_STATE_{state.name}",
        authorized_at=purchase.authorized_at,
        hold_expires_at=None if is_declined else purchase.hold_expires_at,
        captured_at=done.captured_at if done else None,
        sale_date=done.sale_date.isoformat() if done else "",
        is_late=done is not None and done.is_late,
        total_kopecks=done.total_kopecks if done else purchase.total_kopecks,
        rounding_kopecks=done.rounding_kopecks if done else purchase.rounding_kopecks,
        eligible_kopecks=purchase.eligible_kopecks,
        certificate_kopecks=points,
        own_money_kopecks=own_money,
        refunded_kopecks=purchase.refunded_kopecks,
        shortfall_kopecks=done.shortfall_kopecks if done else 0,
        lines=[_line(item, purchase, is_declined, certificates) for item in purchase.lines],
        certificates=[] if is_declined else _sums(paid, certificates),
        receipts=[
            wire.FiscalReceipt(
                kind=f"RECEIPT_KIND_{receipt.kind.name}",
                fiscal_drive_number=receipt.fiscal_drive_number,
                fiscal_document_number=receipt.fiscal_document_number,
                fiscal_sign=receipt.fiscal_sign,
                kkt_registration_number=receipt.kkt_registration_number,
                seller_inn=receipt.seller_inn,
                shift_number=receipt.shift_number,
                issued_at=receipt.issued_at,
                total_kopecks=receipt.total_kopecks,
            )
            for receipt in purchase.receipts
        ],
        outlet_id=purchase.outlet_id,
        terminal_id=purchase.terminal_id,
        rest_lapses_kopecks=_rest(purchase, state, certificates, lists),
        approved_partially=not is_declined and purchase.approved_kopecks < wanted,
    )


def _line(
    item: domain.PurchaseLine, purchase: domain.Purchase, is_declined: bool, certificates: Certificates
) -> wire.PurchaseLine:
    number = item.line.line_number
    captured = purchase.capture.lines if purchase.capture else ()
    done = next((line for line in captured if line.line_number == number), None)
    back = [line for made in purchase.refunds for line in made.lines if line.line_number == number]
    shares = () if is_declined else done.shares if done else item.shares
    return wire.PurchaseLine(
        line_number=number,
        quantity_milli=item.line.quantity_milli,
        amount_kopecks=item.line.amount_kopecks,
        approved_kopecks=0 if is_declined else item.approved_kopecks,
        reason=f"LINE_REASON_{item.reason.name}",
        rule_id=item.verdict.rule_id,
        list_version=item.verdict.list_version,
        evidence_source=item.verdict.source,
        notice=_notice(LINE_TEXTS[item.reason]),
        shares=[
            wire.CertificateShare(
                certificate_id=str(share.certificate_id),
                program_code=certificates[share.certificate_id].program_code,
                amount_kopecks=share.amount_kopecks,
            )
            for share in shares
        ],
        captured_quantity_milli=done.quantity_milli if done else 0,
        captured_amount_kopecks=done.amount_kopecks if done else 0,
        captured_points_kopecks=done.points_kopecks if done else 0,
        refunded_quantity_milli=sum(line.quantity_milli for line in back),
        refunded_amount_kopecks=sum(line.amount_kopecks for line in back),
        refunded_points_kopecks=sum(line.points_kopecks for line in back),
        capped_by_ceiling=item.is_capped,
    )


def _sums(shares: Iterable[Share], certificates: Certificates) -> list[wire.CertificateShare]:
    sums: dict[UUID, int] = {}
    for share in shares:
        sums[share.certificate_id] = sums.get(share.certificate_id, 0) + share.amount_kopecks
    return [
        wire.CertificateShare(
            certificate_id=str(certificate_id),
            program_code=certificates[certificate_id].program_code,
            amount_kopecks=amount,
            available_kopecks=certificates[certificate_id].available_kopecks,
        )
        for certificate_id, amount in sums.items()
    ]


def _rest(
    purchase: domain.Purchase, state: PurchaseState, certificates: Certificates, lists: ListBook
) -> int:
    if purchase.capture is not None:
        return sum(purchase.capture.rest_lapsed.values())
    if state is not PurchaseState.AUTHORIZED:
        return 0
    held = [certificates[certificate_id] for certificate_id in purchase.held_by_certificate()]
    programs = [(c, lists.programs[c.program_code, c.program_version]) for c in held]
    return sum(c.available_kopecks for c, p in programs if p.is_one_shot and p.rest_lapses_at_capture)


def _refund(refund: domain.Refund, certificates: Certificates) -> wire.Refund:
    return wire.Refund(
        refund_id=str(refund.id),
        lines=[
            wire.RefundedLine(
                line_number=line.line_number,
                quantity_milli=line.quantity_milli,
                amount_kopecks=line.amount_kopecks,
                points_kopecks=line.points_kopecks,
            )
            for line in refund.lines
        ],
        points_kopecks=refund.points_kopecks,
        own_money_kopecks=refund.own_money_kopecks,
        certificates=_sums((share for line in refund.lines for share in line.shares), certificates),
        lapsed_kopecks=refund.lapsed_kopecks,
    )
