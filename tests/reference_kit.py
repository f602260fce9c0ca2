"""What the tests of reference data share: list files, drafts on their way to publication, a dump."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
from stdnum import ean

from gateway.domain.commands import Act
from gateway.goods.importing.catalogue import CatalogueFile
from gateway.goods.importing.categories import CategoryMap
from gateway.goods.reference.catalogue import import_catalogue
from gateway.goods.reference.contents import Entry
from gateway.goods.reference.downloads import rows_of
from gateway.goods.reference.drafts import Imported, import_draft, mark_rehearsed
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.problems import Problems
from gateway.goods.reference.publishing import NoticeRules, Publication, Published, publish
from gateway.goods.reference.sources import read_source
from gateway.goods.reference.versions import ReferenceVersion, named, versions_of
from gateway.runtime.database import driver_connection, make_engine

RULES = NoticeRules(timedelta(seconds=60), 5, 0)
ACT = Act("Департамент", "17", date(2026, 10, 1))
NO_CATEGORIES = CategoryMap("1", "test", {})

TABLES = ("reference_version", "reference_file", "catalogue_item", "goods_epoch")


@dataclass(frozen=True)
class Desk:
    """An operator's desk: a connection of the owner's role, and a folder for files."""

    connection: asyncpg.Connection
    folder: Path

    def file(self, name: str, text: str, encoding: str = "utf-8") -> Path:
        """Write a file below the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(encoding))
        return path

    async def now(self) -> datetime:
        """The database's time."""
        now: datetime = await self.connection.fetchval("SELECT tillgate_now()")
        return now

    async def at(self, moment: datetime) -> None:
        """Make the database's clock stand at a moment."""
        await self.connection.execute(
            "CREATE OR REPLACE FUNCTION tillgate_now() RETURNS timestamptz LANGUAGE sql VOLATILE"
            f" AS $$SELECT '{moment.isoformat()}'::timestamptz$$"
        )

    async def draft(self, kind: Kind, path: Path, version: str = "", by: str = "operator-1") -> Imported:
        """Import a file of any kind but the catalogue."""
        problems = Problems()
        source = read_source(kind, path, problems)
        folder = path if kind is Kind.NAMES else None
        return await import_draft(
            self.connection, source, by=by, version=version, problems=problems.counts, folder=folder
        )

    async def prohibited(self, version: str, *codes: str) -> Imported:
        """Import a prohibited list that denies these codes."""
        return await self.draft(
            Kind.PROHIBITED, self.file(f"{version}.toml", prohibited_text(version, *codes))
        )

    async def catalogue(
        self, rows: Iterable[tuple[str, str, str]], version: str = "", *, is_addition: bool = False
    ) -> Imported:
        """Import a catalogue of (GTIN, name, code) rows."""
        lines = "".join(f"{gtin}\t{name}\t{code}\n" for gtin, name, code in rows)
        path = self.file("catalogue.tsv", f"gtin\tname\tokpd2\n{lines}")
        return await import_catalogue(
            self.connection,
            CatalogueFile(path, NO_CATEGORIES),
            by="operator-1",
            version=version,
            is_addition=is_addition,
        )

    async def rehearse(self, kind: Kind, version: str) -> None:
        """Mark a draft rehearsed."""
        await mark_rehearsed(self.connection, kind, version, by="operator-1", summary={"receipts": 1})

    async def publication(self, **changed: Any) -> Publication:
        """One that is in order: announced a month ago, in force in an hour."""
        now = await self.now()
        said = Publication(
            ACT, "https://example.org/list", now - timedelta(days=30), now + timedelta(hours=1), "operator-2"
        )
        return replace_fields(said, changed)

    async def publish(self, kind: Kind, version: str, **changed: Any) -> Published:
        """Rehearse and publish a draft."""
        await self.rehearse(kind, version)
        return await publish(self.connection, kind, version, await self.publication(**changed), RULES)

    async def version(self, kind: Kind, version: str) -> ReferenceVersion:
        """A version as the database has it."""
        return named(await versions_of(self.connection, kind), kind, version)

    async def lines(self, kind: Kind, version: str) -> dict[str, str | None]:
        """A version in full, line by key; its lines have to be those of its SHA-256, in order."""
        entries = [entry async for entry in rows_of(self.connection, kind, version)]
        one = await self.version(kind, version)
        assert one.content_sha256 == sha256_of_entries(entries)
        assert (one.entry_count, sorted(e.key for e in entries)) == (len(entries), [e.key for e in entries])
        return {entry.key: entry.line for entry in entries}

    async def dump(self) -> Mapping[str, list[str]]:
        """Everything that is stored, row by row."""
        dumped = {}
        for table in TABLES:
            rows = await self.connection.fetch(f"SELECT t::text FROM {table} t ORDER BY 1")  # noqa: S608
            dumped[table] = [row["t"] for row in rows]
        return dumped

    async def epoch(self) -> int:
        """The database's epoch of goods."""
        epoch: int = await self.connection.fetchval("SELECT epoch FROM goods_epoch")
        return epoch


def replace_fields(said: Publication, changed: Mapping[str, Any]) -> Publication:
    """A publication in which something is said otherwise."""
    fields = {name: getattr(said, name) for name in said.__struct_fields__}
    return Publication(**{**fields, **changed})


@asynccontextmanager
async def desk_on(database_url: str, folder: Path) -> AsyncIterator[Desk]:
    """A desk at a migrated database."""
    engine = make_engine(database_url, pool_size=1)
    try:
        async with driver_connection(engine) as connection:
            yield Desk(connection, folder)
    finally:
        await engine.dispose()


def prohibited_text(version: str, *codes: str) -> str:
    """A prohibited list as a file."""
    rules = "".join(
        f'[[rule]]\nid = "rule-{code.replace(".", "-")}"\nokpd2 = "{code}"\n'
        f'decision = "deny"\ntitle = "{code}"\n'
        for code in codes
    )
    return f'version = "{version}"\neffective_from = 2026-01-01\nact = "Приказ 1"\n{rules}'


def gtin(number: int) -> str:
    """A GTIN-13 of the country, with its check digit."""
    body = f"460{number:09}"
    return body + ean.calc_check_digit(body)


def sha256_of_entries(entries: Iterable[Entry]) -> str:
    """The SHA-256 that whoever downloads a full version computes."""
    return sha256("".join(f"{entry.line}\n" for entry in entries).encode()).hexdigest()


def moment(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


MILK, BEER, WATER, SOAP = (gtin(number) for number in range(1, 5))
FIRST = [(MILK, "Молоко", "10.51.11"), (BEER, "Пиво", "11.05.10"), (WATER, "Вода", "11.07.11")]
SECOND = [(MILK, "Молоко", "10.51.11"), (BEER, "Пиво светлое", "11.05.10"), (SOAP, "Мыло", "20.41.31")]
"""Two catalogues: milk stays, beer has another name, water goes and soap comes."""
