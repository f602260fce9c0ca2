"""The stop list: versions, full lists and changes, what merchants get of it, and who could read it."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.registry.card_aliases import key_uses, write_aliases
from gateway.registry.cards import card_token
from gateway.registry.secret_files import SecretFileError
from gateway.registry.stop_list.changing import Origin, TooManyLiftedError, version_payload
from gateway.registry.stop_list.keys import StopListKeys, list_entries, list_sha256, slow_digest
from gateway.registry.stop_list.reading import StopLists, renew_list_key
from gateway.registry.stop_list.reissue import Reissue, Wrong, reissue
from gateway.runtime.embedded import EmbeddedPostgres
from tests.cards_kit import NEW, OLD, SIGNER, Desk, number

MERCHANT, OTHER = 7, 8


@pytest.fixture
async def desk(postgres: EmbeddedPostgres, database_name: str) -> AsyncIterator[Desk]:
    """A desk of the role that owns the list."""
    connection = await asyncpg.connect(postgres.url(database_name).replace("+asyncpg", ""))
    yield Desk(connection)
    await connection.close()


async def entries_of(
    desk: Desk, lists: StopLists, base: int = 0, merchant: int = MERCHANT
) -> tuple[int, ...]:
    """Version, base, and how many entries were added and removed."""
    found = await lists.changes(desk.connection, merchant, base, 1)
    return found.head.version, found.base_version, len(found.added), len(found.removed)


async def test_a_card_is_stopped_and_freed_with_its_version(desk: Desk) -> None:
    """Also a card that nobody knows yet; and what is so already makes no version."""
    await desk.bind(1, 11)
    assert (1, 2, 0, 0) == tuple(vars_of(await desk.stop(1, 2)))
    assert set(desk.card(1).tokens) == await desk.stopped()
    assert (1, 0, 0, 2) == tuple(vars_of(await desk.stop(2, 1)))
    assert (2, 0, 1, 0) == tuple(vars_of(await desk.lift(1, 3)))
    assert set() == await desk.stopped()


def vars_of(changed: object) -> list[int]:
    """The counts of a change."""
    return [getattr(changed, name) for name in ("version", "stopped", "lifted", "known")]


async def test_a_card_that_was_stopped_before_it_was_known_is_bound_stopped(desk: Desk) -> None:
    """Whoever binds it; a freed one is bound free."""
    await desk.stop(1, 2)
    await desk.lift(2)
    await desk.bind(1, 11)
    await desk.bind(2, 12)
    assert set(desk.card(1).tokens) == await desk.stopped()


async def test_a_card_bound_beside_its_stop_is_stopped(
    desk: Desk, postgres: EmbeddedPostgres, database_name: str
) -> None:
    """Neither sees what the other one has not committed: one of them has to wait."""
    other = await asyncpg.connect(postgres.url(database_name).replace("+asyncpg", ""))
    try:
        for n in range(1, 9):
            await asyncio.gather(desk.stop(n), Desk(other).bind(n, n))
        assert {desk.card(n).tokens[0] for n in range(1, 9)} == await desk.stopped()
    finally:
        await other.close()


async def test_a_full_list_frees_what_lists_stopped_and_nothing_else(desk: Desk) -> None:
    """A card stopped by the help desk or by a re-issue is not the list's to free."""
    for n in range(1, 5):
        await desk.bind(n, n)
    await desk.stop(1, 2)
    await desk.stop(3, origin=Origin.HELP_DESK)
    await desk.stop(4, origin=Origin.REISSUE)
    assert [4, 1, 1, 1] == vars_of(await desk.replace(2, 5))
    assert {desk.card(n).tokens[0] for n in (2, 3, 4)} == await desk.stopped()
    assert [4, 0, 0, 2] == vars_of(await desk.replace(5, 2))


@pytest.mark.parametrize("origin", [Origin.HELP_DESK, Origin.REISSUE])
async def test_a_card_that_a_list_stopped_first_is_no_more_the_lists_to_free(
    desk: Desk, origin: Origin
) -> None:
    """Else the full list that forgets a lost and re-issued card would free the old plastic."""
    lists = StopLists(desk.stop_keys)
    await desk.bind(1, 1)
    await desk.stop(1, 2)
    assert [2, 0, 0, 1] == vars_of(await desk.stop(1, origin=origin))
    assert (2, 1, 0, 0) == await entries_of(desk, lists, base=1)
    assert [3, 0, 1, 0] == vars_of(await desk.replace())
    assert (3, 0, 1, 0) == await entries_of(desk, lists)
    assert set(desk.card(1).tokens) == await desk.stopped()
    assert [3, 0, 0, 1] == vars_of(await desk.stop(1, origin=Origin.LIST))


async def test_a_list_of_changes_frees_what_lists_stopped_and_nothing_else(desk: Desk) -> None:
    """What it may not free is counted; the help desk frees whatever it is asked to."""
    for n in range(1, 4):
        await desk.bind(n, n)
    await desk.stop(1)
    await desk.stop(2, origin=Origin.HELP_DESK)
    await desk.stop(3, origin=Origin.REISSUE)
    changed = await desk.lift(1, 2, 3, 4)
    assert ([4, 0, 1, 0], 2) == (vars_of(changed), changed.kept)
    assert {desk.card(n).tokens[0] for n in (2, 3)} == await desk.stopped()
    assert [5, 0, 2, 0] == vars_of(await desk.lift(2, 3, origin=Origin.HELP_DESK))
    assert set() == await desk.stopped()


async def test_half_of_a_full_list_frees_nobody_unless_that_is_confirmed(desk: Desk) -> None:
    """A file that was cut off would otherwise free whoever stood in its rest."""
    await desk.stop(*range(30))
    with pytest.raises(TooManyLiftedError) as caught:
        await desk.replace(*range(5))
    assert 25 == caught.value.lifted
    with pytest.raises(TooManyLiftedError):
        await desk.replace(*range(4), confirmed=25)
    assert [2, 0, 25, 5] == vars_of(await desk.replace(*range(5), confirmed=25))


async def test_every_version_is_signed_over_its_content(desk: Desk) -> None:
    """Whoever takes a card out of the table behind the gateway's back is found out."""
    await desk.stop(1, 2)
    await desk.lift(1)
    row = await desk.connection.fetchrow("SELECT * FROM stop_list_version WHERE version = 2")
    own = desk.stop_keys.merchant_key(0, 1)
    assert row["sha256"] == list_sha256(list_entries(own, [slow_digest(number(2), "")]))
    payload = version_payload(2, row["made_at"], 1, row["sha256"])
    Ed25519PublicKey.from_public_bytes(SIGNER.public_key).verify(row["signature"], payload)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stop_list_version SET sha256 = ''",
        "DELETE FROM stop_list_version",
        "DELETE FROM stop_entry",
        "UPDATE stop_entry SET reason = 'none'",
        "UPDATE stop_entry SET until_version = NULL",
        "TRUNCATE stop_entry",
        "TRUNCATE stop_list_version CASCADE",
    ],
)
async def test_the_books_of_the_list_cannot_be_rewritten(desk: Desk, statement: str) -> None:
    """Not even by their owner."""
    await desk.stop(1, 2)
    await desk.lift(1)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await desk.connection.execute(statement)


async def test_changes_since_any_version_make_the_list_of_it(desk: Desk) -> None:
    """However many versions lie between; a base that is not there, or of another key, gets all."""
    lists = StopLists(desk.stop_keys)
    versions = {}
    for change in (desk.stop(1, 2, 3), desk.lift(2), desk.stop(2, 4), desk.lift(1, 4), desk.stop(5)):
        version = (await change).version
        versions[version] = set((await lists.changes(desk.connection, MERCHANT, 0, 0)).added)
    for base, content in versions.items():
        found = await lists.changes(desk.connection, MERCHANT, base, 1)
        assert base == found.base_version
        assert versions[5] == (content | set(found.added)) - set(found.removed)
        assert set(found.added).isdisjoint(content)
        assert set(found.removed) <= content
        assert list_sha256(sorted(versions[5])) == found.head.sha256
    assert (5, 0, 3, 0) == await entries_of(desk, lists, base=6)
    found = await lists.changes(desk.connection, MERCHANT, 5, 2)
    assert (0, 3) == (found.base_version, len(found.added))


async def test_lists_of_two_merchants_and_of_two_keys_have_nothing_in_common(desk: Desk) -> None:
    """Two merchants cannot find out together whose customers they share."""
    await desk.stop(1, 2, 3)
    lists = StopLists(desk.stop_keys)
    mine = set((await lists.changes(desk.connection, MERCHANT, 0, 0)).added)
    assert mine.isdisjoint((await lists.changes(desk.connection, OTHER, 0, 0)).added)
    assert 2 == await renew_list_key(desk.connection, MERCHANT)
    renewed = await lists.changes(desk.connection, MERCHANT, 1, 1)
    assert (2, 0) == (renewed.head.key_version, renewed.base_version)
    assert mine.isdisjoint(renewed.added)


async def test_a_reader_of_the_database_cannot_try_card_numbers(desk: Desk) -> None:
    """Neither tokens nor what is sealed can be made without a key that is not there."""
    await desk.stop(1)
    row = await desk.connection.fetchrow("SELECT * FROM stop_entry")
    digest = slow_digest(number(1), "")
    known = b"".join(value for value in row.values() if isinstance(value, bytes))
    assert digest not in known
    assert list_entries(digest, [digest])[0] not in known
    with pytest.raises(SecretFileError):
        StopListKeys(b"x" * 32).unseal([row["sealed"]])


async def test_whoever_holds_the_list_key_pays_for_every_number_that_he_tries() -> None:
    """A number costs milliseconds of a processor, of 10⁹: longer than a list is worth anything."""
    started = asyncio.get_running_loop().time()
    for n in range(5):
        slow_digest(number(n), "")
    per_number_s = (asyncio.get_running_loop().time() - started) / 5
    days_on_a_hundred_processors = per_number_s * 10**9 / 100 / 86_400
    assert days_on_a_hundred_processors > 1


async def test_nothing_was_ever_stopped_is_a_list_too(desk: Desk) -> None:
    """Version 0, without a moment."""
    found = await StopLists(desk.stop_keys).changes(desk.connection, MERCHANT, 0, 0)
    assert (0, None, 0, ()) == (
        found.head.version, found.head.made_at, found.head.entry_count, tuple(found.added)
    )  # fmt: skip


async def test_a_reissued_card_keeps_its_account_and_stops_the_old_plastic(desk: Desk) -> None:
    """In one transaction; the same file again changes nothing."""
    await desk.bind(1, 11, "A")
    rows = [
        Reissue(2, desk.card(1, "A"), desk.card(1, "B")),
        Reissue(3, desk.card(1, "B"), desk.card(1, "C")),
    ]
    done = await reissue(desk.desk, desk.connection, rows, by="desk")
    assert (2, 0, []) == (done.bound, done.known, list(done.wrong))
    cards = {row["token"]: row for row in await desk.connection.fetch("SELECT * FROM card")}
    assert {11} == {row["account_id"] for row in cards.values()}
    assert {desk.card(1, series).tokens[0] for series in "AB"} == await desk.stopped()
    again = await reissue(desk.desk, desk.connection, rows, by="desk")
    assert (0, 2, 1) == (again.bound, again.known, again.changed.version)
    assert {desk.card(1, series).tokens[0] for series in "AB"} == await desk.stopped()


async def test_wrong_rows_of_a_reissue_file_do_nothing_and_are_named(desk: Desk) -> None:
    """The right ones beside them hold."""
    await desk.bind(1, 11)
    await desk.bind(2, 12)
    await desk.bind(3, 13)
    await desk.stop(5)
    rows = [
        Reissue(2, desk.card(9), desk.card(10)),
        Reissue(3, desk.card(1), desk.card(2)),
        Reissue(4, desk.card(1), desk.card(1)),
        Reissue(5, desk.card(1), desk.card(5)),
        Reissue(6, desk.card(3), desk.card(4)),
    ]
    done = await reissue(desk.desk, desk.connection, rows, by="desk")
    wrong = [Wrong.OLD_UNKNOWN, Wrong.NEW_OF_ANOTHER, Wrong.SAME_CARD, Wrong.NEW_IS_STOPPED]
    assert list(zip((2, 3, 4, 5), wrong, strict=True)) == list(done.wrong)
    assert set(desk.card(3).tokens) == await desk.stopped()


async def test_a_card_is_not_reissued_as_one_that_is_stopped(desk: Desk) -> None:
    """Not as one of its own account either: its holder would be left with no card that is served."""
    await desk.bind(1, 11, "A")
    rows = [Reissue(2, desk.card(1, "A"), desk.card(1, "B"))]
    await reissue(desk.desk, desk.connection, rows, by="desk")
    back = [Reissue(2, desk.card(1, "B"), desk.card(1, "A"))]
    done = await reissue(desk.desk, desk.connection, back, by="desk")
    assert ([(2, Wrong.NEW_IS_STOPPED)], 1) == (list(done.wrong), done.changed.version)
    assert set(desk.card(1, "A").tokens) == await desk.stopped()


async def test_a_stop_holds_for_every_token_of_a_card(desk: Desk) -> None:
    """Under the old key and the new one, whichever the row was made with, and after the alias was written."""
    newer = Desk(desk.connection, NEW)
    for n in (1, 2):
        await desk.bind(n, n)
    await write_aliases(desk.connection, {newer.card(1).tokens[0]: desk.card(1).tokens[0]}, NEW.key_id)
    await newer.stop(1, 2)
    assert {*newer.card(1).tokens, desk.card(2).tokens[0]} == await desk.stopped()
    await write_aliases(desk.connection, {newer.card(2).tokens[0]: desk.card(2).tokens[0]}, NEW.key_id)
    assert {*newer.card(1).tokens, *newer.card(2).tokens} == await desk.stopped()
    await newer.lift(1, 2)
    assert set() == await desk.stopped()


async def test_a_list_that_is_loaded_with_a_new_key_finds_what_the_old_one_stopped(desk: Desk) -> None:
    """Nothing is stopped twice, and entries get the newest token."""
    await desk.stop(1, 2)
    newer = Desk(desk.connection, NEW)
    assert [1, 0, 0, 2] == vars_of(await newer.replace(1, 2))
    tokens = {row["token"] for row in await desk.connection.fetch("SELECT token FROM stop_entry")}
    assert {newer.card(n).tokens[0] for n in (1, 2)} == tokens
    await newer.bind(1, 1)
    assert {newer.card(1).tokens[0]} == await desk.stopped()


async def test_a_full_list_frees_a_card_that_was_not_used_since_the_key_was_rotated(desk: Desk) -> None:
    """It knows the card by the newest token of the list alone."""
    await desk.bind(1, 1)
    await desk.stop(1)
    newer = Desk(desk.connection, NEW)
    await newer.replace(1)
    assert [2, 0, 1, 0] == vars_of(await newer.replace())
    assert set() == await desk.stopped()


async def test_an_alias_written_beside_a_stop_is_stopped(
    desk: Desk, postgres: EmbeddedPostgres, database_name: str
) -> None:
    """Whoever comes second waits for the first, and sees it."""
    newer = Desk(desk.connection, NEW)
    other = await asyncpg.connect(postgres.url(database_name).replace("+asyncpg", ""))
    try:
        for n in range(1, 9):
            await desk.bind(n, n)
            alias = {newer.card(n).tokens[0]: desk.card(n).tokens[0]}
            await asyncio.gather(desk.stop(n), write_aliases(other, alias, NEW.key_id))
        assert {token for n in range(1, 9) for token in newer.card(n).tokens} == await desk.stopped()
    finally:
        await other.close()


async def test_it_is_told_how_many_cards_are_known_by_an_old_key_alone(desk: Desk) -> None:
    """When there is none left, the key may leave the ring."""
    newer = Desk(desk.connection, NEW)
    for n in (1, 2, 3):
        await desk.bind(n, n)
    await newer.bind(4, 4)
    await write_aliases(desk.connection, {newer.card(1).tokens[0]: desk.card(1).tokens[0]}, NEW.key_id)
    uses = {
        use.key_id: (use.cards, use.without_newest) for use in await key_uses(desk.connection, NEW.key_id)
    }
    assert {"card-old": (3, 2), "card-new": (2, 0)} == uses
    assert card_token(number(1), "", OLD) == newer.card(1).tokens[1]
