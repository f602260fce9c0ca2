"""Which certificates pay, and in what order (design section 5)."""

from datetime import date
from uuid import UUID

from gateway.domain.reasons import Reason
from tests.builders import (
    CHILDREN,
    DURABLE,
    FOOD,
    FRIDGE,
    KEEPS_REST,
    MILK,
    TOY,
    Scene,
    at,
    basket,
    declined_purchase,
    line,
)


def test_the_earliest_expiry_pays_first_then_the_lower_id() -> None:
    """Points that would lapse first are spent first."""
    scene = Scene()
    late = scene.issue(FOOD, 100_00, "2026-12-31")
    early, twin = scene.issue(FOOD, 30_00, "2026-04-30"), scene.issue(FOOD, 30_00, "2026-04-30")
    purchase = scene.hold(line(1, 70_00))
    assert [(early, 30_00), (twin, 30_00), (late, 10_00)] == list(purchase.held_by_certificate().items())


def test_an_early_certificate_gives_way_where_another_can_only_pay_there() -> None:
    """The largest covered amount comes first: the general certificate leaves the milk to the food one."""
    scene = Scene()
    scene.issue(CHILDREN, 1, "2026-04-30")
    general = scene.issue(scene.lists.programs["any", 1], 50_00, "2026-05-31")
    food = scene.issue(FOOD, 50_00, "2026-06-30")
    purchase = scene.hold(basket(line(1, 50_00, MILK), line(2, 50_00, FRIDGE)))
    assert {food: 50_00, general: 50_00} == purchase.held_by_certificate()


def test_points_that_do_not_cover_the_eligible_lines_are_declined_with_the_sum() -> None:
    """Without accept_partial the buyer is asked first; with it the balance is approved."""
    scene = Scene()
    certificate = scene.issue(FOOD, 30_00)
    outcome = scene.authorize(line(1, 70_00))
    assert 0 == declined_purchase(outcome, Reason.INSUFFICIENT_POINTS).approved_kopecks
    assert 30_00 == outcome.available_kopecks
    assert {certificate: 30_00} == scene.hold(line(1, 70_00), accept_partial=True).held_by_certificate()


def test_an_empty_certificate_cannot_pay_even_partially() -> None:
    """A balance of nothing is a decline also with accept_partial."""
    scene = Scene()
    scene.issue(FOOD, 30_00)
    scene.sale(line(1, 30_00))
    outcome = scene.authorize(line(1, 10_00), accept_partial=True)
    assert Reason.INSUFFICIENT_POINTS == outcome.reason
    assert 0 == outcome.available_kopecks


def test_at_most_eight_certificates_take_part() -> None:
    """The first eight in order of payment, of those that have points and may pay a line."""
    scene = Scene()
    ids = [scene.issue(FOOD, 10_00) for _ in range(9)]
    assert Reason.INSUFFICIENT_POINTS == scene.authorize(line(1, 90_00)).reason
    assert ids[:8] == list(scene.hold(line(1, 80_00)).held_by_certificate())
    assert ids[8:] == list(scene.hold(line(1, 10_00)).held_by_certificate())


def test_named_certificates_alone_take_part() -> None:
    """The buyer may choose; a certificate of another card is refused by name."""
    scene = Scene()
    first, second = scene.issue(FOOD, 100_00), scene.issue(FOOD, 100_00)
    purchase = scene.hold(line(1, 10_00), certificate_ids=(second,))
    assert {second: 10_00} == purchase.held_by_certificate()
    assert (
        Reason.CERTIFICATE_UNKNOWN == scene.authorize(line(1, 1), certificate_ids=(first, UUID(int=1))).reason
    )


def test_a_named_program_alone_takes_part() -> None:
    """A program that the card does not hold is told."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    children = scene.issue(CHILDREN, 100_00)
    goods = basket(line(1, 10_00, MILK), line(2, 10_00, TOY))
    assert {children: 10_00} == scene.hold(goods, program_code="children").held_by_certificate()
    assert Reason.PROGRAM_NOT_HELD == scene.authorize(goods, program_code="durable").reason


def test_a_one_shot_certificate_takes_part_only_if_its_program_is_named() -> None:
    """It is never spent by accident in an ordinary basket, not even when it is named by its id."""
    scene = Scene()
    durable = scene.issue(DURABLE, 100_00)
    fridge = line(1, 80_00, FRIDGE)
    assert Reason.NO_USABLE_CERTIFICATE == scene.authorize(fridge).reason
    assert Reason.NO_USABLE_CERTIFICATE == scene.authorize(fridge, certificate_ids=(durable,)).reason
    assert {durable: 80_00} == scene.hold(fridge, program_code="durable").held_by_certificate()


def test_a_one_shot_program_is_used_alone() -> None:
    """The food certificate of the same card pays nothing in a purchase of a one-shot program."""
    scene = Scene()
    scene.issue(FOOD, 100_00)
    durable = scene.issue(DURABLE, 100_00)
    goods = basket(line(1, 80_00, FRIDGE), line(2, 10_00, MILK))
    assert {durable: 80_00} == scene.hold(goods, program_code="durable").held_by_certificate()


def test_the_rest_of_a_one_shot_certificate_lapses_at_capture_and_is_told_before() -> None:
    """Until the capture nothing lapses; the authorization says how much will."""
    scene = Scene()
    durable = scene.issue(DURABLE, 100_00)
    outcome = scene.authorize(line(1, 80_00, FRIDGE), program_code="durable")
    assert outcome.purchase is not None
    assert 20_00 == outcome.rest_lapses_kopecks
    assert (20_00, 80_00, 0, 0) == scene.balance(durable)
    scene.capture(outcome.purchase)
    assert (0, 0, 80_00, 20_00) == scene.balance(durable)


def test_the_rest_stays_where_the_program_says_so() -> None:
    """Lapsing is a default of the program, not law."""
    scene = Scene()
    kept = scene.issue(KEEPS_REST, 100_00)
    outcome = scene.authorize(line(1, 80_00, FRIDGE), program_code="keeps_rest", is_sale=True)
    assert 0 == outcome.rest_lapses_kopecks
    assert (20_00, 0, 80_00, 0) == scene.balance(kept)


def test_not_yet_valid_blocked_and_expired_certificates_take_no_part() -> None:
    """Validity is half-open in Moscow days; a block ends with an unblock."""
    scene = Scene(now=at("2026-04-30 23:59"))
    certificate = scene.issue(FOOD, 100_00, "2026-04-30")
    assert scene.authorize(line(1, 1)).is_approved
    scene.block(certificate)
    assert Reason.NO_USABLE_CERTIFICATE == scene.authorize(line(1, 1)).reason
    scene.block(certificate, is_blocked=False)
    assert scene.authorize(line(1, 1)).is_approved
    scene.now = at("2026-05-01 00:00")
    assert Reason.NO_USABLE_CERTIFICATE == scene.authorize(line(1, 1)).reason
    scene.issue(FOOD, 100_00, "2026-06-30", first_day=date(2026, 5, 2))
    assert Reason.NO_USABLE_CERTIFICATE == scene.authorize(line(1, 1)).reason
    scene.now = at("2026-05-02 00:00")
    assert scene.authorize(line(1, 1)).is_approved
