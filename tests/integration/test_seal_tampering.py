"""Whatever is changed in a sealed day, or of its seal, is named."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from gateway.domain.policy import day_end
from gateway.ledger.seals.verifying import Anchor, Difference
from gateway.registry.signing import OutcomeSigner
from tests.ledger_kit import Kit
from tests.seals_kit import TODAY, VICTIM, at, sealed, sell, tamper, verified

LATER = "make_interval(days => 1)"
TAMPERED = {
    "an answer changed": (
        f"UPDATE outcome SET signed_payload = signed_payload || 'x' WHERE {VICTIM}",
        "it was changed",
    ),
    "a signature changed": (
        f"UPDATE outcome SET signature = 'another' WHERE {VICTIM}",
        "it was changed",
    ),
    "an outcome removed": (f"DELETE FROM outcome WHERE {VICTIM}", "it was removed"),
    "an outcome given another terminal": (
        f"UPDATE outcome SET terminal_id = 13 WHERE {VICTIM}",
        "it names another terminal",
    ),
    "an outcome moved to another day": (
        f"UPDATE outcome SET decided_at = decided_at + {LATER} WHERE {VICTIM}",
        "it was moved to ",
    ),
    "an outcome moved within its day": (
        f"UPDATE outcome SET decided_at = (SELECT max(decided_at) FROM outcome) + interval '1 ms'"
        f" WHERE {VICTIM}",
        "it was moved to another time of the day",
    ),
}


@pytest.fixture(autouse=True)
async def noon(kit: Kit) -> None:
    """It is noon for the database, also if the tests run over midnight."""
    await at(kit, day_end(TODAY) - timedelta(hours=12))


@pytest.fixture
def signer(tmp_path: Path) -> OutcomeSigner:
    """A key of outcomes."""
    return OutcomeSigner.create(tmp_path / "key.pem")


@pytest.mark.parametrize("case", TAMPERED)
async def test_a_changed_outcome_is_named_with_its_merchant(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner, case: str
) -> None:
    """Beside those of other tills and merchants, which are not."""
    await sell(kit, 11, 12, 21)
    await sealed(kit, connection, signer)
    request_id = await connection.fetchval(f"SELECT request_id FROM outcome WHERE {VICTIM}")
    statement, what = TAMPERED[case]
    await tamper(connection, statement)
    differences = (await verified(connection, signer)).differences
    assert (TODAY, 1, request_id) == (
        differences[0].day,
        differences[0].merchant_id,
        differences[0].request_id,
    )
    assert differences[0].what.startswith(what)


@pytest.mark.parametrize("merchant_id", [1, 2, 9])
@pytest.mark.parametrize("moment", ["min", "max"])
async def test_an_added_outcome_is_named(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner, merchant_id: int, moment: str
) -> None:
    """Before, after, or of a merchant that had none on the day."""
    await sell(kit, 11, 12, 21)
    await sealed(kit, connection, signer)
    added = uuid4()
    await tamper(
        connection,
        f"INSERT INTO outcome SELECT {merchant_id}, '{added}', kind, terminal_id, concentrator_id,"
        " account_id, purchase_id, operation_id, canonical, reason, signed_payload, signature, key_id,"
        f" (SELECT {moment}(decided_at) FROM outcome) FROM outcome WHERE {VICTIM}",
    )
    (difference,) = (await verified(connection, signer)).differences
    assert Difference(TODAY, "it was added", merchant_id, added) == difference


async def test_an_outcome_added_before_the_first_seal_is_named(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner
) -> None:
    """No day vouches for it."""
    await sell(kit, 12)
    await sealed(kit, connection, signer)
    await tamper(connection, f"UPDATE outcome SET decided_at = decided_at - interval '2 days' WHERE {VICTIM}")
    first, second = (await verified(connection, signer)).differences
    assert "added before the first seal" in first.what
    assert second.what.startswith("it was moved to ")


SPOILT = {
    "the text": (
        "UPDATE day_seal SET statement = replace(statement, 'merchants 3', 'merchants 4')",
        "stored",
    ),
    "the text beyond reading": ("UPDATE day_seal SET statement = 'x'", "no statement"),
    "the signature": ("UPDATE day_seal SET signature = decode(repeat('00', 64), 'hex')", "signature"),
    "the key": ("UPDATE day_seal SET key_id = 'another'", "no such key"),
    "the root": ("UPDATE day_seal SET root = decode(repeat('00', 32), 'hex')", "stored seal"),
    "the count": ("UPDATE day_seal SET outcome_count = outcome_count + 1", "count"),
    "a merchant's root": (
        "UPDATE day_seal_merchant SET root = decode(repeat('00', 32), 'hex')",
        "roots kept",
    ),
    "a merchant": ("DELETE FROM day_seal_merchant WHERE merchant_id = 2", "roots kept"),
    "a leaf": (
        "UPDATE day_seal_leaves SET leaves = set_byte(leaves, 55, get_byte(leaves, 55) # 1)",
        "leaves kept",
    ),
    "all leaves": ("DELETE FROM day_seal_leaves WHERE merchant_id = 2", "leaves are gone"),
    "the first seal": (f"DELETE FROM day_seal WHERE day = '{TODAY}'", "missing"),
}


@pytest.mark.parametrize("case", SPOILT)
async def test_a_spoilt_seal_is_found(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner, case: str
) -> None:
    """Whatever is changed of it, also where the ledger is as it was."""
    await sell(kit, 11, 12, 21)
    await sealed(kit, connection, signer)
    assert (await verified(connection, signer)).is_whole
    statement, what = SPOILT[case]
    await connection.execute("ALTER TABLE day_seal DROP CONSTRAINT day_seal_hashes")
    await tamper(connection, statement)
    differences = (await verified(connection, signer)).differences
    assert any(what in difference.what for difference in differences), differences


async def test_a_request_id_swapped_in_the_leaves_kept_is_found(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner
) -> None:
    """It is no part of the hash's bytes there, but the ledger has another."""
    await sell(kit, 11)
    await sealed(kit, connection, signer)
    await tamper(
        connection,
        "UPDATE day_seal_leaves SET leaves = set_byte(leaves, 0, get_byte(leaves, 0) # 1)"
        " WHERE merchant_id = 1",
    )
    (difference,) = (await verified(connection, signer)).differences
    assert ("it was removed", 1) == (difference.what, difference.merchant_id)


async def test_an_end_that_was_cut_off_shows_against_an_anchor(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner
) -> None:
    """Not without one; and an anchor of another chain shows, too."""
    await sell(kit, 11)
    first, second = await sealed(kit, connection, signer)
    anchor = Anchor(second.day, second.hash)
    assert (await verified(connection, signer, anchors=[anchor])).head == anchor
    (wrong,) = (await verified(connection, signer, anchors=[Anchor(first.day, bytes(32))])).differences
    assert (first.day, "it is not the seal that was noted") == (wrong.day, wrong.what)
    await tamper(connection, f"DELETE FROM day_seal WHERE day = '{second.day}'")
    assert (await verified(connection, signer)).is_whole
    (gone,) = (await verified(connection, signer, anchors=[anchor])).differences
    assert (second.day, "it was noted, and is not there") == (gone.day, gone.what)


async def test_some_days_are_verified_alone(
    kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner
) -> None:
    """They still have to follow the day before."""
    await sell(kit, 11)
    first, second = await sealed(kit, connection, signer)
    found = await verified(connection, signer, first=second.day)
    assert (1, 0, ()) == (found.days, found.outcomes, found.differences)
    found = await verified(connection, signer, last=first.day)
    assert (1, 3, ()) == (found.days, found.outcomes, found.differences)
    await tamper(connection, f"DELETE FROM day_seal WHERE day = '{first.day}'")
    assert not (await verified(connection, signer, first=second.day)).is_whole
