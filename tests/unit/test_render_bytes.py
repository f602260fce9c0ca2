"""The signed bytes are those of the plain way to build them, for whatever happens to purchases."""

from dataclasses import dataclass
from random import Random
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.domain.commands import CaptureLine, Command, Issue, RefundLine
from gateway.domain.outcome import Outcome
from gateway.domain.purchase import Purchase
from gateway.registry.signing import OutcomeSigner
from gateway.rpc.seal import Sealer
from tests.builders import (
    BEER,
    BOOK,
    BREAD,
    CAPPED,
    COAT,
    DURABLE,
    FOOD,
    FRIDGE,
    MILK,
    POINTS_ONLY,
    SOAP,
    VODKA,
    WATER,
    Scene,
    basket,
    line,
    receipt,
)
from tests.render_reference import plain_bytes

SEALER = Sealer(OutcomeSigner("key-1", Ed25519PrivateKey.generate()), lambda _: BOOK)
GOODS = (MILK, BREAD, WATER, BEER, VODKA, FRIDGE, COAT, SOAP, "")


@dataclass
class ComparedScene(Scene):
    """A scene that seals every outcome of a till and compares it with the reference."""

    compared: int = 0

    def do(self, command: Command, target_id: UUID | None = None) -> Outcome:
        """Decide, seal, compare."""
        outcome = super().do(command, target_id)
        if not isinstance(command, Issue):
            certificates = self.account.certificates
            expected = plain_bytes(command, outcome, certificates, self.now, self.lists)
            assert expected == SEALER.seal(command, outcome, certificates, self.now).signed_payload
            self.compared += 1
        return outcome


def buy(scene: ComparedScene, random: Random) -> Purchase | None:
    """A hold or a sale of a random basket, of a program or of any; None if it was declined."""
    lines = [
        line(number, random.randrange(1, 3_000_00), random.choice(GOODS), random.choice((1000, 250, 3000)))
        for number in range(1, random.randrange(2, 9))
    ]
    amount = sum(item.amount_kopecks for item in lines)
    outcome = scene.authorize(
        basket(*lines, rounding_kopecks=random.randrange(min(100, amount))),
        program_code=random.choice(("", "", "food", "durable", "points_only", "capped")),
        accept_partial=random.random() < 0.7,
        is_sale=random.random() < 0.4,
    )
    return outcome.purchase if outcome.is_approved else None


def go_on(scene: ComparedScene, purchase: Purchase, random: Random) -> None:
    """One more command on a purchase, whether it may be done or not."""
    scene.after(minutes=random.choice((1, 5, 40)))
    numbers = [item.line.line_number for item in purchase.lines]
    random.shuffle(numbers)
    some = numbers[: random.randrange(1, len(numbers) + 1)]
    by_number = {item.line.line_number: item.line for item in purchase.lines}
    match random.randrange(6):
        case 0:
            scene.capture(purchase, receipts=(receipt(purchase.authorized_at),))
        case 1:
            asked = [CaptureLine(n, by_number[n].quantity_milli, by_number[n].amount_kopecks) for n in some]
            scene.capture(purchase, *asked)
        case 2:
            scene.void(purchase)
        case 3:
            scene.refund(purchase, *(RefundLine(n, random.choice((50, 250, 1000))) for n in some))
        case 4:
            scene.refund(purchase)
        case 5:
            scene.attach(purchase, receipt(scene.now, document=random.randrange(1, 99)))


@pytest.mark.parametrize("seed", range(12))
def test_signed_bytes_are_those_of_the_plain_way(seed: int) -> None:
    """Holds, sales, captures whole, by line and late, voids, refunds, receipts, and all their declines."""
    random = Random(seed)
    scene = ComparedScene(card_stopped=False)
    for program in (FOOD, FOOD, CAPPED, POINTS_ONLY, DURABLE):
        scene.issue(program, random.randrange(1, 9_000_00))
    purchases: list[Purchase] = []
    for _ in range(40):
        if purchases and random.random() < 0.6:
            go_on(scene, random.choice(purchases), random)
        elif made := buy(scene, random):
            purchases.append(made)
        scene.card_stopped = bool(purchases) and random.random() < 0.1
    assert purchases
    assert 40 == scene.compared
