"""Price ceilings: points pay at most so much a unit, the rest of the line is own money."""

from msgspec.structs import replace

from gateway.domain.category import PriceCeiling
from gateway.domain.commands import CaptureLine
from gateway.domain.reasons import LineReason
from tests.builders import BREAD, CAPPED, FOOD, MILK, WATER, Scene, basket, book, line, purchase_of


def test_points_pay_up_to_the_ceiling_of_each_unit() -> None:
    """Two bottles at 75.00 under a ceiling of 60.00: points pay 120.00, the buyer 30.00."""
    scene = Scene()
    scene.issue(CAPPED, 1000_00)
    purchase = scene.hold(line(1, 150_00, MILK, quantity_milli=2000))
    assert 120_00 == purchase.approved_kopecks
    assert purchase.lines[0].is_capped
    assert LineReason.ALLOWED == purchase.lines[0].reason


def test_a_ceiling_of_a_weighed_quantity_is_rounded_down() -> None:
    """0.335 kg under 0.50 a kilogram are 0.1675: points pay 16 kopecks, never 17."""
    scene = Scene()
    scene.issue(CAPPED, 1000_00)
    assert 16 == scene.hold(line(1, 25_00, BREAD, quantity_milli=335)).approved_kopecks


def test_the_longest_prefix_sets_the_ceiling_and_other_goods_have_none() -> None:
    """Bread has a ceiling of its own under that of food; water has none."""
    scene = Scene()
    scene.issue(CAPPED, 1000_00)
    purchase = scene.hold(basket(line(1, 100_00, BREAD), line(2, 100_00, MILK), line(3, 100_00, WATER)))
    assert [50, 60_00, 100_00] == [item.approved_kopecks for item in purchase.lines]


def test_a_line_below_its_ceiling_is_not_capped() -> None:
    """The ceiling is no floor: points pay what the line costs."""
    scene = Scene()
    scene.issue(CAPPED, 1000_00)
    purchase = scene.hold(line(1, 59_99, MILK))
    assert 59_99 == purchase.approved_kopecks
    assert not purchase.lines[0].is_capped


def test_two_certificates_of_one_program_share_one_ceiling() -> None:
    """A second certificate does not raise what points pay of a unit."""
    scene = Scene()
    first, second = scene.issue(CAPPED, 40_00), scene.issue(CAPPED, 1000_00)
    assert {first: 40_00, second: 20_00} == scene.hold(line(1, 75_00, MILK)).held_by_certificate()


def test_a_program_without_ceiling_does_not_raise_the_ceiling_of_another() -> None:
    """Two capped certificates pay 60.00 of a bottle at 75.00, though a free one may pay all of it."""
    scene = Scene()
    first, second = scene.issue(CAPPED, 40_00), scene.issue(CAPPED, 1000_00)
    free = scene.issue(FOOD, 5_00)
    purchase = scene.hold(line(1, 75_00), accept_partial=True)
    assert {first: 40_00, second: 20_00, free: 5_00} == purchase.held_by_certificate()


def test_another_program_pays_above_the_ceiling_of_the_first() -> None:
    """Each certificate goes by its own program; together they pay at most the highest limit."""
    scene = Scene()
    capped, free = scene.issue(CAPPED, 1000_00), scene.issue(FOOD, 10_00)
    assert {capped: 60_00, free: 10_00} == scene.hold(
        line(1, 75_00), accept_partial=True
    ).held_by_certificate()


def test_a_capture_of_fewer_units_keeps_the_ceiling() -> None:
    """One of two bottles at 75.00 is captured: points pay 60.00 of it, not 75.00."""
    scene = Scene()
    certificate = scene.issue(CAPPED, 1000_00)
    purchase = scene.hold(line(1, 150_00, MILK, quantity_milli=2000))
    done = purchase_of(scene.capture(purchase, CaptureLine(1, 1000, 75_00))).made_capture
    assert 60_00 == done.points_kopecks
    assert (940_00, 0, 60_00, 0) == scene.balance(certificate)


def test_a_capture_of_fewer_units_keeps_the_ceiling_over_several_certificates() -> None:
    """Two certificates that shared 120.00 of two bottles pay 60.00 of one, the first one first."""
    scene = Scene()
    first, second = scene.issue(CAPPED, 40_00), scene.issue(CAPPED, 1000_00)
    purchase = scene.hold(line(1, 150_00, MILK, quantity_milli=2000))
    assert {first: 40_00, second: 80_00} == purchase.held_by_certificate()
    done = purchase_of(scene.capture(purchase, CaptureLine(1, 1000, 75_00))).made_capture
    assert [(first, 40_00), (second, 20_00)] == [
        (s.certificate_id, s.amount_kopecks) for s in done.lines[0].shares
    ]


def test_a_ceiling_of_zero_pays_nothing() -> None:
    """Goods with a ceiling of zero are bought with own money."""
    scene = Scene(lists=book(replace(CAPPED, ceilings=(PriceCeiling("10.51", 0),))))
    scene.issue(CAPPED, 1000_00)
    purchase = scene.hold(basket(line(1, 10_00, MILK), line(2, 10_00, BREAD)))
    assert [0, 10_00] == [item.approved_kopecks for item in purchase.lines]
