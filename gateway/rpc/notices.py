"""What cashier and buyer read: the texts of the table of reasons, and of approvals."""

from collections.abc import Callable
from typing import Final

from gateway.domain.reasons import LINE_TEXTS, REASONS, LineReason, Reason, Texts
from tillgate.v1 import purchase_pb2 as wire


def _notice(texts: Texts) -> wire.Notice:
    return wire.Notice(
        cashier_ru=texts.cashier_ru,
        cashier_en=texts.cashier_en,
        buyer_ru=texts.buyer_ru,
        buyer_en=texts.buyer_en,
    )


REASON_NOTICES: Final[dict[Reason, wire.Notice]] = {
    reason: _notice(row.texts) for reason, row in REASONS.items()
}
LINE_NOTICES: Final[dict[LineReason, wire.Notice]] = {
    reason: _notice(texts) for reason, texts in LINE_TEXTS.items()
}


def rubles(kopecks: int) -> str:
    """An amount for people: 123456 → 1 234,56."""
    whole, rest = divmod(kopecks, 100)
    text = f"{whole},{rest:02d}"
    return text if whole < 1000 else f"{whole:,}".replace(",", "\u00a0") + text[-3:]


def fill_approved_notice(message: wire.SignedOutcome) -> None:
    """What people read of an approval, by all else that its message says; nobody reads the department's."""
    fill = _APPROVED.get(message.kind)
    if fill is not None:
        fill(message.notice, message)


def fill_authorized_notice(target: wire.Notice, purchase: wire.Purchase) -> None:
    """What an approval says, or would say: who pays what."""
    _fill_split(target, "Одобрено", "Approved", purchase)


def _fill_split(target: wire.Notice, cashier_ru: str, cashier_en: str, purchase: wire.Purchase) -> None:
    points, own = rubles(purchase.certificate_kopecks), rubles(purchase.own_money_kopecks)
    target.cashier_ru = f"{cashier_ru}: баллами {points}, доплата {own}."
    target.cashier_en = f"{cashier_en}: points {points}, own money {own}."
    target.buyer_ru = f"Баллами: {points}. Своими деньгами: {own}."
    target.buyer_en = f"By points: {points}. By own money: {own}."


def _authorized(target: wire.Notice, message: wire.SignedOutcome) -> None:
    if message.HasField("purchase"):
        fill_authorized_notice(target, message.purchase)


def _captured(target: wire.Notice, message: wire.SignedOutcome) -> None:
    if message.HasField("purchase"):
        _fill_split(target, "Проведено", "Captured", message.purchase)


_VOIDED: Final = _notice(
    Texts(
        "Покупка отменена.",
        "The purchase was voided.",
        "Покупка отменена, баллы вернулись на сертификат.",
        "The purchase was cancelled; the points are back on the certificate.",
    )
)
_ENTOMBED: Final = _notice(
    Texts(
        "Отменено до прихода запроса: покупка уже не пройдёт.",
        "Voided before arrival: the purchase can no longer happen.",
        "Покупка отменена.",
        "The purchase was cancelled.",
    )
)
_ATTACHED: Final = _notice(
    Texts("Чеки приняты.", "The receipts are attached.", "Чек принят.", "The receipt is attached.")
)


def _voided(target: wire.Notice, message: wire.SignedOutcome) -> None:
    target.CopyFrom(_VOIDED if message.HasField("purchase") else _ENTOMBED)


def _refunded(target: wire.Notice, message: wire.SignedOutcome) -> None:
    if not message.HasField("refund"):
        return
    made = message.refund
    points, own = rubles(made.points_kopecks), rubles(made.own_money_kopecks)
    lapsed = rubles(made.lapsed_kopecks) if made.lapsed_kopecks else ""
    target.cashier_ru = f"Возврат: на сертификат {points}, деньгами {own}."
    target.cashier_en = f"Refund: to certificates {points}, in money {own}."
    target.buyer_ru = f"На сертификат: {points}. Деньгами: {own}." + (
        f" Из них сгорело, срок сертификата истёк: {lapsed}." if lapsed else ""
    )
    target.buyer_en = f"To certificates: {points}. In money: {own}." + (
        f" Lapsed, since the certificate is over: {lapsed}." if lapsed else ""
    )


def _attached(target: wire.Notice, _: wire.SignedOutcome) -> None:
    target.CopyFrom(_ATTACHED)


def _shift_closed(target: wire.Notice, message: wire.SignedOutcome) -> None:
    if message.HasField("shift"):
        number = message.shift.shift_number
        target.cashier_ru, target.cashier_en = f"Смена {number} закрыта.", f"Shift {number} is closed."


_APPROVED: Final[dict[wire.CommandKind, Callable[[wire.Notice, wire.SignedOutcome], None]]] = {
    wire.COMMAND_KIND_AUTHORIZE: _authorized,
    wire.COMMAND_KIND_SALE: _captured,
    wire.COMMAND_KIND_CAPTURE: _captured,
    wire.COMMAND_KIND_VOID: _voided,
    wire.COMMAND_KIND_REFUND: _refunded,
    wire.COMMAND_KIND_ATTACH_RECEIPT: _attached,
    wire.COMMAND_KIND_CLOSE_SHIFT: _shift_closed,
}
