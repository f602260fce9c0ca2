"""Time decides, not the sweeper: whether an account is swept early, often or never changes no decision."""

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.commands import Expire
from gateway.domain.outcome import Outcome
from gateway.domain.policy import Policy, RefundAfterExpiry
from gateway.domain.reasons import Reason
from tests.builders import DURABLE, FOOD, FRIDGE, MILK, Scene, at, line, receipt

SWEEP = Expire(UUID(int=7), 1)

# Certificates end at midnight of the 10th and of the 11th; the scene begins on the 10th at noon.
ACTIONS = st.sampled_from(
    (
        "hold",
        "one-shot",
        "sale",
        "capture",
        "late",
        "void",
        "refund",
        "extend",
        "shorten",
        "withdraw",
        "replace",
    )
)
PAUSES_MIN = st.sampled_from((0, 5, 31, 200, 700, 1500))


class Twins:
    """The same commands on two accounts, of which one is swept whenever time passes."""

    def __init__(self, policy: Policy) -> None:
        self.lazy, self.eager = Scene(policy=policy), Scene(policy=policy)
        for scene in (self.lazy, self.eager):
            self.certificates = (
                scene.issue(FOOD, 300_00, "2026-03-10"),
                scene.issue(FOOD, 200_00, "2026-03-11"),
                scene.issue(DURABLE, 900_00, "2026-03-11"),
            )

    def pause(self, minutes: int) -> None:
        """Time passes on both; one of them is swept."""
        for scene in (self.lazy, self.eager):
            scene.now += timedelta(minutes=minutes)
        swept = self.eager.do(SWEEP)
        self.lazy.next_id()
        assert swept.reason in (None, Reason.ALREADY_IN_STATE)

    def act(self, scene: Scene, action: str, which: int, amount_kopecks: int) -> Outcome | None:
        """One action on one twin; the n-th purchase of it, if it needs one."""
        certificate_id = self.certificates[which % len(self.certificates)]
        known = list(scene.account.purchases.values())
        match action:
            case "hold":
                return scene.authorize(line(1, amount_kopecks, MILK), accept_partial=True)
            case "sale":
                return scene.authorize(line(1, amount_kopecks, MILK), accept_partial=True, is_sale=True)
            case "one-shot":
                return scene.authorize(line(1, amount_kopecks, FRIDGE), program_code=DURABLE.code)
            case "extend":
                return scene.change_validity(certificate_id, "2026-03-14")
            case "shorten":
                return scene.change_validity(certificate_id, "2026-03-10")
            case "withdraw":
                return scene.withdraw(certificate_id)
        if not known:
            return None
        purchase = known[which % len(known)]
        match action:
            case "capture":
                return scene.capture(purchase)
            case "late":
                return scene.capture(purchase, receipts=(receipt(purchase.authorized_at, which),))
            case "void":
                return scene.void(purchase)
            case "refund":
                return scene.refund(purchase)
            case _:
                return scene.authorize(
                    line(1, amount_kopecks, MILK), replaces=purchase.id, accept_partial=True
                )


@given(
    steps=st.lists(
        st.tuples(PAUSES_MIN, ACTIONS, st.integers(0, 9), st.integers(1, 400_00)), min_size=1, max_size=25
    ),
    after_expiry=st.sampled_from(RefundAfterExpiry),
)
def test_decisions_are_the_same_swept_or_not(
    steps: list[tuple[int, str, int, int]], after_expiry: RefundAfterExpiry
) -> None:
    """Every answer and every balance after it, over holds that end before and after their certificates."""
    twins = Twins(Policy(refund_after_expiry=after_expiry))
    for minutes, action, which, amount_kopecks in steps:
        twins.pause(minutes)
        lazy = twins.act(twins.lazy, action, which, amount_kopecks)
        eager = twins.act(twins.eager, action, which, amount_kopecks)
        assert lazy == eager
        if lazy is not None and lazy.is_approved:
            assert twins.lazy.account.certificates == twins.eager.account.certificates
    twins.pause(0)
    twins.lazy.do(SWEEP)
    assert twins.lazy.account.certificates == twins.eager.account.certificates
    assert twins.lazy.account.purchases == twins.eager.account.purchases


def test_a_hold_that_outlives_its_certificate_is_lapsed_the_same_late_or_in_time() -> None:
    """Swept at midnight and at the hold's end, or only a day later: the same columns."""
    balances = []
    for sweeps in ((), ("2026-03-11 00:00", "2026-03-11 00:20")):
        scene = Scene(now=at("2026-03-10 23:50"))
        certificate_id = scene.issue(FOOD, 500_00, "2026-03-10")
        held = scene.hold(line(1, 400_00))
        for instant in (*sweeps, "2026-03-12 00:00"):
            scene.now = at(instant)
            scene.do(SWEEP)
        lapsed = scene.stored(held).lapsed_from_hold
        balances.append((scene.balance(certificate_id), lapsed == {certificate_id: 400_00}))
    assert [((0, 0, 0, 500_00), True)] * 2 == balances
