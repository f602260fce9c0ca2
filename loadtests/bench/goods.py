"""What the bench's goods are judged by: the shipped lists, a catalogue and a classifier, as published."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.goods.importing.catalogue import CatalogueFile
from gateway.goods.importing.categories import SHIPPED_UHTT, load_category_map
from gateway.goods.loader import SHIPPED, read_list_files
from gateway.goods.reference.catalogue import import_catalogue
from gateway.goods.reference.drafts import import_draft
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.problems import Problems
from gateway.goods.reference.publishing import LEAD_LEAST, NoticeRules
from gateway.goods.reference.sources import read_source
from gateway.goods.reference.taking_over import take_over
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.goods_files import prepare_files
from gateway.runtime.settings import Settings
from loadtests.bench.belt import GTIN_PREFIX, ITEMS, bench_items
from loadtests.demo.baskets import load_baskets
from loadtests.demo.items import gtin_in, items_of, names_rows
from loadtests.demo.publishing import VERSION, publish_drafts, wait_until, write_rows

CATALOGUE_ROWS: Final = 200_000
CLASSIFIERS: Final = Path("var/bench/classifiers")
"""Where the classifier is kept, which takes ten seconds to learn."""

_BY: Final = "bench"
_AT_ONCE: Final = NoticeRules(LEAD_LEAST, 0, 0)


def publish_goods(settings: Settings) -> None:
    """Publish everything, make the node's files of it, and return when it holds. Blocks."""
    folder = settings.data_dir / "catalogue"
    folder.mkdir()
    catalogue, names = folder / "catalogue.csv", folder / "names.csv"
    write_rows(catalogue, catalogue_rows())
    write_rows(names, names_rows(items_of(load_baskets()).values()))
    learned = subprocess.run(
        [sys.executable, "-m", "loadtests.demo.learning", str(names), str(CLASSIFIERS)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    begins = asyncio.run(_publish(settings, catalogue, Path(learned.stdout.splitlines()[-1])))
    asyncio.run(prepare_files(settings, lambda *_: None))
    wait_until(begins)


def catalogue_rows() -> Iterator[tuple[str, str, str]]:
    """The catalogue: the catalogued items of the bench, and goods that nobody buys here."""
    items = [item for item in bench_items() if item.is_catalogued]
    for item in items:
        yield item.gtin, item.line.item_name, item.okpd2
    for number in range(ITEMS, ITEMS + CATALOGUE_ROWS - len(items)):
        like = items[number % len(items)]
        yield gtin_in(GTIN_PREFIX, number), f"{like.line.item_name} {number}", like.okpd2


async def _publish(settings: Settings, catalogue: Path, classifier: Path) -> datetime:
    problems = Problems(None)
    engine = make_engine(settings.database_migrator_url, pool_size=1)
    try:
        async with driver_connection(engine) as connection:
            await take_over(connection, read_list_files(SHIPPED), address=_BY, by=_BY, rules=_AT_ONCE)
            file = CatalogueFile(catalogue, load_category_map(SHIPPED_UHTT))
            await import_catalogue(connection, file, by=_BY, version=VERSION, problems=problems)
            read = read_source(Kind.NAMES, classifier, problems)
            await import_draft(connection, read, by=_BY, version=VERSION, folder=classifier)
            return await publish_drafts(connection, _AT_ONCE)
    finally:
        await engine.dispose()
