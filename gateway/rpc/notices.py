"""What cashier and buyer read: the texts of the table of reasons, and of approvals."""

from collections.abc import Callable
from typing import Final

from gateway.domain.outcome import Outcome
from gateway.domain.purchase import Purchase
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
    return f"{kopecks // 100:,}".replace(",", "\u00a0") + f",{kopecks % 100:02d}"


def share_of_points(purchase: Purchase) -> tuple[int, int]:
    """(points, own money) of a purchase in kopecks: as captured, else as authorized.

    What a late capture could not cover is the shop's loss and not the buyer's money.
    """
    done = purchase.capture
    if done is None:
        points = purchase.approved_kopecks
        return points, purchase.total_kopecks - points
    points = done.points_kopecks
    return points, done.total_kopecks - points - done.shortfall_kopecks


def _split_texts(purchase: Purchase, cashier_ru: str, cashier_en: str) -> Texts:
    points, own = (rubles(kopecks) for kopecks in share_of_points(purchase))
    return Texts(
        f"{cashier_ru}: баллами {points}, доплата {own}.",
        f"{cashier_en}: points {points}, own money {own}.",
        f"Баллами: {points}. Своими деньгами: {own}.",
        f"By points: {points}. By own money: {own}.",
    )


def _authorized(outcome: Outcome) -> Texts | None:
    purchase = outcome.purchase
    return None if purchase is None else _split_texts(purchase, "Одобрено", "Approved")


def _captured(outcome: Outcome) -> Texts | None:
    purchase = outcome.purchase
    return None if purchase is None else _split_texts(purchase, "Проведено", "Captured")


def _voided(outcome: Outcome) -> Texts:
    if outcome.purchase is None:
        return Texts(
            "Отменено до прихода запроса: покупка уже не пройдёт.",
            "Voided before arrival: the purchase can no longer happen.",
            "Покупка отменена.",
            "The purchase was cancelled.",
        )
    return Texts(
        "Покупка отменена.",
        "The purchase was voided.",
        "Покупка отменена, баллы вернулись на сертификат.",
        "The purchase was cancelled; the points are back on the certificate.",
    )


def _refunded(outcome: Outcome) -> Texts | None:
    made = outcome.refund
    if made is None:
        return None
    points, own = rubles(made.points_kopecks), rubles(made.own_money_kopecks)
    lapsed = rubles(made.lapsed_kopecks) if made.lapsed_kopecks else ""
    return Texts(
        f"Возврат: на сертификат {points}, деньгами {own}.",
        f"Refund: to certificates {points}, in money {own}.",
        f"На сертификат: {points}. Деньгами: {own}."
        + (f" Из них сгорело, срок сертификата истёк: {lapsed}." if lapsed else ""),
        f"To certificates: {points}. In money: {own}."
        + (f" Lapsed, since the certificate is over: {lapsed}." if lapsed else ""),
    )


def _attached(_: Outcome) -> Texts:
    return Texts("Чеки приняты.", "The receipts are attached.", "Чек принят.", "The receipt is attached.")


def _shift_closed(outcome: Outcome) -> Texts | None:
    if outcome.shift is None:
        return None
    number = outcome.shift.shift_number
    return Texts(f"Смена {number} закрыта.", f"Shift {number} is closed.", "", "")


_APPROVED: Final[dict[wire.CommandKind, Callable[[Outcome], Texts | None]]] = {
    wire.COMMAND_KIND_AUTHORIZE: _authorized,
    wire.COMMAND_KIND_SALE: _captured,
    wire.COMMAND_KIND_CAPTURE: _captured,
    wire.COMMAND_KIND_VOID: _voided,
    wire.COMMAND_KIND_REFUND: _refunded,
    wire.COMMAND_KIND_ATTACH_RECEIPT: _attached,
    wire.COMMAND_KIND_CLOSE_SHIFT: _shift_closed,
}


def outcome_notice(kind: wire.CommandKind, outcome: Outcome) -> wire.Notice | None:
    """What people read of an outcome; None for department commands, which nobody reads at a till."""
    if outcome.reason is not None:
        return REASON_NOTICES[outcome.reason]
    make = _APPROVED.get(kind)
    texts = make(outcome) if make else None
    return _notice(texts) if texts else None
