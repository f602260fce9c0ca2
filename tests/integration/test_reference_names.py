"""The classifier of names: stored in parts, fetched byte for byte, checked by its hashes."""

import asyncio
import json
import os
from pathlib import Path
from random import Random

import pytest

from gateway.goods.reference.downloads import changes_between
from gateway.goods.reference.drafts import discard
from gateway.goods.reference.errors import ListCode, ListError
from gateway.goods.reference.files import PART_BYTES, fetch_names
from gateway.goods.reference.kinds import Kind
from tests.reference_kit import Desk, desk_on


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder such as training leaves: a card, a small file, an empty one and one of several parts."""
    folder = tmp_path / "model"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "card.json").write_text(json.dumps({"language": "ru", "classes": ["11.05", "10.51"]}))
    (folder / "labels.txt").write_text("пиво\n", encoding="utf-8")
    (folder / "deep" / "empty").touch()
    (folder / "deep" / "er" / "weights.npy").write_bytes(Random(1).randbytes(2 * PART_BYTES + 17))
    return folder


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


async def test_what_is_fetched_is_what_was_imported(desk: Desk, model: Path, tmp_path: Path) -> None:
    """Byte for byte, the empty file too; nothing is stored in one piece of more than a part."""
    done = await desk.draft(Kind.NAMES, model, "1")
    assert 4 == done.counts.rows
    sizes = await desk.connection.fetch("SELECT octet_length(data) AS n FROM reference_file")
    assert PART_BYTES == max(row["n"] for row in sizes)
    await fetch_names(desk.connection, "1", tmp_path / "fetched")
    assert content(model) == content(tmp_path / "fetched")
    assert ["fetched"] == [name for name in os.listdir(tmp_path) if name.startswith("fetched")]
    body = json.loads(await desk.connection.fetchval("SELECT body::text FROM reference_version"))
    assert {"language": "ru", "classes": ["11.05", "10.51"]} == body["card"]


async def test_workers_that_fetch_at_once_leave_one_whole_folder(
    desk: Desk, model: Path, tmp_path: Path, database_url: str
) -> None:
    """One of them finishes first; the other hears that it is there, and leaves nothing behind."""
    await desk.draft(Kind.NAMES, model, "1")
    async with desk_on(database_url, tmp_path) as other:
        results = await asyncio.gather(
            *(fetch_names(d.connection, "1", tmp_path / "fetched") for d in (desk, other)),
            return_exceptions=True,
        )
    assert [FileExistsError] == [type(result) for result in results if result is not None]
    assert content(model) == content(tmp_path / "fetched")
    assert ["fetched"] == [name for name in os.listdir(tmp_path) if name.startswith("fetched")]


async def test_a_folder_that_is_there_is_not_written_into(desk: Desk, model: Path) -> None:
    """Half an old model and half a new one would be neither."""
    await desk.draft(Kind.NAMES, model, "1")
    before = content(model)
    with pytest.raises(FileExistsError):
        await fetch_names(desk.connection, "1", model)
    assert before == content(model)


async def test_damage_is_noticed_and_leaves_no_folder(desk: Desk, model: Path, tmp_path: Path) -> None:
    """A byte that has turned, whoever turned it."""
    await desk.draft(Kind.NAMES, model, "1")
    await desk.connection.execute("ALTER TABLE reference_file DISABLE TRIGGER USER")
    await desk.connection.execute(
        "UPDATE reference_file SET data = set_byte(data, 5, 255 - get_byte(data, 5)) WHERE part = 1"
    )
    with pytest.raises(ListError) as refused:
        await fetch_names(desk.connection, "1", tmp_path / "fetched")
    assert ListCode.CONTENT_DAMAGED is refused.value.code
    assert "weights.npy" in refused.value.details["what"]
    assert [] == [name for name in os.listdir(tmp_path) if name.startswith("fetched")]


async def test_a_version_that_is_not_there_is_told(desk: Desk, tmp_path: Path) -> None:
    """By its name, and no folder is made."""
    with pytest.raises(ListError) as refused:
        await fetch_names(desk.connection, "1", tmp_path / "fetched")
    assert ListCode.UNKNOWN_VERSION is refused.value.code


async def test_the_files_of_a_discarded_draft_go(desk: Desk, model: Path) -> None:
    """They are most of what a version takes."""
    await desk.draft(Kind.NAMES, model, "1")
    await discard(desk.connection, Kind.NAMES, "1", by="operator-1")
    assert 0 == await desk.connection.fetchval("SELECT count(*) FROM reference_file")


async def test_the_difference_of_two_classifiers_is_that_of_their_files(desk: Desk, model: Path) -> None:
    """Whoever has the old one fetches what differs."""
    await desk.draft(Kind.NAMES, model, "1")
    (model / "labels.txt").write_text("квас\n", encoding="utf-8")
    (model / "deep" / "empty").unlink()
    await desk.draft(Kind.NAMES, model, "2")
    found = {e.key: e.line async for e in changes_between(desk.connection, Kind.NAMES, "1", "2")}
    assert {"labels.txt", "deep/empty"} == found.keys()
    assert found["deep/empty"] is None


@pytest.mark.parametrize("card", [None, "[]", "{"])
async def test_a_folder_without_a_card_is_no_classifier(desk: Desk, model: Path, card: str | None) -> None:
    """Nothing is stored of it."""
    if card is None:
        (model / "card.json").unlink()
    else:
        (model / "card.json").write_text(card)
    before = await desk.dump()
    with pytest.raises(ListError) as refused:
        await desk.draft(Kind.NAMES, model)
    assert ListCode.SOURCE_MALFORMED is refused.value.code
    assert before == await desk.dump()


async def test_links_are_not_followed(desk: Desk, model: Path) -> None:
    """What lies outside the folder is no part of a classifier."""
    (model / "link").symlink_to(model / "labels.txt")
    with pytest.raises(ListError, match="neither a file nor a folder"):
        await desk.draft(Kind.NAMES, model)
