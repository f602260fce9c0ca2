"""ReferenceService at the real door: what is published, in full and as changes, to whoever has a key."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import ParseDict

from gateway.goods.loader import SHIPPED, read_list_files
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.taking_over import take_over
from gateway.registry.pki import fingerprint_of
from gateway.rpc.references import CHUNK_ROWS
from gateway.runtime.embedded import EmbeddedPostgres
from tests import registry_changes
from tests.door_kit import Door, Refused, Till, door_on
from tests.json_client import JsonClient
from tests.reference_kit import FIRST, RULES, SECOND, Desk, desk_on, gtin
from tests.transports import refused
from tillgate.v1 import reference_service_pb2 as wire
from tillgate.v1.purchase_service_pb2 import GetBalanceRequest

SERVICE = "/tillgate.v1.ReferenceService"
MANY = [(gtin(number), f"Товар {number} {'я' * 100}", "10.51.11") for number in range(1, 2 * CHUNK_ROWS + 2)]
"""Three chunks."""
LARGE_ROWS = 10_000
"""Of two kilobytes each; connections hold some megabytes."""
CATALOGUE = wire.REFERENCE_KIND_CATALOGUE
PROHIBITED = wire.REFERENCE_KIND_PROHIBITED


@dataclass(frozen=True)
class Place:
    """A running gateway that serves one download at once and reads as the reader, and an operator's desk."""

    door: Door
    desk: Desk

    async def list(self, *kinds: int) -> wire.ListReferencesResponse:
        """What ListReferences answers to the first till."""
        request = wire.ListReferencesRequest(kinds=kinds)  # type: ignore[arg-type]
        return await listed(self.door.till(), request)

    def begin(self, kind: int, old: str = "", new: str = "", till: Till | None = None) -> Any:
        """Begin a download."""
        request = wire.DownloadReferenceRequest(
            kind=kind,  # type: ignore[arg-type]
            from_version=old,
            to_version=new,
        )
        stub: Any = (till or self.door.till()).channel.unary_stream(f"{SERVICE}/DownloadReference")
        return stub(request.SerializeToString())

    async def download(self, kind: int, old: str = "", new: str = "") -> "Received":
        """A whole download; raises Refused."""
        return await received(self.begin(kind, old, new))

    async def publish_now(self, kind: Kind, version: str) -> None:
        """Publish a draft, and let the database's clock go on until it is in force."""
        done = await self.desk.publish(kind, version)
        await self.desk.at(done.effective_from + timedelta(seconds=1))


@dataclass(frozen=True)
class Received:
    """The messages of a download."""

    header: wire.DownloadHeader
    chunks: Sequence[Sequence[wire.ReferenceRow]]

    @property
    def rows(self) -> list[wire.ReferenceRow]:
        """All rows."""
        return [row for chunk in self.chunks for row in chunk]

    def applied_to(self, lines: Mapping[str, str]) -> dict[str, str]:
        """What is there when the rows are applied to what was there."""
        held = dict(lines)
        for row in self.rows:
            if row.is_removed:
                del held[row.key]
            else:
                held[row.key] = row.line
        return held


def sha256_of(lines: Mapping[str, str]) -> str:
    """As the .proto file defines it."""
    return sha256(b"".join(lines[key].encode() + b"\n" for key in sorted(lines, key=str.encode))).hexdigest()


async def listed(till: Till, request: wire.ListReferencesRequest) -> wire.ListReferencesResponse:
    """What ListReferences answers; raises Refused."""
    stub: Any = till.channel.unary_unary(f"{SERVICE}/ListReferences")
    try:
        return wire.ListReferencesResponse.FromString(await stub(request.SerializeToString()))
    except grpc.aio.AioRpcError as error:
        raise refused(error) from error


async def received(stream: Any, *first: bytes) -> Received:
    """A download to its end, after what was read of it already; raises Refused."""
    bodies = list(first)
    try:
        while isinstance(body := await stream.read(), bytes):
            bodies.append(body)
    except grpc.aio.AioRpcError as error:
        raise refused(error) from error
    parts = [wire.DownloadReferenceResponse.FromString(body) for body in bodies]
    assert ["header", *["rows"] * (len(parts) - 1)] == [part.WhichOneof("part") for part in parts]
    return Received(parts[0].header, [part.rows.rows for part in parts[1:]])


async def refusal(place: Place, kind: int, old: str = "", new: str = "") -> tuple[str, str, str]:
    """Code, reason and field by which a download is refused."""
    with pytest.raises(Refused) as caught:
        await place.download(kind, old, new)
    return caught.value.code.name, caught.value.reason, caught.value.field


@pytest.fixture
async def place(
    request: pytest.FixtureRequest,
    postgres: EmbeddedPostgres,
    database_name: str,
    redis_url: str,
    tmp_path: Path,
) -> AsyncIterator[Place]:
    """A gateway whose lists are those that are shipped, taken over; its parameter is `download_stall_s`."""
    owner, reader = postgres.url(database_name), postgres.url(database_name, "tillgate_reader")
    async with (
        desk_on(owner, tmp_path) as desk,
        door_on(
            tmp_path,
            owner,
            redis_url,
            database_reader_url=reader,
            downloads_at_once=1,
            download_stall_s=getattr(request, "param", 600),
        ) as door,
    ):
        await take_over(
            desk.connection, read_list_files(SHIPPED), address="files", by="operator-1", rules=RULES
        )
        yield Place(door, desk)


async def test_what_is_in_force_and_what_comes_is_told_with_its_act_and_its_hash(place: Place) -> None:
    """Superseded versions and drafts are not; the instants are those of the publication."""
    await place.desk.prohibited("next", "11.05", "12")
    said = await place.desk.publication()
    await place.desk.publish(Kind.PROHIBITED, "next", effective_from=said.effective_from)
    await place.desk.prohibited("draft", "11.05")
    now, later = (await place.list(PROHIBITED)).versions
    assert ("2024-01-01", True, "") == (now.version, now.is_in_force, now.act_number)
    assert ("next", False, 2) == (later.version, later.is_in_force, later.row_count)
    assert ("Департамент", "17", "2026-10-01") == (later.act_body, later.act_number, later.act_date)
    assert ("Департамент от 01.10.2026 № 17", "https://example.org/list") == (later.act, later.address)
    assert said.effective_from == later.effective_from.ToDatetime(said.effective_from.tzinfo)
    assert (await place.desk.version(Kind.PROHIBITED, "next")).content_sha256 == later.sha256
    assert 3 == len({version.kind for version in (await place.list()).versions})


async def test_the_json_door_tells_the_same(place: Place) -> None:
    """What is published, by the names of the wire; and it refuses by the same names."""
    client = JsonClient(place.door.fixture.terminals[0].folder, place.door.gateway.json_port)
    said = await client.post("ListReferences", {"kinds": ["REFERENCE_KIND_PROHIBITED"]})
    wrong = await client.post("ListReferences", {"kinds": [99]})
    await client.close()
    told = ParseDict(said.body, wire.ListReferencesResponse())
    assert list((await place.list(PROHIBITED)).versions) == list(told.versions)
    assert (400, "FIELD_INVALID", "kinds[0]") == (wrong.status, wrong.body["reason"], wrong.body["field"])


async def test_every_kind_comes_in_full_with_its_hash(place: Place) -> None:
    """Without a version named, the one in force; lines are sorted and none is removed."""
    for version in (await place.list()).versions:
        got = await place.download(version.kind)
        assert version == got.header.version
        assert ("", "", version.row_count) == (
            got.header.from_version,
            got.header.from_sha256,
            len(got.rows),
        )
        assert sorted(row.key for row in got.rows) == [row.key for row in got.rows]
        assert version.sha256 == sha256_of(got.applied_to({}))


async def test_changes_applied_one_after_another_are_the_full_version(place: Place) -> None:
    """Of the catalogue and of a list, there and back, over what was superseded."""
    goods = {"a": FIRST, "b": SECOND, "c": MANY, "d": FIRST[:1]}
    for name, rows in goods.items():
        await place.desk.catalogue(rows, name)
        await place.publish_now(Kind.CATALOGUE, name)
    codes = {"a": ["11.05"], "b": ["11.05", "12"], "c": ["12", "13", "14"], "d": ["11.05"]}
    for name, listed_codes in codes.items():
        await place.desk.prohibited(name, *listed_codes)
        await place.publish_now(Kind.PROHIBITED, name)
    for kind, number in ((Kind.CATALOGUE, CATALOGUE), (Kind.PROHIBITED, PROHIBITED)):
        held: dict[str, str] = {}
        for old, new in (("", "a"), ("a", "b"), ("b", "c"), ("c", "d"), ("d", "b"), ("b", "b"), ("b", "")):
            got = await place.download(number, old, new)
            held = got.applied_to(held)
            in_store = await place.desk.version(kind, new or "d")
            assert in_store.content_sha256 == got.header.version.sha256 == sha256_of(held)
            if old:
                assert (await place.desk.version(kind, old)).content_sha256 == got.header.from_sha256
            assert held == (await place.download(number, "", new)).applied_to({})
    assert [] == (await place.download(CATALOGUE, "b", "b")).rows


async def test_many_rows_come_in_chunks(place: Place) -> None:
    """No message grows with the catalogue."""
    await place.desk.catalogue(MANY, "many")
    await place.publish_now(Kind.CATALOGUE, "many")
    got = await place.download(CATALOGUE)
    assert [CHUNK_ROWS, CHUNK_ROWS, 1] == [len(chunk) for chunk in got.chunks]
    assert got.header.version.sha256 == sha256_of(got.applied_to({}))


async def test_what_is_not_published_is_not_there(place: Place) -> None:
    """A draft, a discarded and an unknown version, on either side; a kind of which nothing is in force."""
    await place.desk.prohibited("draft", "11.05")
    for old, new, field in (
        ("", "draft", "to_version"),
        ("draft", "", "from_version"),
        ("", "never", "to_version"),
    ):
        assert ("NOT_FOUND", "REFERENCE_UNKNOWN", field) == await refusal(place, PROHIBITED, old, new)
    assert ("NOT_FOUND", "REFERENCE_UNKNOWN", "to_version") == await refusal(place, CATALOGUE)


async def test_a_kind_that_does_not_exist_is_refused_by_its_field(place: Place) -> None:
    """And one that is not named."""
    assert ("INVALID_ARGUMENT", "FIELD_INVALID", "kind") == await refusal(place, 99)
    assert ("INVALID_ARGUMENT", "FIELD_MISSING", "kind") == await refusal(place, 0)
    with pytest.raises(Refused) as caught:
        await place.list(PROHIBITED, 99)
    assert ("FIELD_INVALID", "kinds[1]") == (caught.value.reason, caught.value.field)


async def stocked(place: Place) -> None:
    """A catalogue that is larger than what travels ahead of its reader."""
    rows = [(gtin(number), f"Товар {number} {'ж' * 900}", "10.51.11") for number in range(1, LARGE_ROWS)]
    await place.desk.catalogue(rows, "large")
    await place.publish_now(Kind.CATALOGUE, "large")


async def until_there_is_a_place(place: Place) -> None:
    """Download something small until that is not refused for the lack of a place."""
    while True:
        try:
            await place.download(PROHIBITED)
            return
        except Refused as error:
            if error.reason != "TOO_MANY_DOWNLOADS":
                raise


async def test_one_download_too_many_is_sent_away_until_another_ends(place: Place) -> None:
    """By name and with a pause; one whose client hung up gives its place back."""
    await stocked(place)
    first = place.begin(CATALOGUE)
    await first.read()
    with pytest.raises(Refused) as caught:
        await place.download(PROHIBITED)
    assert ("RESOURCE_EXHAUSTED", "TOO_MANY_DOWNLOADS", 2.0) == (
        caught.value.code.name,
        caught.value.reason,
        caught.value.retry_after_s,
    )
    assert [] != (await place.list()).versions
    first.cancel()
    await until_there_is_a_place(place)


@pytest.mark.parametrize("place", [1], indirect=True)
async def test_a_download_that_nobody_reads_ends_by_name(place: Place) -> None:
    """It holds its place for so long and no longer."""
    await stocked(place)
    stream = place.begin(CATALOGUE)
    await stream.read()
    await until_there_is_a_place(place)
    with pytest.raises(Refused) as caught:
        await received(stream)
    assert ("DEADLINE_EXCEEDED", "DOWNLOAD_STALLED") == (caught.value.code.name, caught.value.reason)


async def test_a_download_stays_of_one_version_while_another_comes_into_force(place: Place) -> None:
    """What was begun is the version that its header names; the next one is the new."""
    await stocked(place)
    stream = place.begin(CATALOGUE)
    first = await stream.read()
    await place.desk.catalogue(SECOND, "after")
    await place.publish_now(Kind.CATALOGUE, "after")
    got = await received(stream, first)
    version = got.header.version
    assert ("large", version.sha256) == (version.version, sha256_of(got.applied_to({})))
    assert "after" == (await place.download(CATALOGUE)).header.version.version


async def test_no_transaction_is_open_while_rows_travel(place: Place) -> None:
    """A slow client must not keep the database from cleaning up after purchases."""
    await stocked(place)
    stream = place.begin(CATALOGUE)
    await stream.read()
    await stream.read()
    look = (
        "SELECT state, backend_xmin FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename = 'tillgate_reader'"
    )
    while (found := tuple(await place.desk.connection.fetchrow(look)))[0] == "active":
        pass
    assert ("idle", None) == found
    stream.cancel()


async def test_a_revoked_key_gets_nothing_more(place: Place) -> None:
    """Neither a list nor the rest of a download."""
    await stocked(place)
    till = place.door.till()
    stream = place.begin(CATALOGUE, till=till)
    await stream.read()
    fingerprint = fingerprint_of((till.client.folder / "cert.pem").read_bytes())
    await registry_changes.revoke_key(place.door.ledger.engine, fingerprint, "lost")
    # Whatever decides on money reads the registry's epoch first, so nobody has to wait for the next look.
    balance = GetBalanceRequest(card=await place.door.card(1_00))
    await place.door.till(place.door.tills_of(0)[1]).call(balance)
    with pytest.raises(Refused) as caught:
        await listed(till, wire.ListReferencesRequest())
    assert "CLIENT_REVOKED" == caught.value.reason
    with pytest.raises(Refused) as caught:
        await received(stream)
    assert "CLIENT_REVOKED" == caught.value.reason


async def test_nobody_reads_without_a_certificate(place: Place) -> None:
    """The handshake fails before any call."""
    ca = (place.door.fixture.terminals[0].folder / "ca.pem").read_bytes()
    target = f"localhost:{place.door.gateway.grpc_port}"
    async with grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(ca)) as channel:
        stub: Any = channel.unary_stream(f"{SERVICE}/DownloadReference")
        with pytest.raises(Refused) as caught:
            await received(stub(b""))
    assert grpc.StatusCode.UNAVAILABLE is caught.value.code
