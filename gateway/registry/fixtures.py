"""Example merchants with their tills, registered and with keys on disk, for development, demo and tests.

Names and numbers are fictional: no tax office has the code 0000.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table, func, select, update
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.registry.identity import ensure_client
from gateway.registry.pki import IssuingAuthority
from gateway.registry.requisites import with_inn_check_digits
from gateway.registry.schema import (
    agreement,
    agreement_program,
    client_key,
    concentrator,
    concentrator_outlet,
    merchant,
    outlet,
    terminal,
)

IN_FORCE_FROM = date(2022, 3, 1)


@dataclass(frozen=True, slots=True)
class ClientFolder:
    """A client that may connect; `folder` has cert.pem, key.pem, ca.pem, outcome_keys.json and terminal.json
    or concentrator.json."""

    merchant_id: int
    terminal_ids: tuple[int, ...]
    folder: Path


@dataclass(frozen=True, slots=True)
class Fixture:
    """What `make_fixture` made or found: every terminal, and a concentrator of the first merchant."""

    merchant_ids: tuple[int, ...]
    terminals: tuple[ClientFolder, ...]
    concentrator: ClientFolder


async def make_fixture(
    engine: AsyncEngine,
    folder: Path,
    *,
    authority: IssuingAuthority,
    program_codes: Iterable[str],
    outcome_keys: str,
    merchants: int = 2,
    outlets: int = 2,
    terminals: int = 2,
    endpoint: str = "",
) -> Fixture:
    """Make so many merchants, outlets of each, and terminals of each outlet; what is there already stays.

    `engine` is the migrator's. Every merchant has one agreement that covers all programs. Clients get their
    keys below `folder`, in `terminals/<id>` and `concentrators/<id>`; `outcome_keys` is the JSON that they
    verify answers by, `endpoint` (host:port) where they find the gateway.
    """
    now, codes = datetime.now(UTC), sorted(set(program_codes))
    async with engine.begin() as connection:
        maker = _Maker(connection, folder, authority, outcome_keys, endpoint, now)
        merchant_ids = [await maker.merchant(n, codes) for n in range(1, merchants + 1)]
        tills: list[ClientFolder] = []
        outlet_ids: dict[int, list[int]] = {}
        for merchant_id in merchant_ids:
            for n in range(1, outlets + 1):
                outlet_id = await maker.outlet(merchant_id, n)
                outlet_ids.setdefault(merchant_id, []).append(outlet_id)
                tills += [await maker.terminal(merchant_id, outlet_id, m) for m in range(1, terminals + 1)]
        first = merchant_ids[0]
        spoken_for = [till.terminal_ids[0] for till in tills if till.merchant_id == first]
        chain = await maker.concentrator(first, outlet_ids[first], spoken_for)
    return Fixture(tuple(merchant_ids), tuple(tills), chain)


@dataclass(frozen=True)
class _Maker:
    """One run, in one transaction."""

    connection: AsyncConnection
    folder: Path
    authority: IssuingAuthority
    outcome_keys: str
    endpoint: str
    now: datetime

    async def merchant(self, n: int, program_codes: list[str]) -> int:
        inn = with_inn_check_digits(f"0000{n:05}")
        merchant_id = await self._ensure(merchant, {"inn": inn}, {"name": f"ООО Пример-{n}"})
        key = {"merchant_id": merchant_id, "number": f"ПРИМЕР-{n}"}
        in_force = Range(IN_FORCE_FROM, None)
        agreement_id = await self._ensure(agreement, key, {"in_force": in_force})
        covered = {"agreement_id": agreement_id, "merchant_id": merchant_id, "in_force": in_force}
        await self._insert_missing(agreement_program, [covered | {"program_code": c} for c in program_codes])
        return merchant_id

    async def outlet(self, merchant_id: int, n: int) -> int:
        key = {"merchant_id": merchant_id, "name": f"Магазин {n}"}
        return await self._ensure(outlet, key, {"address": f"Москва, Примерная ул., д. {n}"})

    async def terminal(self, merchant_id: int, outlet_id: int, n: int) -> ClientFolder:
        terminal_id = await self._ensure(terminal, {"outlet_id": outlet_id, "name": f"Касса {n}"}, {})
        folder = self.folder / "terminals" / str(terminal_id)
        description = {"terminal_id": terminal_id, "outlet_id": outlet_id, "merchant_id": merchant_id}
        await self._client(folder, "terminal", terminal_id, description)
        return ClientFolder(merchant_id, (terminal_id,), folder)

    async def concentrator(
        self, merchant_id: int, outlet_ids: list[int], terminal_ids: list[int]
    ) -> ClientFolder:
        key = {"merchant_id": merchant_id, "name": "Сервер сети"}
        concentrator_id = await self._ensure(concentrator, key, {})
        rows = [
            {"concentrator_id": concentrator_id, "outlet_id": outlet_id, "merchant_id": merchant_id}
            for outlet_id in outlet_ids
        ]
        await self._insert_missing(concentrator_outlet, rows)
        folder = self.folder / "concentrators" / str(concentrator_id)
        description = {
            "concentrator_id": concentrator_id,
            "merchant_id": merchant_id,
            "terminal_ids": terminal_ids,
        }
        await self._client(folder, "concentrator", concentrator_id, description)
        return ClientFolder(merchant_id, tuple(terminal_ids), folder)

    async def _client(self, folder: Path, kind: str, client_id: int, description: Mapping[str, Any]) -> None:
        """The identity on disk, its fingerprint in the registry, and no other key of that client active."""
        fingerprint = ensure_client(folder, self.authority, f"{kind}-{client_id}", self.now)
        (folder / "outcome_keys.json").write_text(self.outcome_keys, encoding="utf-8")
        if self.endpoint:
            description = {**description, "endpoint": self.endpoint}
        (folder / f"{kind}.json").write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
        owner = client_key.c[f"{kind}_id"]
        await self._insert_missing(client_key, [{"fingerprint": fingerprint, f"{kind}_id": client_id}])
        await self.connection.execute(
            update(client_key)
            .where(
                owner == client_id, client_key.c.fingerprint != fingerprint, client_key.c.revoked_at.is_(None)
            )
            .values(revoked_at=func.tillgate_now(), revoke_reason="replaced")
        )

    async def _ensure(self, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> int:
        """The id of the row with this key, inserted if it is missing."""
        found = select(table.c.id).where(*(table.c[name] == value for name, value in key.items()))
        row_id: int | None = (await self.connection.execute(found)).scalar_one_or_none()
        if row_id is None:
            new = insert(table).values({**key, **values}).returning(table.c.id)
            row_id = (await self.connection.execute(new)).scalar_one()
        return row_id

    async def _insert_missing(self, table: Table, rows: list[dict[str, Any]]) -> None:
        if rows:
            await self.connection.execute(insert(table).on_conflict_do_nothing(), rows)
