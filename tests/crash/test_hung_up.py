"""Tills that lose patience while their commands wait: the gateway decides them all the same, and lives."""

from tests.crash.cutting import accounts_locked, waited_for
from tests.crash.harness import Town, audit
from tests.crash.processes import GatewayProcess, eventually
from tests.crash.tills import begin_sale, tills_at

SEED = 20261130
HASTY = 40


async def test_calls_that_are_cut_off_before_their_turn_are_decided_all_the_same(
    town: Town, gateway: GatewayProcess
) -> None:
    """They are read when their turn comes, and gRPC, which has forgotten them, must not be asked then."""
    async with tills_at(town.clients, gateway.address) as tills, town.connect() as owner:
        async with accounts_locked(town, 1) as locker:
            first = begin_sale(tills[0], town.cards[0])
            await eventually(lambda: waited_for(owner, locker), "the sale waits for its account")
            hasty = [begin_sale(tills[1], town.cards[1]) for _ in range(HASTY)]

            async def are(count: int) -> bool:
                return count == sum((await gateway.in_flight()).values())

            await eventually(lambda: are(HASTY + 1), "all calls have begun")
            for call in hasty:
                call.cancel()
            await eventually(lambda: are(1), "all calls but one are cut off")
        await first
        journal = await audit(town, tills, SEED)
    assert HASTY + 1 == len(journal.sent)
