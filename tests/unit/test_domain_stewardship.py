"""Department commands: issue, withdraw, change of validity, block, correction."""

from datetime import date
from uuid import UUID

import pytest

from gateway.domain.certificate import Bucket, CertificateState
from gateway.domain.commands import Correct, Issue
from gateway.domain.reasons import Reason
from tests.builders import ACT, FOOD, Scene, at, line

AVAILABLE, LAPSED = Bucket.AVAILABLE, Bucket.LAPSED


def issue(nominal_kopecks: int, **changes: object) -> Issue:
    """An issue command of the food program with the published nominal rule in force."""
    fields: dict[str, object] = {
        "request_id": UUID(int=1),
        "issue_ref": "ref",
        "holder_ref": "holder",
        "program_code": "food",
        "program_version": 1,
        "nominal_kopecks": nominal_kopecks,
        "first_day": date(2026, 3, 1),
        "last_day": date(2026, 12, 31),
        "act": ACT,
    }
    return Issue(**(fields | changes))  # type: ignore[arg-type]


def test_an_issue_credits_the_published_nominal_for_its_days() -> None:
    """Valid from 00:00 Moscow of the first day until the end of the last one."""
    scene = Scene()
    certificate = scene.do(issue(1500_00)).certificate
    assert certificate is not None
    assert at("2026-03-01 00:00") == certificate.valid_from
    assert at("2027-01-01 00:00") == certificate.valid_until
    assert (1500_00, 0, 0, 0) == scene.balance(certificate.id)


def test_the_nominal_is_the_one_published_on_the_day_of_the_act_unless_the_act_names_its_own() -> None:
    """The nominal of last year is right for an act of last year only."""
    scene = Scene()
    assert Reason.NOMINAL_NOT_PUBLISHED == scene.do(issue(1000_00)).reason
    old_act = type(ACT)("commission", "11-1", date(2025, 12, 31))
    assert scene.do(issue(1000_00, act=old_act)).is_approved
    assert scene.do(issue(777_00, names_own_nominal=True)).is_approved


@pytest.mark.parametrize(
    ("nominal_kopecks", "changes", "reason"),
    [
        (1500_00, {"program_code": "unheard", "last_day": date(2026, 1, 1)}, Reason.PROGRAM_UNKNOWN),
        (1500_00, {"program_version": 9}, Reason.PROGRAM_UNKNOWN),
        (1, {"last_day": date(2026, 2, 28)}, Reason.VALIDITY_INVALID),
        (1500_00, {"last_day": date(2026, 3, 9)}, Reason.VALIDITY_INVALID),
    ],
)
def test_an_issue_that_makes_no_sense_is_declined_by_its_first_reason(
    nominal_kopecks: int, changes: dict[str, object], reason: Reason
) -> None:
    """Unknown program before wrong validity before wrong nominal; a period must not be over."""
    assert reason == Scene().do(issue(nominal_kopecks, **changes)).reason


def test_a_withdrawal_lapses_what_is_available_and_what_comes_back() -> None:
    """What is held may still be bought; the rest is gone and no act brings it back."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    bought, held = scene.sale(line(1, 10_00)), scene.hold(line(1, 20_00))
    assert scene.withdraw(certificate).is_approved
    assert (0, 20_00, 10_00, 70_00) == scene.balance(certificate)
    scene.refund(bought)
    scene.void(held)
    assert (0, 0, 0, 100_00) == scene.balance(certificate)
    assert Reason.CERTIFICATE_WITHDRAWN == scene.withdraw(certificate).reason
    assert Reason.CERTIFICATE_WITHDRAWN == scene.change_validity(certificate, "2027-12-31").reason
    assert Reason.CERTIFICATE_WITHDRAWN == scene.block(certificate).reason
    assert Reason.CERTIFICATE_WITHDRAWN == scene.correct(certificate, LAPSED, AVAILABLE, 1).reason


def test_an_extension_brings_back_what_time_had_lapsed() -> None:
    """Not what a correction had taken."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00, "2026-04-30")
    scene.correct(certificate, AVAILABLE, LAPSED, 30_00)
    scene.now = at("2026-05-10 12:00")
    assert scene.change_validity(certificate, "2026-05-31").is_approved
    assert (70_00, 0, 0, 30_00) == scene.balance(certificate)


def test_an_earlier_last_day_lapses_at_once_and_a_later_one_restores() -> None:
    """An act may end a certificate in the past, and another may undo that."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    assert scene.change_validity(certificate, "2026-03-01").is_approved
    assert (0, 0, 0, 100_00) == scene.balance(certificate)
    assert scene.change_validity(certificate, "2026-03-10").is_approved
    assert (100_00, 0, 0, 0) == scene.balance(certificate)
    assert Reason.ALREADY_IN_STATE == scene.change_validity(certificate, "2026-03-10").reason


def test_a_validity_that_ends_before_it_begins_is_told_first() -> None:
    """The order of reasons: also of a withdrawn certificate."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    scene.withdraw(certificate)
    assert Reason.VALIDITY_INVALID == scene.change_validity(certificate, "2025-12-31").reason


def test_blocks_of_certificate_and_account_are_independent() -> None:
    """Each is set and lifted by itself; what is so already is told."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    for target in (certificate, None):
        assert scene.block(target).is_approved
        assert Reason.ALREADY_IN_STATE == scene.block(target).reason
    assert scene.block(None, is_blocked=False).is_approved
    assert CertificateState.BLOCKED is scene.account.certificates[certificate].state
    assert scene.block(certificate, is_blocked=False).is_approved
    assert Reason.ALREADY_IN_STATE == scene.block(certificate, is_blocked=False).reason


def test_a_correction_moves_points_by_a_document_within_the_balance() -> None:
    """Between available and lapsed, both ways, never more than there is."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    scene.hold(line(1, 10_00))
    assert Reason.AMOUNT_ABOVE_BALANCE == scene.correct(certificate, AVAILABLE, LAPSED, 90_01).reason
    assert scene.correct(certificate, AVAILABLE, LAPSED, 90_00).is_approved
    assert (0, 10_00, 0, 90_00) == scene.balance(certificate)
    assert scene.correct(certificate, LAPSED, AVAILABLE, 40_00).is_approved
    assert (40_00, 10_00, 0, 50_00) == scene.balance(certificate)


def test_a_correction_cannot_make_points_available_after_the_last_day() -> None:
    """That is what a change of validity is for; it is told before an amount above the balance."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00, "2026-04-30")
    scene.now = at("2026-05-01 00:00")
    assert Reason.VALIDITY_INVALID == scene.correct(certificate, LAPSED, AVAILABLE, 200_00).reason


@pytest.mark.parametrize(
    ("source", "target", "amount_kopecks"),
    [
        (Bucket.SPENT, AVAILABLE, 1),
        (AVAILABLE, AVAILABLE, 1),
        (AVAILABLE, LAPSED, 0),
        (AVAILABLE, LAPSED, -1),
    ],
)
def test_other_corrections_cannot_even_be_said(source: Bucket, target: Bucket, amount_kopecks: int) -> None:
    """Spent points come back by refund, held ones by void; nothing moves backwards."""
    with pytest.raises(ValueError, match="a correction moves points"):
        Correct(UUID(int=1), UUID(int=2), source, target, amount_kopecks, "doc")


def test_a_certificate_of_another_account_is_unknown() -> None:
    """A command that names one is declined, not an error of ours."""
    scene = Scene()
    stranger = UUID(int=5)
    assert Reason.CERTIFICATE_UNKNOWN == scene.withdraw(stranger).reason
    assert Reason.CERTIFICATE_UNKNOWN == scene.change_validity(stranger, "2026-12-31").reason
    assert Reason.CERTIFICATE_UNKNOWN == scene.block(stranger).reason
    assert Reason.CERTIFICATE_UNKNOWN == scene.correct(stranger, AVAILABLE, LAPSED, 1).reason
