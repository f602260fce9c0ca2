"""What a process judges lines by: editions by instant, files of the node, and what if one is missing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway.domain.basket import Line
from gateway.domain.judging import GoodsUnavailableError, Judged
from gateway.domain.reasons import LineReason, Reason
from gateway.goods.book import GoodsBook
from gateway.goods.cases.rules import Confirmation, make_rule
from gateway.goods.cases.subjects import Subject, SubjectKind
from gateway.goods.loader import load_list_book
from gateway.goods.reference.errors import ListError
from gateway.goods.reference.kinds import Kind
from gateway.ledger.answers import CommandError
from gateway.ledger.committer import Committer
from gateway.ledger.deciding import Rules
from gateway.ledger.waiting import Limits
from gateway.runtime.embedded import EmbeddedPostgres
from tests.cli_kit import CommandLine
from tests.crash.processes import eventually
from tests.goods_kit import (
    BEER_CODE,
    BREAD_CODE,
    VODKA_CODE,
    VODKA_WORD,
    book_on,
    heard,
    names_folder,
    prepared,
    publish_soon,
)
from tests.ledger_kit import Kit, NoObserver, NoRegistry, authorize, kit_on, line, must, seal
from tests.reference_kit import Desk, gtin

TICK = timedelta(microseconds=1)
VODKA, MILK = gtin(77), gtin(78)
ROWS = [(VODKA, "Водка", VODKA_CODE), (MILK, "Молоко", "10.51.11")]


@pytest.fixture
async def book(
    postgres: EmbeddedPostgres, database_name: str, desk: Desk, tmp_path: Path
) -> AsyncIterator[GoodsBook]:
    """The book of a process whose node has no files yet; nothing is published."""
    async with book_on(postgres, database_name, tmp_path / "goods") as made:
        yield made


@pytest.fixture
async def kit(database_url: str) -> AsyncIterator[Kit]:
    """A ledger beside it."""
    async with kit_on(database_url) as made:
        yield made


async def committer_by(kit: Kit, book: GoodsBook) -> Committer:
    """A committer that judges by the book, and hears of publications by its batches alone."""
    rules = Rules(kit.policy, lambda _: kit.lists, book.goods_at, kit.standing_of)
    made = Committer(kit.connect, rules, seal, NoRegistry(), NoObserver(), Limits(), book)
    await made.start()
    return made


def item(name: str = "Товар", okpd2: str = BREAD_CODE, gtin: str = "") -> Line:
    """A line of one piece."""
    return Line(1, name, 1000, 100_00, 0, 100_00, okpd2=okpd2, gtin=gtin)


def judged(book: GoodsBook, one: Line) -> Judged:
    """What the book says of a line now."""
    (found,) = book.goods_at(book.now).judge([one], 1)
    return found


async def catalogue_in_force(desk: Desk, book: GoodsBook, version: str = "c1") -> None:
    """A catalogue published and begun, of which the book has heard; its file is not made."""
    await desk.catalogue(ROWS, version)
    begins = await publish_soon(desk, Kind.CATALOGUE, version)
    await desk.at(begins)
    await heard(book, desk)


async def test_with_nothing_published_the_shipped_lists_decide_and_no_file_is_needed(book: GoodsBook) -> None:
    """A new gateway works at once."""
    shipped = load_list_book()
    assert book.editions.is_shipped
    assert await book.open_files()
    book.check()
    assert book.lists_at(book.now).programs == shipped.programs
    assert judged(book, item(okpd2=VODKA_CODE)).verdict.list_version == shipped.prohibited[-1].version


async def test_a_catalogue_turns_vodka_declared_as_bread_into_refused(
    book: GoodsBook, desk: Desk, kit: Kit
) -> None:
    """The till's word does not stand against a number that somebody catalogued."""
    await catalogue_in_force(desk, book)
    done = await prepared(book, desk.connection)
    assert [name[:11] for name in done.made] == ["catalogue-1"]
    committer = await committer_by(kit, book)
    token = await kit.card(committer, 500_00)
    vodka, bread = replace(line(1, 50_00, BREAD_CODE), gtin=VODKA), line(2, 30_00, BREAD_CODE)
    outcome = must(await committer.submit(authorize(token, vodka, bread)))
    await committer.stop()
    assert outcome.purchase
    verdicts = [one.verdict for one in outcome.purchase.lines]
    assert [(v.reason, v.source, v.okpd2) for v in verdicts] == [
        (LineReason.PROHIBITED, "catalogue", VODKA_CODE),
        (LineReason.ALLOWED, "declared", BREAD_CODE),
    ]
    assert "c1" in {told.version for told in outcome.purchase.lines[0].evidence}


async def test_a_classifier_refuses_by_the_name_alone(book: GoodsBook, desk: Desk, tmp_path: Path) -> None:
    """Its evidence names the version under which it was published."""
    await desk.draft(Kind.NAMES, names_folder(tmp_path / "model"), "n7")
    await desk.at(await publish_soon(desk, Kind.NAMES, "n7"))
    await heard(book, desk)
    await prepared(book, desk.connection)
    vodka, bread = judged(book, item(f"{VODKA_WORD} 0,5", "")), judged(book, item("Батон", ""))
    assert (vodka.verdict.reason, vodka.verdict.source) == (LineReason.PROHIBITED, "name")
    assert [told.version for told in vodka.evidence] == ["n7"]
    assert (bread.verdict.reason, bread.verdict.okpd2) == (LineReason.ALLOWED, BREAD_CODE)


async def test_the_switch_is_exact_and_asks_nobody(book: GoodsBook, desk: Desk) -> None:
    """What is announced is opened ahead; from its microsecond on it decides, and not one before."""
    await desk.catalogue(ROWS, "c1")
    begins = await publish_soon(desk, Kind.CATALOGUE, "c1", timedelta(hours=1))
    await heard(book, desk)
    await prepared(book, desk.connection)
    vodka = item(gtin=VODKA)
    reasons = [
        book.goods_at(instant).judge([vodka], 1)[0].verdict.reason
        for instant in (begins - TICK, begins, begins - TICK, begins + TICK)
    ]
    allowed, refused = LineReason.ALLOWED, LineReason.PROHIBITED
    assert reasons == [allowed, refused, allowed, refused]


async def test_a_batch_that_reads_a_newer_epoch_is_decided_by_the_newer_lists(
    book: GoodsBook, desk: Desk, kit: Kit
) -> None:
    """A process that heard of nothing hears of it with its own reading, before it decides."""
    committer = await committer_by(kit, book)
    token = await kit.card(committer, 500_00)
    before = must(await committer.submit(authorize(token, line(1, 10_00, BEER_CODE))))
    await desk.prohibited("2026-bread", "10.71")
    await desk.at(await publish_soon(desk, Kind.PROHIBITED, "2026-bread"))
    known = book.editions.epoch
    after = must(await committer.submit(authorize(token, line(1, 10_00, BREAD_CODE), line(2, 5_00, "10.51"))))
    await committer.stop()
    assert known < book.editions.epoch
    assert before.purchase
    assert after.purchase
    assert {one.verdict.list_version for one in after.purchase.lines} == {"2026-bread"}
    assert [one.verdict.reason for one in after.purchase.lines] == [
        LineReason.PROHIBITED,
        LineReason.ALLOWED,
    ]
    assert before.purchase.lines[0].verdict.list_version != "2026-bread"


async def test_without_its_file_an_edition_decides_no_purchase_and_says_what_to_do(
    book: GoodsBook, desk: Desk, kit: Kit
) -> None:
    """Fewer sources than are in force decide nothing: the till is told to ask again, and all else goes on."""
    committer = await committer_by(kit, book)
    token = await kit.card(committer, 500_00)
    await catalogue_in_force(desk, book)
    assert not await book.open_files()
    with pytest.raises(GoodsUnavailableError, match=r"catalogue-1-.* is not there yet; `tillgate goods prep"):
        book.check()
    with pytest.raises(CommandError) as refused:
        await committer.submit(authorize(token, line(1, 10_00)))
    assert refused.value.reason is Reason.UNAVAILABLE
    await prepared(book, desk.connection)
    assert must(await committer.submit(authorize(token, line(1, 10_00)))).is_approved
    await committer.stop()


async def test_a_damaged_file_is_told_by_name_and_made_again(
    book: GoodsBook, desk: Desk, postgres: EmbeddedPostgres, database_name: str
) -> None:
    """Nothing is decided by half a catalogue, and `tillgate goods prepare` mends it."""
    await catalogue_in_force(desk, book)
    done = await prepared(book, desk.connection)
    (book.files.folder / done.made[0] / "gtins.npy").write_bytes(b"half")
    async with book_on(postgres, database_name, book.files.folder) as later:
        assert not await later.open_files()
        with pytest.raises(GoodsUnavailableError, match=r"holds no catalogue.*tillgate goods prepare"):
            later.check()
        assert (await prepared(later, desk.connection)).made == done.made
        later.check()


async def test_files_of_versions_that_no_edition_needs_are_removed(
    book: GoodsBook, desk: Desk, postgres: EmbeddedPostgres, database_name: str
) -> None:
    """What was superseded stays for a day, for processes that have not looked lately."""
    await catalogue_in_force(desk, book)
    (first,) = (await prepared(book, desk.connection)).made
    await desk.catalogue(ROWS[:1], "c2")
    begins = await publish_soon(desk, Kind.CATALOGUE, "c2")
    await desk.at(begins)
    await heard(book, desk)
    done = await prepared(book, desk.connection)
    assert (done.kept, done.removed) == ((first,), ())
    await desk.at(begins + timedelta(days=2))
    async with book_on(postgres, database_name, book.files.folder) as later:
        assert (await prepared(later, desk.connection)).removed == (first,)


async def test_a_catalogue_that_is_not_what_was_published_is_not_made(book: GoodsBook, desk: Desk) -> None:
    """A row that was changed behind the database's back shows in the hash."""
    await catalogue_in_force(desk, book)
    await desk.connection.execute("ALTER TABLE catalogue_item DISABLE TRIGGER ALL")
    await desk.connection.execute("UPDATE catalogue_item SET name = 'Хлеб'")
    with pytest.raises(ListError, match="CONTENT_DAMAGED"):
        await prepared(book, desk.connection)
    assert not list(book.files.folder.glob("catalogue*"))


async def test_a_running_process_has_its_files_made_and_opens_them(book: GoodsBook, desk: Desk) -> None:
    """One that fails is tried again; nothing needs a restart."""
    tries = []

    async def made() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("no space")
        await prepared(book, desk.connection)

    keeping = asyncio.create_task(book.keep_files(made, retry_s=0.01))
    await catalogue_in_force(desk, book)

    def is_there() -> bool:
        with suppress(GoodsUnavailableError):
            book.check()
            return True
        return False

    await eventually(is_there, "the file is made and open")
    keeping.cancel()
    await asyncio.wait([keeping])
    assert len(tries) == 2


async def test_what_was_judged_is_remembered_beyond_a_publication_of_something_else(
    book: GoodsBook, desk: Desk
) -> None:
    """An epoch that changes nothing in force now makes no line cold."""
    goods = book.goods_at(book.now)
    await desk.prohibited("2027-1", "10.71")
    begins = await publish_soon(desk, Kind.PROHIBITED, "2027-1", timedelta(days=1))
    await heard(book, desk)
    assert book.goods_at(book.now) is goods
    assert book.goods_at(begins) is not goods


async def test_the_command_line_makes_what_is_published(
    tillgate: CommandLine, book: GoodsBook, desk: Desk, data_dir: Path
) -> None:
    """Once; the second time all of it is there."""
    await catalogue_in_force(desk, book)
    first = await asyncio.to_thread(tillgate, "goods", "prepare")
    second = await asyncio.to_thread(tillgate, "goods", "prepare")
    assert (first.exit_code, first.stdout[:17]) == (0, "made: catalogue-1")
    assert second.stdout[:18] == "there: catalogue-1"
    assert len(list((data_dir / "goods").glob("catalogue-1-*"))) == 1


async def test_what_the_department_confirms_is_heard_with_the_epoch_and_holds_from_its_instant(
    book: GoodsBook, desk: Desk
) -> None:
    """A rule on a GTIN judges from its microsecond on, without a restart and without a new list."""
    subject = Subject(SubjectKind.GTIN, 0, f"{int(MILK):014}")
    prohibited = book.editions.at(book.now).edition.prohibited
    before = book.goods_at(book.now)
    async with desk.connection.transaction():
        said = Confirmation(VODKA_CODE, "Протокол 5", "operator-1", prohibited, timedelta())
        rule = await make_rule(desk.connection, subject, said)
    await heard(book, desk)
    milk = item(gtin=MILK)
    verdicts = [
        book.goods_at(instant).judge([milk], 1)[0].verdict
        for instant in (rule.since - TICK, rule.since, rule.since - TICK)
    ]
    allowed, refused = LineReason.ALLOWED, LineReason.PROHIBITED
    assert [one.reason for one in verdicts] == [allowed, refused, allowed]
    assert verdicts[1].source == "catalogue"
    assert book.goods_at(rule.since - TICK) is before
