"""Copies of lists at the real gateway, by every client."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.goods.reference.kinds import Kind
from merchant_sdk import (
    NotFoundError,
    Reason,
    ReferenceCopy,
    ReferenceKind,
    ReferenceMismatchError,
    TillCredentials,
)
from tests.reference_kit import FIRST, SECOND, Desk, desk_on
from tests.sdk_support.real import RealGateway
from tests.sdk_support.tills import FLAVOURS, Till, till_of

CATALOGUE = ReferenceKind.CATALOGUE
PAGE = Path(__file__).parents[2] / "docs" / "lists.md"


@dataclass(frozen=True)
class Place:
    """A till over a wire that can be cut, and an operator's desk."""

    gateway: RealGateway
    till: Till
    desk: Desk

    async def publish(self, version: str, rows: list[tuple[str, str, str]]) -> None:
        """A catalogue, in force at once by the database's clock."""
        await self.desk.catalogue(rows, version)
        done = await self.desk.publish(Kind.CATALOGUE, version)
        await self.desk.at(done.effective_from + timedelta(seconds=1))


@pytest.fixture(params=FLAVOURS)
async def at(
    request: pytest.FixtureRequest, gateway: RealGateway, database_url: str, tmp_path: Path
) -> AsyncIterator[Place]:
    """A till of each flavour, and a catalogue in force."""
    async with (
        till_of(request.param, gateway.over_wire) as till,
        desk_on(database_url, tmp_path) as desk,
    ):
        place = Place(gateway, till, desk)
        await place.publish("first", FIRST)
        yield place


async def test_a_copy_is_kept_up_to_date_by_changes(at: Place, tmp_path: Path) -> None:
    """Downloaded, saved, loaded after a restart, brought up to date; it is what a full download gives."""
    first = await at.till.download_reference(CATALOGUE)
    first.save(tmp_path / "catalogue.jsonl")
    assert first == await at.till.download_reference(CATALOGUE, since=first)
    await at.publish("second", SECOND)
    loaded = ReferenceCopy.load(tmp_path / "catalogue.jsonl")
    second = await at.till.download_reference(CATALOGUE, since=loaded)
    assert second == await at.till.download_reference(CATALOGUE)
    assert first == await at.till.download_reference(CATALOGUE, since=second, version="first")
    (told,) = await at.till.references(CATALOGUE)
    assert (second.version, second.sha256, len(second.lines)) == (told.version, told.sha256, told.row_count)


async def test_what_is_published_is_told_with_its_act(at: Place) -> None:
    """Of all lists, if none is named."""
    (told,) = await at.till.references()
    assert (CATALOGUE, "first", True) == (told.kind, told.version, told.is_in_force)
    assert ("Департамент", "17", "https://example.org/list") == (told.act_body, told.act_number, told.address)
    assert () == await at.till.references(ReferenceKind.PROHIBITED)


async def test_a_copy_that_was_changed_by_hand_is_noticed(at: Place) -> None:
    """The changes do not make the new version of it, and nothing is given out."""
    first = await at.till.download_reference(CATALOGUE)
    await at.publish("second", SECOND)
    milk = next(iter(first.lines))
    spoilt = replace(first, lines={**first.lines, milk: "something else"})
    with pytest.raises(ReferenceMismatchError):
        await at.till.download_reference(CATALOGUE, since=spoilt)


async def test_a_version_that_is_not_there_is_named(at: Place) -> None:
    """By the field that names it."""
    with pytest.raises(NotFoundError) as caught:
        await at.till.download_reference(CATALOGUE, version="never")
    assert (Reason.REFERENCE_UNKNOWN, "to_version") == (caught.value.reason, caught.value.field)


async def test_the_example_of_the_page_keeps_a_copy(
    gateway: RealGateway, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In full on its first run, by changes on its second."""
    example = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(TillCredentials, "from_folder", lambda _: gateway.straight)
    async with desk_on(database_url, tmp_path) as desk:
        for version, codes in (("first", ("11.05", "12")), ("second", ("11.05", "13", "14"))):
            await desk.prohibited(version, *codes)
            done = await desk.publish(Kind.PROHIBITED, version)
            await desk.at(done.effective_from + timedelta(seconds=1))
            await asyncio.to_thread(exec, example, {})
            kept = ReferenceCopy.load(tmp_path / "prohibited.jsonl")
            assert (version, len(codes)) == (kept.version, len(kept.lines))


async def test_a_download_begins_anew_when_the_wire_is_mended(at: Place) -> None:
    """As every call that changes nothing."""
    first = await at.till.download_reference(CATALOGUE)
    at.gateway.wire.cut()
    download = asyncio.create_task(at.till.download_reference(CATALOGUE))
    await asyncio.wait([download], timeout=0.1)
    assert not download.done()
    at.gateway.wire.mend()
    assert first == await download
