"""Sealed outcomes: signed bytes that say who, what, when, and what people should read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.domain.basket import Basket
from gateway.domain.certificate import Bucket, Certificate
from gateway.domain.commands import (
    AttachReceipt,
    Authorize,
    ByPurchaseId,
    ByRequestId,
    Capture,
    ChangeValidity,
    CloseShift,
    Command,
    Correct,
    Expire,
    Issue,
    Origin,
    Refund,
    SetBlock,
    Void,
    Withdraw,
    WithdrawReason,
)
from gateway.domain.outcome import Outcome, ShiftTotals
from gateway.domain.reasons import REASONS, Reason
from gateway.registry.signing import OutcomeSigner
from gateway.rpc.notices import rubles
from gateway.rpc.seal import Sealer, kind_on_wire
from tests.builders import ACT, BEER, BOOK, FOOD, Scene, at, basket, line, purchase_of
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import reason_pb2

NOW = at("2026-03-10 12:00")
ID = UUID("019b2f6e-1c2d-7abc-8def-0123456789ab")
ORIGIN = Origin(1, 11, 111, concentrator_id=9)
REF = ByPurchaseId(ID)
KEY = Ed25519PrivateKey.generate()
SEALER = Sealer(OutcomeSigner("key-1", KEY), lambda _: BOOK)


def sealed(
    command: Command | CloseShift, outcome: Outcome, certificates: Mapping[UUID, Certificate] | None = None
) -> wire.SignedOutcome:
    """What a till reads of a sealed outcome, after verifying it."""
    answer = SEALER.seal(command, outcome, certificates or {}, NOW)
    KEY.public_key().verify(answer.signature, answer.signed_payload)
    assert "key-1" == answer.key_id
    return wire.SignedOutcome.FromString(answer.signed_payload)


@dataclass(frozen=True)
class Shop:
    """A scene with a certificate, whose commands are sealed with their outcomes."""

    scene: Scene

    def sealed(self, command: Command, outcome: Outcome) -> wire.SignedOutcome:
        """Seal with the account as it is after the command."""
        return sealed(command, outcome, self.scene.account.certificates)


@pytest.fixture
def shop() -> Shop:
    """500 points of food."""
    scene = Scene()
    scene.issue(FOOD, 500_00)
    return Shop(scene)


TILL_COMMANDS: list[tuple[Command | CloseShift, str]] = [
    (Authorize(ID, ORIGIN, b"", Basket(())), "AUTHORIZE"),
    (Authorize(ID, ORIGIN, b"", Basket(()), is_sale=True), "SALE"),
    (Capture(ID, ORIGIN, REF), "CAPTURE"),
    (Void(ID, ORIGIN, REF), "VOID"),
    (Refund(ID, ORIGIN, REF), "REFUND"),
    (AttachReceipt(ID, ORIGIN, REF), "ATTACH_RECEIPT"),
    (CloseShift(ID, ORIGIN), "CLOSE_SHIFT"),
]
DEPARTMENT_COMMANDS: list[tuple[Command, str]] = [
    (Issue(ID, "r", "h", "food", 1, 1, NOW.date(), NOW.date(), ACT), "ISSUE"),
    (Withdraw(ID, ID, WithdrawReason.REFUSED, ACT), "WITHDRAW"),
    (ChangeValidity(ID, ID, NOW.date(), ACT), "CHANGE_VALIDITY"),
    (SetBlock(ID, "h", None, True, ACT), "BLOCK"),
    (SetBlock(ID, "h", None, False, ACT), "UNBLOCK"),
    (Correct(ID, ID, Bucket.AVAILABLE, Bucket.LAPSED, 1, "doc"), "CORRECT"),
]


@pytest.mark.parametrize(
    ("command", "kind"), TILL_COMMANDS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_command_of_a_till_is_sealed_under_its_kind_and_sender(
    command: Command | CloseShift, kind: str
) -> None:
    """The terminal and the concentrator that spoke for it are both recorded."""
    message = sealed(command, Outcome(Reason.PURCHASE_UNKNOWN))
    assert wire.CommandKind.Value(f"COMMAND_KIND_{kind}") == message.kind
    assert (str(ID), 1, 111, 9) == (
        message.request_id,
        message.merchant_id,
        message.terminal_id,
        message.concentrator_id,
    )
    assert NOW == message.decided_at.ToDatetime(NOW.tzinfo)


@pytest.mark.parametrize(
    ("command", "kind"), DEPARTMENT_COMMANDS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_command_of_the_department_has_no_terminal(command: Command, kind: str) -> None:
    """And nobody at a till to read a notice of its approval."""
    message = sealed(command, Outcome())
    assert wire.CommandKind.Value(f"COMMAND_KIND_{kind}") == message.kind
    assert (0, 0, False) == (message.merchant_id, message.terminal_id, message.HasField("notice"))


def test_every_command_has_a_kind() -> None:
    """A command that is added must be told apart on the wire; the sweep's own is sent to nobody."""
    made = {type(command) for command, _ in (*TILL_COMMANDS, *DEPARTMENT_COMMANDS)} | {Expire}
    assert {*get_args(Command), CloseShift} == made
    assert wire.COMMAND_KIND_EXPIRE == kind_on_wire(Expire(ID, 1))


@pytest.mark.parametrize("reason", [row.reason for row in REASONS.values() if row.is_recorded])
def test_a_decline_carries_its_reason_and_its_texts(reason: Reason) -> None:
    """Whatever is recorded can be rendered: by number, and as the table words it."""
    message = sealed(TILL_COMMANDS[0][0], Outcome(reason, available_kopecks=12_34))
    assert (wire.DECISION_DECLINED, int(reason), 12_34) == (
        message.decision,
        message.reason,
        message.available_kopecks,
    )
    texts = REASONS[reason].texts
    assert (texts.cashier_ru, texts.cashier_en, texts.buyer_ru, texts.buyer_en) == (
        message.notice.cashier_ru,
        message.notice.cashier_en,
        message.notice.buyer_ru,
        message.notice.buyer_en,
    )


def test_an_approval_tells_what_points_pay_and_what_is_left_to_pay(shop: Shop) -> None:
    """Cashier and buyer read both sums; the purchase stands in the answer."""
    outcome = shop.scene.authorize(basket(line(1, 100_00), line(2, 80_00, BEER)))
    message = shop.sealed(Authorize(ID, ORIGIN, b"", Basket(())), outcome)
    assert (wire.DECISION_APPROVED, reason_pb2.REASON_UNSPECIFIED) == (message.decision, message.reason)
    assert "Одобрено: баллами 100,00, доплата 80,00." == message.notice.cashier_ru
    assert "By points: 100,00. By own money: 80,00." == message.notice.buyer_en
    assert 100_00 == message.purchase.certificate_kopecks


def test_a_refund_tells_what_lapsed_at_once(shop: Shop) -> None:
    """Points that come back after the certificate's last day are no points any more."""
    purchase = shop.scene.sale(line(1, 100_00))
    shop.scene.now = at("2027-01-10 12:00")
    message = shop.sealed(Refund(ID, ORIGIN, REF), shop.scene.refund(purchase))
    assert "Возврат: на сертификат 100,00, деньгами 0,00." == message.notice.cashier_ru
    assert message.notice.buyer_ru.endswith("Из них сгорело, срок сертификата истёк: 100,00.")
    assert 100_00 == message.refund.lapsed_kopecks


def test_a_void_before_arrival_is_told_apart_from_one_of_a_purchase(shop: Shop) -> None:
    """The till learns that nothing had happened yet, and that nothing will."""
    early = sealed(Void(ID, ORIGIN, ByRequestId(ID)), Outcome())
    assert not early.HasField("purchase")
    assert "Voided before arrival" in early.notice.cashier_en
    late = shop.sealed(Void(ID, ORIGIN, REF), shop.scene.void(shop.scene.hold(line(1, 100_00))))
    assert wire.PURCHASE_STATE_VOIDED == late.purchase.state
    assert "Покупка отменена." == late.notice.cashier_ru


def test_a_capture_says_that_the_card_was_stopped_meanwhile(shop: Shop) -> None:
    """The hold stands, and the shop should know."""
    purchase = shop.scene.hold(line(1, 100_00))
    shop.scene.card_stopped = True
    message = shop.sealed(Capture(ID, ORIGIN, REF), shop.scene.capture(purchase))
    assert message.card_stopped_meanwhile
    assert message.notice.cashier_en.startswith("Captured")


def test_totals_of_a_shift_are_sealed() -> None:
    """Every one of them."""
    totals = ShiftTotals(5, 4, 400_00, 3, 30_00, 2, 1, 10_00)
    message = sealed(CloseShift(ID, ORIGIN), Outcome(shift=totals)).shift
    assert totals == ShiftTotals(
        message.shift_number,
        message.captured_count,
        message.captured_kopecks,
        message.refund_count,
        message.refunded_kopecks,
        message.voided_count,
        message.open_count,
        message.open_kopecks,
    )


def test_an_issued_certificate_is_sealed(shop: Shop) -> None:
    """With its id and balance."""
    [certificate] = shop.scene.account.certificates.values()
    message = sealed(DEPARTMENT_COMMANDS[0][0], Outcome(certificate=certificate))
    assert (str(certificate.id), 500_00) == (
        message.certificate.certificate_id,
        message.certificate.available_kopecks,
    )


def test_the_same_outcome_has_the_same_bytes(shop: Shop) -> None:
    """Ed25519 and the serialization are deterministic."""
    command, outcome = (
        Void(ID, ORIGIN, REF),
        Outcome(purchase=purchase_of(shop.scene.authorize(line(1, 1_00)))),
    )
    certificates = shop.scene.account.certificates
    assert SEALER.seal(command, outcome, certificates, NOW) == SEALER.seal(
        command, outcome, certificates, NOW
    )


@pytest.mark.parametrize(
    ("kopecks", "text"),
    [(0, "0,00"), (5, "0,05"), (123_45, "123,45"), (1_234_567_89, "1\u00a0234\u00a0567,89")],
)
def test_amounts_are_written_for_people(kopecks: int, text: str) -> None:
    """A comma before kopecks, thousands apart."""
    assert text == rubles(kopecks)
