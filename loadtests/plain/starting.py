"""What the plain ledger stands on: its pool, and a gateway that is otherwise the one that is shipped."""

from dataclasses import replace
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gateway.runtime.bootstrap import LedgerParts, start_ledger
from gateway.runtime.hosts import HOST_TIMEOUT_S, Hosts
from gateway.runtime.keys import GatewayKeys
from gateway.runtime.settings import Settings
from loadtests.plain.ledger import PlainLedger

POOL_SIZE: Final = 16


def make_plain_engine(
    url: str, *, silence_s: float, lock_wait_s: float, pool_size: int = POOL_SIZE
) -> AsyncEngine:
    """A tuned engine: prepared statements, one fast JSON codec, no question to a connection before its use.

    A command that gets a connection which was lost meanwhile notices, and tries again. Times as for the
    gateway's own engine.
    """
    session = {
        "timezone": "UTC",
        "application_name": "tillgate",
        "lock_timeout": f"{lock_wait_s * 1000:.0f}",
        # Each statement goes by keys; planned anew for each array of keys, a look-up costs more than its run.
        "plan_cache_mode": "force_generic_plan",
    }
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        json_serializer=_to_json,
        json_deserializer=_as_it_is,
        connect_args={
            "async_creator_fn": Hosts().connect,
            "server_settings": session,
            "timeout": HOST_TIMEOUT_S,
            "command_timeout": silence_s,
        },
    )


def _to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _as_it_is(document: str) -> str:
    """The reader of a column knows its type, and decodes it in one step."""
    return document


async def start_plain_ledger(
    settings: Settings, keys: GatewayKeys, *, pool_size: int = POOL_SIZE
) -> LedgerParts:
    """The parts of a gateway, with a plain ledger where the committer was; it decides by the same things."""
    parts = await start_ledger(settings, keys)
    unused = parts.committer
    await unused.stop()
    engine = make_plain_engine(
        settings.database_url,
        silence_s=settings.database_silence_s,
        lock_wait_s=settings.decision_max_age_s,
        pool_size=pool_size,
    )
    plain = PlainLedger(
        engine,
        unused.rules,
        unused.seal,
        unused.registry,
        unused.observer,
        settings.queue_limit,
        unused.goods,
    )
    return replace(parts, committer=plain)
