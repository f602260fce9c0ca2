"""Two gateways on one database: one is killed or frozen, and its tills go on at the other, same ids."""

import asyncio
import signal
from pathlib import Path

from tests.crash.cutting import accounts_locked, waited_for
from tests.crash.harness import Town, assert_clean, audit
from tests.crash.processes import GatewayProcess, eventually
from tests.crash.tills import Manner, begin_sale, shopping, tills_at

SEED = 20261124


async def test_tills_of_a_killed_or_frozen_gateway_go_on_at_another_with_the_same_ids(
    town: Town, gateway: GatewayProcess, tmp_path: Path
) -> None:
    """Both gateways write the same accounts; what one has decided the other answers byte for byte."""
    with GatewayProcess(town.settings, tmp_path / "second.log") as second:
        await second.start_ready()
        async with tills_at(town.clients, gateway.address, second.address) as tills, town.connect() as owner:
            # What a dead gateway has left open is asked at the other one, until the answer is there.
            manner = Manner(timeout_s=2.0, hasty=0.05, resends=6)
            async with shopping(tills[1:], town.cards[1:], SEED, manner) as load:
                await load.progress(200)
                # The first till keeps out of the crowd, so that the kill surely meets its sale being written.
                async with accounts_locked(town, 1) as locker:
                    sale = begin_sale(tills[0], town.cards[0])
                    await eventually(lambda: waited_for(owner, locker), "the sale waits for its account")
                    await asyncio.to_thread(gateway.kill)
                    assert ["UNAVAILABLE"] == (await sale).errors
                assert await tills[0].deliver(sale.result())
                await load.progress(200)
                await gateway.start_ready()
                await load.progress(50)
                # Frozen, its tills lose patience and ask the other one; then it wakes with what it had begun.
                second.send_signal(signal.SIGSTOP)
                try:
                    await load.progress(100)
                finally:
                    second.send_signal(signal.SIGCONT)
                await load.progress(50)
                await assert_clean(town)
            await audit(town, tills, SEED)
