"""Lists of small kinds: drafts, what they say, what they must keep, and bad files that change nothing."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.policy import moscow_date
from gateway.goods.importing.category_tree import read_category_tree
from gateway.goods.importing.problems import ImportFileError
from gateway.goods.loader import SHIPPED, ListFileError, load_list_book, read_list_files
from gateway.goods.reference.downloads import changes_between
from gateway.goods.reference.drafts import Counts
from gateway.goods.reference.errors import ListCode, ListError
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.reading import read_reference
from gateway.goods.reference.taking_over import TAKEN_OVER, take_over
from gateway.runtime.database import make_engine
from tests.goods_kit import names_folder
from tests.reference_kit import RULES, Desk, prohibited_text


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with the shipped programs and nominals, to be changed."""
    shutil.copytree(SHIPPED / "programs", tmp_path / "p" / "programs")
    shutil.copy(SHIPPED / "nominals.toml", tmp_path / "p")
    return tmp_path / "p"


async def test_a_draft_takes_the_name_of_the_file_or_of_the_day(desk: Desk) -> None:
    """A second one of a day is counted."""
    assert "2027-01-01" == (await desk.prohibited("2027-01-01", "11.05")).version
    day = (await desk.draft(Kind.OKPD2, desk.file("okpd2.tsv", "10\tПродукты\n"))).version
    second = (await desk.draft(Kind.OKPD2, desk.file("okpd2.tsv", "11\tНапитки\n"))).version
    assert (moscow_date(await desk.now()).isoformat(), f"{day}.2") == (day, second)
    assert (await desk.draft(Kind.OKPD2, desk.file("okpd2.tsv", "12\tТабак\n"), "mine")).version == "mine"


async def test_a_draft_counts_how_it_differs_from_what_is_published(desk: Desk) -> None:
    """By key: a rule is known by its id."""
    first = await desk.prohibited("first", "11.05", "11.02", "12")
    assert Counts(rows=3, added=3) == first.counts
    await desk.publish(Kind.PROHIBITED, "first")
    text = prohibited_text("second", "11.05", "11.02", "11.03").replace('title = "11.02"', 'title = "Вина"')
    second = await desk.draft(Kind.PROHIBITED, desk.file("second.toml", text))
    assert Counts(rows=3, added=1, changed=1, removed=1, unchanged=1) == second.counts


async def test_the_same_list_in_another_order_is_the_same_list(desk: Desk) -> None:
    """Drafted or published last. An older one may come back, by a publication of its own."""
    await desk.prohibited("first", "11.05", "12")
    await desk.publish(Kind.PROHIBITED, "first")
    before = await desk.dump()
    again = await desk.prohibited("second", "12", "11.05")
    assert (False, "first") == (again.is_new, again.version)
    assert before == await desk.dump()
    await desk.prohibited("third", "12")
    drafted = await desk.dump()
    assert (False, "third") == ((await desk.prohibited("4", "12")).is_new, "third")
    assert drafted == await desk.dump()
    await desk.publish(Kind.PROHIBITED, "third", effective_from=await desk.now() + timedelta(days=9))
    assert (await desk.prohibited("back", "11.05", "12")).is_new


async def test_small_lists_are_read_in_full_and_by_difference_as_the_catalogue_is(
    desk: Desk, programs: Path
) -> None:
    """A difference applied to the old version is the new one, of every kind."""
    await desk.prohibited("old", "11.05", "12")
    await desk.prohibited("new", "11.05", "11.02")
    await desk.draft(Kind.CLASSES, SHIPPED / "classes.toml", "old")
    classes = desk.file("classes.toml", 'version = "2"\n[classes]\n"10" = ["food"]\n"01.11.1" = ["food"]\n')
    await desk.draft(Kind.CLASSES, classes, "new")
    await desk.draft(Kind.PROGRAMS, programs, "old")
    (programs / "programs" / "other-1.toml").unlink()
    nominals = (programs / "nominals.toml").read_text(encoding="utf-8")
    (programs / "nominals.toml").write_text(nominals.replace("[150_000]", "[250_000]"), encoding="utf-8")
    await desk.draft(Kind.PROGRAMS, programs, "new")
    await desk.draft(Kind.OKPD2, desk.file("o.tsv", "A\tПродукция\n10\tПродукты\n11\tНапитки\n"), "old")
    await desk.draft(Kind.OKPD2, desk.file("o.tsv", "A\tПродукция\n10\tПродукты пищевые\n"), "new")
    keys = {}
    for kind in (Kind.PROHIBITED, Kind.CLASSES, Kind.PROGRAMS, Kind.OKPD2):
        old, new = await desk.lines(kind, "old"), await desk.lines(kind, "new")
        delta = {e.key: e.line async for e in changes_between(desk.connection, kind, "old", "new")}
        applied = {key: line for key, line in {**old, **delta}.items() if line is not None}
        assert new == applied
        assert len(delta) < len(old) + len(new)
        keys[kind] = delta.keys()
    assert {"rule-12", "rule-11-02"} == keys[Kind.PROHIBITED]
    assert {"program other 1", "nominal other 2022-03-01"} == keys[Kind.PROGRAMS]
    assert {"10", "11"} == keys[Kind.OKPD2]


async def test_what_was_in_force_before_is_taken_over_as_it_was(desk: Desk, database_url: str) -> None:
    """Every version from its own first day, with its own act: what decisions find is what the files say."""
    epoch = await desk.epoch()
    taken = await take_over(
        desk.connection, read_list_files(), address="list files", by="operator-1", rules=RULES
    )
    assert epoch + len(taken) == await desk.epoch()
    engine = make_engine(database_url.replace("postgres@", "tillgate_gateway@"), pool_size=1)
    snapshot = await read_reference(engine)
    await engine.dispose()
    book = load_list_book()
    assert book.prohibited == snapshot.prohibited
    first = book.prohibited[0].effective_from
    (classes,), (programs,) = snapshot.classes, snapshot.programs
    assert (first, first) == (classes.effective_from, programs.effective_from)
    assert book.class_map == classes.content
    assert (book.programs, set(book.nominals)) == (
        programs.content.programs,
        set(programs.content.nominals),
    )


async def test_only_a_kind_without_versions_is_taken_over(desk: Desk) -> None:
    """All kinds that are asked for, or none; the others can be taken by name."""
    await desk.prohibited("2027-01-01", "11.05")
    before = await desk.dump()
    files = read_list_files()
    with pytest.raises(ListError) as refused:
        await take_over(desk.connection, files, address="files", by="operator-1", rules=RULES)
    assert (ListCode.KIND_NOT_EMPTY, Kind.PROHIBITED) == (
        refused.value.code,
        refused.value.details["kind"],
    )
    assert before == await desk.dump()
    others = iter(TAKEN_OVER[1:])
    taken = await take_over(
        desk.connection, files, address="files", by="operator-1", rules=RULES, kinds=others
    )
    assert [Kind.CLASSES, Kind.PROGRAMS] == [one.kind for one in taken]


async def test_a_list_that_begins_within_the_lead_is_not_taken_over(desk: Desk, tmp_path: Path) -> None:
    """The nodes would hear of it too late; tomorrow it is in force, and can be."""
    files = read_list_files()
    newest = files.prohibited[-1].effective_from
    at_midnight = load_list_book().prohibited[-1].effective_from
    await desk.at(at_midnight.replace(hour=20, minute=59, second=30))
    assert (await desk.now()) < at_midnight, newest
    with pytest.raises(ListError) as refused:
        await take_over(desk.connection, files, address="list files", by="operator-1", rules=RULES)
    assert ListCode.EFFECTIVE_TOO_SOON is refused.value.code
    await desk.at(at_midnight)
    await take_over(desk.connection, files, address="list files", by="operator-1", rules=RULES)


async def test_published_programs_stay_in_every_later_document(desk: Desk, programs: Path) -> None:
    """Certificates live under the version they were issued under; new versions and programs may come."""
    await take_over(desk.connection, read_list_files(), address="files", by="operator-1", rules=RULES)
    food = (programs / "programs" / "food-2.toml").read_text(encoding="utf-8")
    new = food.replace("version = 2", "version = 3")
    (programs / "programs" / "food-3.toml").write_text(new, encoding="utf-8")
    await desk.draft(Kind.PROGRAMS, programs, "good")
    (programs / "programs" / "food-2.toml").write_text(food.replace("30_000", "40_000"), encoding="utf-8")
    (programs / "programs" / "other-1.toml").unlink()
    before = await desk.dump()
    with pytest.raises(ListError) as refused:
        await desk.draft(Kind.PROGRAMS, programs, "bad")
    assert (ListCode.PROGRAM_CHANGED, "food-2, other-1") == (
        refused.value.code,
        refused.value.details["programs"],
    )
    assert before == await desk.dump()


async def test_a_draft_of_programs_is_compared_again_when_it_is_published(desk: Desk, programs: Path) -> None:
    """Another draft may have been published meanwhile."""
    await take_over(desk.connection, read_list_files(), address="files", by="operator-1", rules=RULES)
    food = (programs / "programs" / "food-2.toml").read_text(encoding="utf-8")
    for code, name in (("gift", "Подарок"), ("food", "Продукты")):
        text = food.replace("version = 2", "version = 3").replace('code = "food"', f'code = "{code}"')
        path = programs / "programs" / f"{code}-3.toml"
        path.write_text(text, encoding="utf-8")
        await desk.draft(Kind.PROGRAMS, programs, name)
        path.unlink()
    await desk.publish(Kind.PROGRAMS, "Подарок")
    later = await desk.now() + timedelta(days=9)
    with pytest.raises(ListError) as refused:
        await desk.publish(Kind.PROGRAMS, "Продукты", effective_from=later)
    assert (ListCode.PROGRAM_CHANGED, "gift-3") == (
        refused.value.code,
        refused.value.details["programs"],
    )


async def test_nominals_of_days_that_have_begun_stay(desk: Desk, programs: Path) -> None:
    """Certificates were issued by them; those of days to come, and new days, may change."""
    await take_over(desk.connection, read_list_files(), address="files", by="operator-1", rules=RULES)
    path = programs / "nominals.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[150_000]", "[150_000, 250_000]"), encoding="utf-8")
    with pytest.raises(ListError) as refused:
        await desk.draft(Kind.PROGRAMS, programs)
    assert (ListCode.NOMINAL_CHANGED, "other 2022-03-01 2500.00") == (
        refused.value.code,
        refused.value.details["nominals"],
    )
    more = '\n[[nominal]]\ngoods_class = "other"\neffective_from = 2090-01-01\nnominals_kopecks = [250_000]\n'
    path.write_text(text + more, encoding="utf-8")
    await desk.draft(Kind.PROGRAMS, programs, "first")
    await desk.publish(Kind.PROGRAMS, "first")
    path.write_text(text + more.replace("[250_000]", "[260_000]"), encoding="utf-8")
    assert (await desk.draft(Kind.PROGRAMS, programs, "second")).is_new


BEER = prohibited_text("bad", "11.05")


@pytest.mark.parametrize(
    ("kind", "content", "error", "words"),
    [
        (Kind.PROHIBITED, BEER.replace("11-05", "пиво").encode("cp1251"), ListFileError, "utf-8"),
        (Kind.PROHIBITED, BEER.encode("utf-8-sig"), ListFileError, "Invalid"),
        (
            Kind.PROHIBITED,
            BEER.replace("decision", "verdict").encode(),
            ListFileError,
            "decision: Field required",
        ),
        (Kind.PROHIBITED, BEER.replace("11.05", "11.0").encode(), ListFileError, "11.0"),
        (Kind.PROHIBITED, (BEER + BEER[BEER.index("[[") :]).encode(), ListFileError, "occurs twice"),
        (Kind.CLASSES, b'version = "1"\n[classes]\n"10" = ["drink"]\n', ListFileError, "classes.10.0"),
        (Kind.OKPD2, b"10;Food\n", ListError, "NOTHING_USABLE"),
        (Kind.OKPD2, "10\tПродукты\n".encode("utf-16"), ImportFileError, "UTF-16"),
        (Kind.OKPD2, b"", ImportFileError, "is empty"),
    ],
)
async def test_a_list_that_is_wrong_changes_nothing(
    desk: Desk, kind: Kind, content: bytes, error: type[Exception], words: str
) -> None:
    """The file and what is wrong with it are named."""
    await desk.prohibited("first", "11.05")
    await desk.publish(Kind.PROHIBITED, "first")
    before = await desk.dump()
    path = desk.folder / "bad"
    path.write_bytes(content)
    with pytest.raises(error, match=words):
        await desk.draft(kind, path)
    assert before == await desk.dump()


async def test_the_table_of_codes_is_read_in_windows_1251_with_its_bad_rows_told(desk: Desk) -> None:
    """Of rows with the same code the first holds."""
    text = "A\tПродукция\n10\tПродукты\n10\tПищевые\nx\tНичто\n11\n"
    done = await desk.draft(Kind.OKPD2, desk.file("o.tsv", text, "cp1251"), "1")
    assert {"A", "10"} == (await desk.lines(Kind.OKPD2, "1")).keys()
    assert {
        "code: occurs twice": 1,
        "code: is no ОКПД2 code": 1,
        "is not a code and a name with a tab between": 1,
    } == done.problems
    assert done.problems == (await desk.version(Kind.OKPD2, "1")).import_summary["problems"]


async def test_two_files_from_one_day_are_not_taken_over(desk: Desk, tmp_path: Path) -> None:
    """Which of them would be in force is anybody's guess."""
    folder = shutil.copytree(SHIPPED, tmp_path / "lists")
    text = prohibited_text("2030-01-01", "11.05").replace("2026-01-01", "2024-01-01")
    (folder / "prohibited" / "2030-01-01.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ListFileError, match="is that of version"):
        read_list_files(folder)


async def test_a_tree_that_goes_in_a_circle_is_refused(desk: Desk) -> None:
    """Before a row of the catalogue is read."""
    tree = desk.file("tree.tsv", "id\tparent_id\tname\n1\t2\tНапитки\n2\t1\tЕда\n")
    with pytest.raises(ImportFileError, match="circle"):
        read_category_tree(tree)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.CATALOGUE])
async def test_a_list_of_any_kind_imported_twice_changes_nothing(
    desk: Desk, programs: Path, kind: Kind
) -> None:
    """As a draft and when it is published, also under a name of its own."""
    paths = {
        Kind.PROHIBITED: SHIPPED / "prohibited" / "2024-01-01.toml",
        Kind.CLASSES: SHIPPED / "classes.toml",
        Kind.PROGRAMS: programs,
        Kind.OKPD2: desk.file("okpd2.tsv", "10\tПродукты\n11\tНапитки\n"),
        Kind.NAMES: names_folder(desk.folder / "names"),
    }
    drafted = await desk.draft(kind, paths[kind], "one")
    before = await desk.dump()
    again = await desk.draft(kind, paths[kind], "two")
    assert (True, False, "one") == (drafted.is_new, again.is_new, again.version)
    assert before == await desk.dump()
    await desk.publish(kind, "one")
    published = await desk.dump()
    assert not (await desk.draft(kind, paths[kind], "two")).is_new
    assert published == await desk.dump()
