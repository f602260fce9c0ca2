"""The audit log: it only grows, in one chain, with the decision or not at all; tampering shows."""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from gateway.record.chain import GENESIS, canonical, hash_of
from gateway.record.reading import Filter, entries
from gateway.record.reports import ReportKind, report
from gateway.record.verifying import Anchor, Verified, verify_chain
from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import record
from gateway.runtime.database import driver_connection, make_engine
from tests.people_kit import Office

ACTOR = Actor.person("first")
COPIED = "at, actor_kind, actor_id, action, subject_kind, subject_id, details, approved_by"


def subject(number: int) -> Subject:
    """A merchant."""
    return Subject(SubjectKind.MERCHANT, str(number))


async def note(office: Office, number: int = 1, **more: Any) -> int:
    """One entry."""
    async with office.owned() as connection, connection.transaction():
        return await record(
            connection, actor=ACTOR, action=Action.MERCHANT_SUSPENDED, subject=subject(number), **more
        )


async def verified(office: Office, *anchors: Anchor) -> Verified:
    """What verification finds, as the reader does it."""
    engine = make_engine(str(office.owner.url).replace("postgres@", "tillgate_reader@"), pool_size=0)
    async with driver_connection(engine) as connection:
        found = await verify_chain(connection, anchors)
    await engine.dispose()
    return found


async def tamper(office: Office, statement: str) -> None:
    """Change the log as one who owns the server and turns its triggers off."""
    async with office.owned() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(statement)


async def test_entries_follow_each_other_and_hold_what_was_done(office: Office) -> None:
    """Numbered without a gap; each hash is made of the one before it."""
    for number in range(1, 4):
        assert number == await note(
            office, number, details={"b": [1, None, True], "a": "Ж"}, approved_by="second"
        )
    async with office.owned() as connection:
        newest_first = await entries(connection, Filter(), 10)
    third, second, first = newest_first
    assert GENESIS == first.previous_hash
    assert (first.hash, second.hash) == (second.previous_hash, third.previous_hash)
    assert all(entry.hash == hash_of(entry) for entry in newest_first)
    assert {"a": "Ж", "b": [1, None, True]} == first.details
    assert canonical(first).startswith(b'[1,1,"')
    assert canonical(first).endswith(
        ',"PERSON","first","merchant.suspended","MERCHANT","1","second",{"a":"Ж","b":[1,null,true]}]'.encode()
    )
    found = await verified(office)
    assert (True, 3, third.hash) == (found.is_whole, found.count, found.head.hash)


async def test_locks_that_were_lifted_by_hand_are_overrides(office: Office) -> None:
    """Of card guessing and of a login; other decisions are none."""
    async with office.owned() as connection, connection.transaction():
        for action, on in (
            (Action.CARD_LOCK_LIFTED, Subject(SubjectKind.CARD_LOCK, "5")),
            (Action.MERCHANT_RESUMED, subject(1)),
            (Action.PERSON_UNLOCKED, Subject(SubjectKind.PERSON, "second")),
        ):
            await record(connection, actor=ACTOR, action=action, subject=on)
        found = await report(connection, ReportKind.OVERRIDES, None, None)
    assert [
        ("first", "lock of card guessing lifted", "5"),
        ("first", "lockout lifted", "second"),
    ] == [row[2:5] for row in found.rows]


async def test_a_decision_that_is_rolled_back_leaves_no_entry(office: Office) -> None:
    """And the next one takes its number."""
    async with office.owned() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await record(connection, actor=ACTOR, action=Action.MERCHANT_SUSPENDED, subject=subject(1))
        await transaction.rollback()
    assert 1 == await note(office)


async def test_an_entry_outside_a_transaction_is_refused(office: Office) -> None:
    """It could stay although the decision does not."""
    async with office.owned() as connection:
        with pytest.raises(RuntimeError, match="inside the transaction"):
            await record(connection, actor=ACTOR, action=Action.MERCHANT_SUSPENDED, subject=subject(1))


async def test_sqlalchemys_transaction_and_its_entry_are_one(office: Office) -> None:
    """Also if the entry is the first statement of it."""
    async with office.owner.connect() as connection:
        await record(connection, actor=ACTOR, action=Action.MERCHANT_SUSPENDED, subject=subject(1))
        await connection.rollback()
    assert [] == await office.actions()
    async with office.owner.begin() as connection:
        await connection.execute(text("SELECT 1"))
        assert 1 == await record(
            connection, actor=ACTOR, action=Action.MERCHANT_SUSPENDED, subject=subject(1)
        )
    assert ["merchant.suspended"] == await office.actions()


async def test_writers_at_one_moment_make_one_chain(office: Office) -> None:
    """Of several roles, some of which roll back."""
    gateway = make_engine(str(office.owner.url).replace("postgres@", "tillgate_gateway@"))

    async def write(number: int) -> None:
        engine = (office.owner, office.engine, gateway)[number % 3]
        async with driver_connection(engine) as connection:
            transaction = connection.transaction()
            await transaction.start()
            await record(connection, actor=ACTOR, action=Action.MERCHANT_RESUMED, subject=subject(number))
            await (transaction.rollback() if number % 4 == 0 else transaction.commit())

    await asyncio.gather(*map(write, range(40)))
    await gateway.dispose()
    found = await verified(office)
    assert (True, 30) == (found.is_whole, found.count)


@pytest.mark.parametrize(
    "details",
    [
        {"password": "x"},
        {"session_token": "x"},
        {"nested": {"totp": "1"}},
        {"card_number": "1"},
        {"code": "1"},
        {"sum": 1.5},
        {"what": b"x"},
        {"rows": [object()]},
        {1: "x"},
    ],
)
async def test_details_that_have_no_place_in_the_log_are_refused(
    office: Office, details: dict[Any, Any]
) -> None:
    """Secrets by their names, and values that would not come back as they were."""
    with pytest.raises(ValueError, match="no place in the audit log"):
        await note(office, details=details)
    assert [] == await office.actions()


async def test_a_card_number_that_a_person_typed_is_not_kept(office: Office) -> None:
    """In groups or not, in any text of the entry; a bank account of 20 digits is."""
    account = "40702810900000000001"
    details = {"reason": "карта 9643100000000000001, 9643 1000 0000 0000 001", "account": account}
    await note(office, details=details, approved_by="9643-1000")
    stored = await office.sql("SELECT details::text FROM audit_entry")
    assert "9643" not in stored.replace("[card]", "")
    assert account in stored


async def test_texts_that_the_database_could_not_hold_do_not_stop_a_decision(office: Office) -> None:
    """A NUL, half a surrogate and a novel are kept as what can be kept."""
    await note(office, details={"reason": "a\0b\ud800" + "x" * 5000})
    assert (await verified(office)).is_whole
    assert 2000 == await office.sql("SELECT length(details->>'reason') FROM audit_entry")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor_id = 'nobody'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        f"INSERT INTO audit_entry SELECT id + 2, {COPIED}, hash, sha256(hash) FROM audit_entry",
        f"INSERT INTO audit_entry SELECT id + 1, {COPIED}, sha256(hash), sha256(hash) FROM audit_entry",
    ],
)
async def test_the_database_refuses_what_is_not_the_next_entry(office: Office, statement: str) -> None:
    """Even to the owner of the tables."""
    await note(office)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await office.sql(statement)
    assert (await verified(office)).is_whole


@pytest.mark.parametrize("role", ["tillgate_gateway", "tillgate_people", "tillgate_reader"])
@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entry SET id = 9", "DELETE FROM audit_entry", "TRUNCATE audit_entry"]
)
async def test_no_role_that_serves_may_change_the_log(office: Office, role: str, statement: str) -> None:
    """They lack the right; the triggers are not even asked."""
    async with office.owned() as connection:
        await connection.execute(f"SET ROLE {role}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)


SWAPPED = """
WITH one AS (SELECT * FROM audit_entry WHERE id = 3), other AS (SELECT * FROM audit_entry WHERE id = 4)
UPDATE audit_entry e SET subject_id = CASE e.id WHEN 3 THEN other.subject_id ELSE one.subject_id END
FROM one, other WHERE e.id IN (3, 4)"""


@pytest.mark.parametrize(
    ("statement", "broken_id"),
    [
        ("UPDATE audit_entry SET actor_id = 'third' WHERE id = 4", 4),
        ("UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE id = 1", 1),
        ("""UPDATE audit_entry SET details = '{"sum": 2}' WHERE id = 6""", 6),
        ("UPDATE audit_entry SET approved_by = NULL WHERE id = 2", 2),
        ("DELETE FROM audit_entry WHERE id = 3", 3),
        ("DELETE FROM audit_entry WHERE id < 3", 1),
        (SWAPPED, 3),
        ("UPDATE audit_entry SET hash = sha256(hash) WHERE id = 5", 5),
    ],
)
async def test_a_changed_entry_is_the_one_that_is_named(
    office: Office, statement: str, broken_id: int
) -> None:
    """Whichever of its fields it is, and if it is gone."""
    for number in range(1, 7):
        await note(office, number, details={"sum": 1}, approved_by="second")
    await tamper(office, statement)
    found = await verified(office)
    assert (broken_id, broken_id - 1) == (found.broken_id, found.count)


async def test_entries_that_changed_places_are_found(office: Office) -> None:
    """Whole entries, with their own hashes."""
    for number in range(1, 7):
        await note(office, number)
    await tamper(office, "UPDATE audit_entry SET id = id + 100 WHERE id IN (3, 4)")
    await tamper(office, "UPDATE audit_entry SET id = CASE id WHEN 103 THEN 4 ELSE 3 END WHERE id > 100")
    found = await verified(office)
    assert 3 == found.broken_id
    assert "does not follow" in found.what


async def test_an_inserted_entry_is_found(office: Office) -> None:
    """With a right hash of its own, between two others that were moved up."""
    for number in range(1, 5):
        await note(office, number)
    async with office.owned() as connection:
        last = (await entries(connection, Filter(), 1))[0]
    await tamper(office, "UPDATE audit_entry SET id = id + 100 WHERE id >= 3")
    await tamper(office, "UPDATE audit_entry SET id = id - 99 WHERE id >= 100")
    forged = (
        f"INSERT INTO audit_entry SELECT 3, {COPIED}, sha256('x'), sha256('y') FROM audit_entry WHERE id = 2"
    )
    await tamper(office, forged)
    found = await verified(office)
    assert (3, 5) == (found.broken_id, last.id + 1)


async def test_an_end_that_was_cut_off_shows_against_a_noted_one(office: Office) -> None:
    """A chain alone can't know that it was longer."""
    for number in range(1, 5):
        await note(office, number)
    end = (await verified(office)).head
    await tamper(office, "DELETE FROM audit_entry WHERE id > 2")
    assert (await verified(office)).is_whole
    found = await verified(office, end)
    assert (3, False) == (found.broken_id, found.is_whole)


async def test_a_chain_that_was_made_anew_shows_against_a_noted_end(office: Office) -> None:
    """Every hash is right, and none is what it was."""
    for number in range(1, 4):
        await note(office, number)
    end = (await verified(office)).head
    await tamper(office, "DELETE FROM audit_entry")
    for number in range(1, 4):
        await note(office, number, details={"other": True})
    assert (await verified(office)).is_whole
    found = await verified(office, end)
    assert (3, "noted") == (found.broken_id, "noted" if "noted" in found.what else found.what)


async def test_verification_tells_how_far_it_is(office: Office) -> None:
    """At the end it has told all of it."""
    for number in range(1, 4):
        await note(office, number)
    told: list[tuple[int, int]] = []
    step: Callable[[int, int], None] = lambda done, total: told.append((done, total))  # noqa: E731
    async with office.owned() as connection:
        await verify_chain(connection, progress=step)
    assert (3, 3) == told[-1]


async def test_entries_are_found_by_who_what_and_to_what(office: Office) -> None:
    """Each filter by itself, and the next page."""
    for number in range(1, 6):
        await note(office, number)
    async with office.owned() as connection:
        assert [3] == [
            e.id for e in await entries(connection, Filter(subject_kind="MERCHANT", subject_id="3"), 9)
        ]
        assert [] == await entries(connection, Filter(actor_id="second"), 9)
        assert 5 == len(await entries(connection, Filter(actor_id="first", action="merchant."), 9))
        assert [] == await entries(connection, Filter(action="merchant.registered"), 9)
        assert [2, 1] == [e.id for e in await entries(connection, Filter(before=3), 9)]
        at = (await entries(connection, Filter(before=4), 1))[0].at
        assert [5, 4, 3] == [e.id for e in await entries(connection, Filter(since=at), 9)]
        assert [2, 1] == [e.id for e in await entries(connection, Filter(until=at), 9)]
