"""What the database itself refuses, whoever writes; and what a node reads at one instant."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.domain.category import GoodsClass
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.reading import read_epoch, read_reference
from gateway.runtime.database import make_engine
from tests.reference_kit import Desk, gtin

SET_PUBLISHED = (
    "state = 'PUBLISHED', address = 'a', announced_at = '2026-10-01Z', published_by = 'operator-2', "
    "published_at = '2026-10-02Z', effective_from = '2026-11-01Z', act_body = 'Д', act_number = '1', "
    "act_date = '2026-09-01'"
)


@pytest.fixture
async def desk(desk: Desk) -> Desk:
    """The same with a published list and a rehearsed draft."""
    await desk.prohibited("first", "11.05")
    await desk.publish(Kind.PROHIBITED, "first")
    await desk.prohibited("next", "12")
    await desk.rehearse(Kind.PROHIBITED, "next")
    return desk


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine of the serving role, which may only read."""
    made = make_engine(database_url.replace("postgres@", "tillgate_gateway@"))
    yield made
    await made.dispose()


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        (f"{SET_PUBLISHED}, address = NULL", "reference_publication_whole"),
        (f"{SET_PUBLISHED}, act_number = NULL", "reference_act_whole"),
        (f"{SET_PUBLISHED}, announced_at = '2026-11-02Z'", "reference_in_force_after_publication"),
        (f"{SET_PUBLISHED}, published_at = '2026-10-31T23:59:56Z'", "reference_in_force_after_nodes_know"),
        (f"{SET_PUBLISHED}, is_urgent = true", "reference_urgent_is_approved"),
        (f"{SET_PUBLISHED}, is_urgent = true, approvals = '[{{}}]'", "reference_urgent_is_approved"),
        (f"{SET_PUBLISHED}, approvals = '[{{}}, {{}}]'", "reference_urgent_is_approved"),
        ("effective_from = '2026-11-01Z'", "reference_publication_whole"),
        ("rehearsal = NULL", "reference_rehearsal_whole"),
        ("state = 'DISCARDED'", "reference_discard_whole"),
        ("state = 'SUPERSEDED'", "reference_state_known"),
    ],
)
async def test_the_rules_of_publication_are_constraints_too(desk: Desk, change: str, constraint: str) -> None:
    """Each is refused by the name of its rule."""
    wanted = dict(part.split(" = ", 1) for part in change.replace(", {", "; {").split(", "))
    assignments = ", ".join(f"{name} = {value.replace('; {', ', {')}" for name, value in wanted.items())
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=constraint):
        await desk.connection.execute(f"UPDATE reference_version SET {assignments} WHERE version = 'next'")  # noqa: S608


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE reference_version SET effective_from = now() + interval '9 d' WHERE version = 'first'",
        "UPDATE reference_version SET rehearsal = '{}' WHERE version = 'first'",
        "UPDATE reference_version SET state = 'DRAFT' WHERE version = 'first'",
        "UPDATE reference_version SET body = '{\"rule\":[]}' WHERE version = 'next'",
        "UPDATE reference_version SET content_sha256 = sha256('') WHERE version = 'next'",
        "UPDATE reference_version SET version = 'other' WHERE version = 'next'",
        "DELETE FROM reference_version WHERE version = 'first'",
        "TRUNCATE reference_version CASCADE",
        "INSERT INTO reference_file VALUES ('prohibited', 'first', 'x', 0, 'x')",
    ],
)
async def test_what_is_published_and_what_a_version_says_never_changes(desk: Desk, change: str) -> None:
    """Not even by the owner of the tables: a purchase years ago was decided by it."""
    before = await desk.dump()
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await desk.connection.execute(change)
    assert before == await desk.dump()


async def test_a_publication_raises_the_epoch_and_a_draft_does_not(desk: Desk, engine: AsyncEngine) -> None:
    """A node reads again when there is something to read, and sees both together."""
    before = await read_reference(engine)
    await desk.prohibited("draft", "11.01")
    await desk.rehearse(Kind.PROHIBITED, "draft")
    assert before == await read_reference(engine)
    await desk.publish(Kind.PROHIBITED, "next", effective_from=await desk.now() + timedelta(days=9))
    after = await read_reference(engine)
    assert before.epoch + 1 == after.epoch
    assert ["first", "next"] == [listed.version for listed in after.prohibited]
    async with engine.connect() as connection:
        assert after.epoch == await read_epoch(connection)


async def test_a_snapshot_has_everything_published_in_the_order_in_which_it_holds(
    desk: Desk, engine: AsyncEngine
) -> None:
    """Of large lists it has what finds and checks them."""
    now = await desk.now()
    await desk.publish(Kind.PROHIBITED, "next", effective_from=now + timedelta(minutes=30))
    classes = desk.file("classes.toml", 'version = "1"\n[classes]\n"10" = ["food"]\n')
    await desk.draft(Kind.CLASSES, classes)
    await desk.publish(Kind.CLASSES, "1")
    await desk.draft(Kind.OKPD2, desk.file("okpd2.tsv", "10\tПродукты\n"), "1")
    await desk.publish(Kind.OKPD2, "1")
    done = await desk.catalogue([(gtin(1), "Молоко", "10.51.11")], "1")
    await desk.publish(Kind.CATALOGUE, "1", effective_from=now + timedelta(days=1))
    found = await read_reference(engine)
    assert ["next", "first"] == [listed.version for listed in found.prohibited]
    assert "Департамент от 01.10.2026 № 17" == found.prohibited[0].act
    assert {"10": frozenset({GoodsClass.FOOD})} == found.classes[0].content.by_prefix
    assert [("1", 1)] == [(one.version, one.entry_count) for one in found.okpd2]
    (stored,) = found.catalogue
    assert (done.content_sha256, 1, now + timedelta(days=1)) == (
        stored.content_sha256,
        stored.number,
        stored.effective_from,
    )
    assert ((), ()) == (found.names, found.programs)
