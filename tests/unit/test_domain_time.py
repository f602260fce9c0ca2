"""Truth 7: time decides, not a sweeper."""

from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from gateway.domain.commands import Expire
from gateway.domain.policy import Policy, day_end, moscow_date
from gateway.domain.purchase import PurchaseState
from gateway.domain.reasons import Reason
from tests.builders import CHILDREN, FOOD, TOY, Scene, at, basket, book, line


def test_a_hold_reserves_nothing_from_its_very_end() -> None:
    """One second before its end the points are held, at its end they are there for anyone."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 60_00))
    scene.now = purchase.hold_expires_at - timedelta(seconds=1)
    assert Reason.INSUFFICIENT_POINTS == scene.authorize(line(1, 100_00)).reason
    scene.now = purchase.hold_expires_at
    assert scene.authorize(line(1, 100_00)).is_approved
    assert PurchaseState.EXPIRED == scene.stored(purchase).state
    assert purchase.hold_expires_at == scene.stored(purchase).closed_at


def test_the_state_of_an_expired_hold_is_told_without_any_command() -> None:
    """What is stored says AUTHORIZED until the next decision; asked at an instant it is EXPIRED."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 60_00))
    assert PurchaseState.AUTHORIZED == purchase.state_at(purchase.hold_expires_at - timedelta(microseconds=1))
    assert PurchaseState.EXPIRED == purchase.state_at(purchase.hold_expires_at)


def test_the_shortest_hold_time_of_the_paying_programs_counts() -> None:
    """A program may set its own; one that sets none has the setting's, and both bind a mixed hold."""
    quick, slow = replace(FOOD, hold_ttl_s=60), replace(CHILDREN, hold_ttl_s=7200)
    scene = Scene(lists=book(quick, slow), policy=Policy(hold_ttl=timedelta(minutes=10)))
    scene.issue(quick, 100_00)
    scene.issue(slow, 100_00)
    assert scene.now + timedelta(hours=2) == scene.hold(line(1, 1_00, TOY)).hold_expires_at
    assert scene.now + timedelta(minutes=1) == scene.hold(line(1, 1_00)).hold_expires_at
    mixed = basket(line(1, 1_00), line(2, 1_00, TOY))
    assert scene.now + timedelta(minutes=1) == scene.hold(mixed).hold_expires_at
    scene.lists = book(slow)
    assert scene.now + timedelta(minutes=10) == scene.hold(mixed).hold_expires_at


def test_a_hold_that_ends_in_time_gives_its_points_back() -> None:
    """They can be spent until the certificate's last day ends, then they lapse."""
    scene = Scene(now=at("2026-04-30 23:00"))
    certificate = scene.issue(FOOD, 100_00, "2026-04-30")
    scene.hold(line(1, 60_00))
    scene.now = at("2026-04-30 23:59")
    scene.do(Expire(UUID(int=1), 1))
    assert (100_00, 0, 0, 0) == scene.balance(certificate)
    scene.now = at("2026-05-01 00:00")
    scene.do(Expire(UUID(int=1), 1))
    assert (0, 0, 0, 100_00) == scene.balance(certificate)


def test_a_hold_that_outlives_the_certificate_lapses_with_it() -> None:
    """Only the rest lapses at the last day's end; the hold stays live and lapses at its own."""
    scene = Scene(now=at("2026-04-30 23:50"))
    certificate = scene.issue(FOOD, 100_00, "2026-04-30")
    purchase = scene.hold(line(1, 60_00))
    scene.now = at("2026-05-01 00:10")
    scene.do(Expire(UUID(int=1), 1))
    assert (0, 60_00, 0, 40_00) == scene.balance(certificate)
    scene.now = at("2026-05-01 00:20")
    scene.do(Expire(UUID(int=1), 1))
    assert (0, 0, 0, 100_00) == scene.balance(certificate)
    assert {certificate: 60_00} == scene.stored(purchase).lapsed_from_hold


@pytest.mark.parametrize("visits", [(), ("2026-04-30 23:55",), ("2026-05-01 00:05", "2026-05-01 00:30")])
def test_looking_late_gives_the_same_balances_as_looking_in_time(visits: tuple[str, ...]) -> None:
    """Two holds, one that ends before and one after the last day: it does not matter who looked when."""
    scene = Scene(now=at("2026-04-30 23:20"))
    certificate = scene.issue(FOOD, 100_00, "2026-04-30")
    first = scene.hold(line(1, 10_00))
    second = scene.after(minutes=20).hold(line(1, 20_00))
    for visit in (*visits, "2026-05-02 00:00"):
        scene.now = at(visit)
        scene.do(Expire(UUID(int=1), 1))
    assert (0, 0, 0, 100_00) == scene.balance(certificate)
    assert {} == scene.stored(first).lapsed_from_hold
    assert {certificate: 20_00} == scene.stored(second).lapsed_from_hold


def test_a_declined_command_does_not_even_book_what_time_did() -> None:
    """The account stays exactly as it was; the next approved command finds the same again."""
    scene = Scene()
    certificate = scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 60_00))
    scene.after(hours=1)
    assert Reason.INSUFFICIENT_POINTS == scene.authorize(line(1, 101_00)).reason
    assert PurchaseState.AUTHORIZED == scene.stored(purchase).state
    assert (40_00, 60_00, 0, 0) == scene.balance(certificate)
    scene.hold(line(1, 100_00))
    assert (0, 100_00, 0, 0) == scene.balance(certificate)


def test_nothing_to_expire_is_declined() -> None:
    """An idle account on which time did nothing is left alone."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    assert Reason.ALREADY_IN_STATE == scene.do(Expire(UUID(int=1), 1)).reason


def test_days_are_moscow_days() -> None:
    """21:00 UTC is midnight in Moscow; validity is half-open."""
    assert at("2026-05-01 00:00") == day_end(moscow_date(at("2026-04-30 00:00")))
    assert moscow_date(at("2026-04-30 23:59")) < moscow_date(at("2026-05-01 00:00"))
