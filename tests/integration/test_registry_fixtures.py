"""Example tills: registered, with everything on disk that a till needs, and made only once."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.domain.reasons import Reason
from gateway.registry import schema
from gateway.registry.fixtures import Fixture, make_fixture
from gateway.registry.pki import IssuingAuthority, fingerprint_of
from gateway.registry.reading import read_snapshot
from gateway.registry.requisites import is_valid_inn
from gateway.registry.snapshot import ClientRefusedError, RegistrySnapshot
from gateway.runtime.database import make_engine
from tests import registry_changes
from tests.registry_kit import epoch_of

PROGRAMS = ("food", "children", "food")
KEYS = '{"keys": []}'


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """The migrator's engine on an empty registry."""
    made = make_engine(database_url)
    yield made
    await made.dispose()


@pytest.fixture
def authority(tmp_path: Path) -> IssuingAuthority:
    """A CA of its own."""
    return IssuingAuthority.create(tmp_path / "ca", datetime.now(UTC))


async def made(engine: AsyncEngine, authority: IssuingAuthority, folder: Path, **sizes: int) -> Fixture:
    """The fixture below `folder`, of one merchant with one shop and one till unless `sizes` say more."""
    counts = {"merchants": 1, "outlets": 1, "terminals": 1} | sizes
    return await make_fixture(
        engine,
        folder,
        authority=authority,
        program_codes=PROGRAMS,
        outcome_keys=KEYS,
        merchants=counts["merchants"],
        outlets=counts["outlets"],
        terminals=counts["terminals"],
    )


def key_of(folder: Path) -> bytes:
    """The fingerprint of the certificate in a client's directory."""
    return fingerprint_of((folder / "cert.pem").read_bytes())


def read(path: Path) -> Mapping[str, Any]:
    """A JSON file."""
    content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file below a directory."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def test_every_till_is_registered_under_its_certificate(
    engine: AsyncEngine, authority: IssuingAuthority, tmp_path: Path
) -> None:
    """2 merchants × 2 shops × 3 tills: each certificate names its own till, in good standing."""
    fixture = await made(engine, authority, tmp_path / "tills", merchants=2, outlets=2, terminals=3)
    snapshot = await read_snapshot(engine)
    assert (2, 12, 12) == (len(fixture.merchant_ids), len(fixture.terminals), len(snapshot.standings))
    for till in fixture.terminals:
        (terminal_id,) = till.terminal_ids
        client, standing = snapshot.client(key_of(till.folder)), snapshot.standing_of(terminal_id)
        assert (till.merchant_id, terminal_id, frozenset((terminal_id,))) == (
            client.merchant_id,
            client.terminal_id,
            client.terminal_ids,
        )
        assert standing is not None
        today = datetime.now(UTC).date()
        agreements = {standing.agreement_for(code, today) for code in PROGRAMS}
        assert 1 == len(agreements - {None})
        assert standing.agreement_for("food", date(2022, 2, 28)) is None


async def test_the_concentrator_speaks_for_the_first_merchants_tills(
    engine: AsyncEngine, authority: IssuingAuthority, tmp_path: Path
) -> None:
    """All of them, and none of the second merchant."""
    fixture = await made(engine, authority, tmp_path / "tills", merchants=2, outlets=2, terminals=2)
    first = fixture.merchant_ids[0]
    expected = frozenset(till.terminal_ids[0] for till in fixture.terminals if till.merchant_id == first)
    chain = (await read_snapshot(engine)).client(key_of(fixture.concentrator.folder))
    assert (first, None, expected) == (chain.merchant_id, chain.terminal_id, chain.terminal_ids)
    assert sorted(expected) == sorted(fixture.concentrator.terminal_ids)
    described = read(fixture.concentrator.folder / "concentrator.json")
    assert (chain.concentrator_id, first) == (described["concentrator_id"], described["merchant_id"])
    assert expected == set(described["terminal_ids"])


async def test_a_tills_directory_has_all_that_a_till_needs(
    engine: AsyncEngine, authority: IssuingAuthority, tmp_path: Path
) -> None:
    """Its certificate and key, the root to trust, the keys that verify answers, and who it is."""
    fixture = await made(engine, authority, tmp_path / "tills")
    (till,) = fixture.terminals
    names = sorted(path.name for path in till.folder.iterdir())
    assert ["ca.pem", "cert.pem", "key.pem", "outcome_keys.json", "terminal.json"] == names
    assert authority.root_pem == (till.folder / "ca.pem").read_bytes()
    assert 0o600 == (till.folder / "key.pem").stat().st_mode & 0o777
    assert {"keys": []} == read(till.folder / "outcome_keys.json")
    described = read(till.folder / "terminal.json")
    assert (*till.terminal_ids, till.merchant_id) == (described["terminal_id"], described["merchant_id"])


async def test_a_second_run_finds_everything_made(
    engine: AsyncEngine, authority: IssuingAuthority, tmp_path: Path
) -> None:
    """No file and no row changes."""
    sizes = {"merchants": 2, "outlets": 2, "terminals": 2}
    first = await made(engine, authority, tmp_path / "tills", **sizes)
    files, snapshot = contents(tmp_path / "tills"), await read_snapshot(engine)
    assert first == await made(engine, authority, tmp_path / "tills", **sizes)
    again = await read_snapshot(engine)
    assert files == contents(tmp_path / "tills")
    assert (snapshot.standings, snapshot.clients) == (again.standings, again.clients)
    assert frozenset() == again.revoked


async def test_a_larger_run_adds_to_a_smaller_one(
    engine: AsyncEngine, authority: IssuingAuthority, tmp_path: Path
) -> None:
    """The tills of the first run keep their ids and keys."""
    small = await made(engine, authority, tmp_path / "tills")
    large = await made(engine, authority, tmp_path / "tills", merchants=2, terminals=2)
    assert small.terminals[0] == large.terminals[0]
    assert 4 == len(large.terminals)


async def test_a_till_that_lost_its_key_gets_another_and_the_lost_one_is_revoked(
    engine: AsyncEngine, authority: IssuingAuthority, tmp_path: Path
) -> None:
    """Whoever finds the lost key can do nothing with it."""
    (till,) = (await made(engine, authority, tmp_path / "tills")).terminals
    lost = key_of(till.folder)
    (till.folder / "key.pem").unlink()
    assert (till,) == (await made(engine, authority, tmp_path / "tills")).terminals
    snapshot = await read_snapshot(engine)
    assert till.terminal_ids[0] == snapshot.client(key_of(till.folder)).terminal_id
    assert Reason.CLIENT_REVOKED is refusal(snapshot, lost)


async def test_a_revoked_key_stays_revoked(
    engine: AsyncEngine, authority: IssuingAuthority, tmp_path: Path
) -> None:
    """Running the command again is no way around a revocation."""
    (till,) = (await made(engine, authority, tmp_path / "tills")).terminals
    await registry_changes.revoke_key(engine, key_of(till.folder), "утеря")
    await made(engine, authority, tmp_path / "tills")
    assert Reason.CLIENT_REVOKED is refusal(await read_snapshot(engine), key_of(till.folder))


async def test_a_new_database_takes_the_keys_that_are_on_disk(
    engine: AsyncEngine, authority: IssuingAuthority, tmp_path: Path
) -> None:
    """A database made anew does not force new files on tills that have theirs."""
    (till,) = (await made(engine, authority, tmp_path / "tills")).terminals
    fingerprint = key_of(till.folder)
    async with engine.begin() as connection:
        await connection.execute(
            schema.client_key.delete().where(schema.client_key.c.fingerprint == fingerprint)
        )
    await made(engine, authority, tmp_path / "tills")
    assert till.terminal_ids[0] == (await read_snapshot(engine)).client(fingerprint).terminal_id


async def test_the_merchants_are_fictional_and_well_formed(
    engine: AsyncEngine, authority: IssuingAuthority, tmp_path: Path
) -> None:
    """Valid check digits under a tax office that does not exist; names that say what they are."""
    before = await epoch_of(engine)
    await made(engine, authority, tmp_path / "tills", merchants=3)
    async with engine.connect() as connection:
        rows = (await connection.execute(select(schema.merchant.c.inn, schema.merchant.c.name))).all()
    assert ["ООО Пример-1", "ООО Пример-2", "ООО Пример-3"] == sorted(row.name for row in rows)
    assert all(is_valid_inn(row.inn) and row.inn.startswith("0000") for row in rows)
    assert before < await epoch_of(engine)


def refusal(snapshot: RegistrySnapshot, fingerprint: bytes) -> Reason:
    """Why a key is refused."""
    with pytest.raises(ClientRefusedError) as refused:
        snapshot.client(fingerprint)
    return refused.value.reason
