"""The line to the database falls silent: nothing arrives any more, and nobody says that it is broken."""

from pathlib import Path

from tests.crash.cutting import wire_to_database
from tests.crash.harness import Town, audit
from tests.crash.processes import GatewayProcess
from tests.crash.tills import Manner, shopping, tills_at

SEED = 20261128


async def test_a_database_that_falls_silent_under_load_is_given_up_for_a_new_connection(
    town: Town, tmp_path: Path
) -> None:
    """As when its host loses power: no packet ends the connection, and waiting would be for ever."""
    async with wire_to_database(town) as (line, settings):
        quick = {"TILLGATE_DATABASE_SILENCE_S": "1"}
        with GatewayProcess(settings | quick, tmp_path / "far.log") as gateway:
            await gateway.start_ready()
            async with tills_at(town.clients, gateway.address) as tills:
                async with shopping(tills, town.cards, SEED, Manner(timeout_s=30.0)) as load:
                    await load.progress(100)
                    line.silence()
                    await load.progress(100)
                await audit(town, tills, SEED)
