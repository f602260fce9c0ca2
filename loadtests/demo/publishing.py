"""What goods are, published before the first buyer comes: lists, catalogue, classifier, shops' own codes."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final

import asyncpg

from gateway.cli.lists_support import notice_rules
from gateway.domain.commands import Act
from gateway.domain.policy import MOSCOW
from gateway.goods.cases.rules import Confirmation
from gateway.goods.cases.settling import accept_submission
from gateway.goods.cases.subjects import SubjectKind
from gateway.goods.cases.submissions import GoodsItem, submit
from gateway.goods.loader import SHIPPED
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.publishing import NoticeRules, Publication, publish
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.published import read_editions
from gateway.runtime.settings import Settings
from gateway.spreadsheets import SpreadsheetWriter
from loadtests.demo.items import Item, catalogue_rows, names_rows
from loadtests.demo.money import count
from loadtests.demo.register import CLERK
from loadtests.demo.shopping import SoldLine
from loadtests.demo.view import View
from loadtests.demo.world import DemoError, World

VERSION: Final = "demo"
_COLUMNS: Final = ("gtin", "name", "okpd2")
_FILES: Final = "catalogue"
_CLASSIFIERS: Final = "classifiers"
_MARGIN_S: Final = 1.0
"""How much more than the least time lies between a publication and its effect."""

_OFFICE: Final = "Пример: отдел социальной защиты"
_ADDRESS: Final = "https://example.org/lists"
_LIST_ACT: Final = "ПРИМЕР-2"
_CODES_ACT: Final = "ПРИМЕР-3"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The files of the demo's goods, with the process that learns their names."""

    catalogue: Path
    learning: "subprocess.Popen[str]"

    def learned(self, view: View) -> Path:
        """Wait for the classifier, and say what it does; raises DemoError if there is none in the end."""
        output: IO[str] | None = self.learning.stdout
        last = ""
        for line in output or ():
            if last:
                view.say(last)
            last = line.strip()
        if self.learning.wait() or not last:
            raise DemoError("the classifier of names did not learn; what it said stands above")
        return Path(last)


@contextmanager
def catalogued(directory: Path, items: Iterable[Item]) -> Iterator[Catalogue]:
    """Write the files of some items, and let a process learn their names meanwhile."""
    known = list(items)
    folder = directory / _FILES
    folder.mkdir(parents=True, exist_ok=True)
    catalogue, names = folder / "catalogue.csv", folder / "names.csv"
    write_rows(catalogue, catalogue_rows(known))
    write_rows(names, names_rows(known))
    command = [sys.executable, "-m", "loadtests.demo.learning", str(names), str(directory / _CLASSIFIERS)]
    # One core is left to those who start servers meanwhile.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C is for whoever started it, who ends it.
        start_new_session=True,
    ) as learning:
        try:
            yield Catalogue(catalogue, learning)
        finally:
            learning.terminate()


def write_rows(path: Path, rows: Iterable[tuple[str, str, str]]) -> None:
    """A catalogue as CSV: barcode, name, ОКПД2."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = SpreadsheetWriter(file, delimiter=",")
        writer.row(_COLUMNS)
        writer.rows(rows)


def publish_all(
    world: World, goods: Catalogue, own_codes: Mapping[tuple[int, str], SoldLine], view: View
) -> datetime:
    """Publish everything as an operator does; returns the moment from which all of it holds.

    `own_codes` are what the department confirms: a line of each, by merchant and code. Raises DemoError.
    """
    _done(world, "lists", "take-over", str(SHIPPED))
    _done(world, "lists", "import", "catalogue", str(goods.catalogue), "--version", VERSION)
    classifier = goods.learned(view)
    _done(world, "lists", "import", "names", str(classifier), "--version", VERSION)
    begins = asyncio.run(_published(world.settings, own_codes))
    view.say(
        f"catalogue, classifier and {count(len(own_codes))} of the shops' own codes, which the department has"
        f" confirmed, hold from {begins.astimezone(MOSCOW):%H:%M:%S}"
    )
    return begins


def wait_until(instant: datetime) -> None:
    """Return when it has come."""
    time.sleep(max((instant - datetime.now(UTC)).total_seconds(), 0))


def _done(world: World, *arguments: str) -> None:
    if code := world.command(*arguments, "--by", CLERK):
        raise DemoError(f"tillgate {' '.join(arguments[:3])} ended with exit code {code}")


async def _published(settings: Settings, own_codes: Mapping[tuple[int, str], SoldLine]) -> datetime:
    """Publish both drafts, let merchants submit their own codes, and confirm each for what it is in truth."""
    prohibited = (await read_editions(settings)).at(datetime.now(UTC)).edition.prohibited
    rules = notice_rules(settings)
    engine = make_engine(settings.database_migrator_url, pool_size=1)
    try:
        async with driver_connection(engine) as connection:
            for (merchant_id, code), line in sorted(own_codes.items(), key=lambda item: item[0]):
                item = GoodsItem(SubjectKind.IN_STORE, code, line.item_name, line.true_okpd2)
                (submission,) = await submit(connection, merchant_id, [item])
                confirmation = Confirmation(line.true_okpd2, _CODES_ACT, CLERK, prohibited, rules.lead)
                await accept_submission(connection, submission.id, confirmation)
            return await publish_drafts(connection, rules)
    finally:
        await engine.dispose()


async def publish_drafts(connection: asyncpg.Connection, rules: NoticeRules) -> datetime:
    """Publish the drafts of catalogue and classifier; returns the moment, soon, from which both hold."""
    now: datetime = await connection.fetchval("SELECT tillgate_now()")
    begins = now + rules.lead + timedelta(seconds=_MARGIN_S)
    act = Act(_OFFICE, _LIST_ACT, now.astimezone(MOSCOW).date())
    said = Publication(act, _ADDRESS, now, begins, CLERK)
    for kind in (Kind.CATALOGUE, Kind.NAMES):
        await publish(connection, kind, VERSION, said, rules)
    return begins
