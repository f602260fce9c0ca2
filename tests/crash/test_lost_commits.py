"""The database connection is lost at the COMMIT itself: before it, and after it when only its answer is missing.

A till's command then has one outcome, which the gateway finds by reading before it decides again.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.runtime.embedded import EmbeddedPostgres
from tests import wire_kit
from tests.crash.cutting import (
    accounts_locked,
    end_backend,
    the_backend_waiting,
    wire_to_database,
)
from tests.crash.harness import Town, audit
from tests.crash.journal import Sent
from tests.crash.processes import GatewayProcess, eventually
from tests.crash.tills import Manner, Till, shopping, tills_at
from tillgate.v1 import purchase_pb2 as wire

SEED = 20261125

# A sequence counts on in a transaction that comes to nothing, so the next attempt gets through.
_DIE_BEFORE_COMMIT = """
CREATE SEQUENCE countdown;
CREATE FUNCTION die_at_times() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF nextval('countdown') % 40 = 7 THEN
    PERFORM pg_terminate_backend(pg_backend_pid());
    PERFORM pg_sleep(60);
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER die_at_commit AFTER INSERT ON outcome
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die_at_times();
"""


@pytest.fixture
async def tills(town: Town, gateway: GatewayProcess) -> AsyncIterator[list[Till]]:
    """The tills of the town, at its gateway."""
    async with tills_at(town.clients, gateway.address) as made:
        yield made


def sale_of(town: Town, card: int = 0) -> asyncio.Task[Sent]:
    raise NotImplementedError


async def outcomes_of(town: Town, sent_or_id: str) -> int:
    """How many outcomes a request id has, as the database says."""
    async with town.connect() as connection:
        count: int = await connection.fetchval(
            "SELECT count(*) FROM outcome WHERE request_id = $1::uuid", sent_or_id
        )
    return count
