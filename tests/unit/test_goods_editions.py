"""From what is published to what holds when: each boundary, to the microsecond."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.domain.category import ClassMap, GoodsClass, PublishedNominal
from gateway.goods.editions import NOTHING_PUBLISHED, Editions, editions_from
from gateway.goods.reference.reading import Dated, ProgramBook, ReferenceSnapshot, StoredVersion
from tests.builders import BOOK, CLASSES, FOOD, PROHIBITED, at, prohibited_list

DAY = at("2026-10-01 00:00")
LATER = at("2026-11-01 00:00")
TICK = timedelta(microseconds=1)
HATS = ClassMap("hats", {"14": frozenset({GoodsClass.CLOTHES})})


def published(epoch: int = 7, **kinds: Iterable[Any]) -> ReferenceSnapshot:
    """What is published: of the kinds that are named, these versions; of others nothing."""
    found = {
        name: tuple(kinds.get(name, ()))
        for name in ("prohibited", "classes", "programs", "okpd2", "catalogue", "names")
    }
    return ReferenceSnapshot(epoch, **found)


def stored(version: str, since: datetime, number: int = 1) -> StoredVersion:
    """A version of a catalogue or of a classifier."""
    return StoredVersion(version, number, since, f"{number:064x}", 1)


def versions_at(editions: Editions, instant: datetime) -> tuple[str, str, str, str]:
    """The prohibited list, the goods classes, the catalogue and the classifier at an instant."""
    found = editions.at(instant)
    assert found.lists.prohibited == (found.edition.prohibited,)
    assert found.lists.class_map is found.edition.class_map
    return (
        found.edition.prohibited.version,
        found.edition.class_map.version,
        found.catalogue.version if found.catalogue else "",
        found.names.version if found.names else "",
    )


def test_without_a_publication_the_shipped_lists_decide() -> None:
    """The gateway works before anybody has published anything, and says that it does."""
    editions = editions_from(NOTHING_PUBLISHED, BOOK)
    assert editions.is_shipped
    assert versions_at(editions, DAY) == (PROHIBITED.version, CLASSES.version, "", "")
    assert editions.at(DAY).lists == BOOK


def test_nothing_is_in_force_before_the_first_prohibited_list() -> None:
    """Whatever else is: a catalogue alone can decide nothing."""
    first = PROHIBITED.effective_from
    editions = editions_from(published(catalogue=[stored("c1", first - timedelta(days=9))]), BOOK)
    with pytest.raises(LookupError, match="no prohibited list"):
        editions.at(first - TICK)
    assert versions_at(editions, first) == (PROHIBITED.version, CLASSES.version, "c1", "")


def test_a_version_holds_from_its_very_microsecond() -> None:
    """One microsecond before, the old list holds, and the new one from its instant on."""
    new = prohibited_list("2026-2", DAY, sweets="-10.82")
    editions = editions_from(published(prohibited=[new]), BOOK)
    assert not editions.is_shipped
    assert versions_at(editions, DAY - TICK)[0] == PROHIBITED.version
    assert versions_at(editions, DAY)[0] == "2026-2"
    assert versions_at(editions, DAY + TICK)[0] == "2026-2"


def test_shipped_lists_of_a_later_day_give_way_to_what_is_published() -> None:
    """Files speak for the time before the first publication alone."""
    files = replace(BOOK, prohibited=(PROHIBITED, prohibited_list("file", LATER)))
    editions = editions_from(published(prohibited=[prohibited_list("2026-2", DAY)]), files)
    assert versions_at(editions, LATER)[0] == "2026-2"
    assert [one.effective_from for one in editions.sequence] == [PROHIBITED.effective_from, DAY]


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ({"classes": [Dated("hats", DAY, HATS)]}, (PROHIBITED.version, "hats", "", "")),
        ({"catalogue": [stored("c1", DAY)]}, (PROHIBITED.version, CLASSES.version, "c1", "")),
        ({"names": [stored("n1", DAY)]}, (PROHIBITED.version, CLASSES.version, "", "n1")),
    ],
)
def test_a_kind_changes_alone(kinds: dict[str, Any], expected: tuple[str, str, str, str]) -> None:
    """All others stay what they were."""
    editions = editions_from(published(**kinds), BOOK)
    assert versions_at(editions, DAY - TICK) == (PROHIBITED.version, CLASSES.version, "", "")
    assert versions_at(editions, DAY) == expected


def test_rules_that_stay_keep_what_they_remember() -> None:
    """A new catalogue does not make the verdicts of unchanged rules anew."""
    editions = editions_from(published(catalogue=[stored("c1", DAY), stored("c2", LATER, 2)]), BOOK)
    assert len({id(one.edition) for one in editions.sequence}) == 1


def test_programs_and_nominals_change_at_their_boundary_and_old_programs_stay() -> None:
    """A certificate finds the program it was issued under, a shipped one as well."""
    newer = replace(FOOD, version=2)
    nominal = PublishedNominal(GoodsClass.FOOD, 2_000_00, DAY.date())
    content = ProgramBook({("food", 2): newer}, (nominal,))
    editions = editions_from(published(programs=[Dated("2", DAY, content)]), BOOK)
    before, after = editions.at(DAY - TICK).lists, editions.at(DAY).lists
    assert (before.programs, before.nominals) == (BOOK.programs, BOOK.nominals)
    assert after.programs == {**BOOK.programs, ("food", 2): newer}
    assert after.nominals == (nominal,)


def test_a_list_for_later_replaces_an_urgent_one_when_its_moment_comes() -> None:
    """Published before or after it: time alone decides."""
    urgent = prohibited_list("urgent", DAY + timedelta(days=3))
    versions = [prohibited_list("later", LATER), prohibited_list("first", DAY), urgent]
    editions = editions_from(published(prohibited=versions), BOOK)
    found = [versions_at(editions, DAY + timedelta(days=days))[0] for days in (-1, 0, 2, 3, 30, 31)]
    assert found == [PROHIBITED.version, "first", "first", "urgent", "urgent", "later"]


moments = st.integers(0, 40).map(lambda hours: DAY + timedelta(hours=hours))


@given(
    st.lists(moments, unique=True, max_size=4),
    st.lists(moments, unique=True, max_size=4),
    st.lists(moments, unique=True, max_size=4),
    moments,
    st.sampled_from([-TICK, timedelta(), TICK]),
)
def test_of_every_kind_the_latest_that_has_begun_is_in_force(
    lists: list[datetime],
    catalogues: list[datetime],
    classifiers: list[datetime],
    near: datetime,
    offset: timedelta,
) -> None:
    """However the versions of the kinds overlap: looked up by one instant, each is the latest that began."""
    snapshot = published(
        prohibited=[prohibited_list(moment.isoformat(), moment) for moment in lists],
        catalogue=[stored(moment.isoformat(), moment) for moment in catalogues],
        names=[stored(moment.isoformat(), moment) for moment in classifiers],
    )
    instant = near + offset

    def latest(begins: list[datetime], otherwise: str) -> str:
        begun = [moment for moment in begins if moment <= instant]
        return max(begun).isoformat() if begun else otherwise

    found = versions_at(editions_from(snapshot, BOOK), instant)
    assert found == (
        latest(lists, PROHIBITED.version),
        CLASSES.version,
        latest(catalogues, ""),
        latest(classifiers, ""),
    )
