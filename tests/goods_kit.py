"""What tests of goods in a running gateway share: publications that hold soon, a hand-made classifier."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import numpy as np

from gateway.domain.judging import NamePolicy
from gateway.goods.book import GoodsBook
from gateway.goods.loader import load_list_book
from gateway.goods.names.features import COLUMNS
from gateway.goods.names.known_words import KnownWords
from gateway.goods.names.lexicon import load_lexicon
from gateway.goods.names.model import Calibration, ModelCard, ModelFile, NameModel
from gateway.goods.preparing import Prepared, needed, prepare
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.publishing import NoticeRules, publish
from gateway.runtime.database import make_engine
from gateway.runtime.embedded import EmbeddedPostgres
from tests.reference_kit import Desk

AT_ONCE = NoticeRules(timedelta(seconds=5), 0, 0)
"""No notice: a version may hold as soon as the database lets it."""
SOONEST = timedelta(seconds=6)

BREAD_CODE, VODKA_CODE, BEER_CODE = "10.71.11.110", "11.01.10.110", "11.05.10.120"
VODKA_WORD = "водка"


async def publish_soon(desk: Desk, kind: Kind, version: str, after: timedelta = SOONEST) -> datetime:
    """Publish a draft; returns the moment from which it holds."""
    await desk.rehearse(kind, version)
    begins = await desk.now() + after
    said = await desk.publication(effective_from=begins)
    await publish(desk.connection, kind, version, said, AT_ONCE)
    return begins


def names_folder(folder: Path, version: str = "hand-made", weight: float = 40) -> Path:
    """A classifier that knows one word: what has it is vodka, all else is bread.

    A negative `weight` makes the word speak for bread as well.
    """
    lexicon_folder = folder.with_name(f"{folder.name}-lexicon")
    lexicon_folder.mkdir(parents=True)
    lexicon = lexicon_folder / "vodka.toml"
    lexicon.write_text(
        f'[[group]]\nid = "vodka"\nokpd2 = "11.01"\nside = "deny"\nkind = "word"\nstrength = "sure"\n'
        f'terms = ["{VODKA_WORD}"]\n'
    )
    card = ModelCard(
        version=version,
        trained_on="nothing",
        labels=(BREAD_CODE, VODKA_CODE),
        denied=frozenset({VODKA_CODE}),
        groups=("vodka",),
        calibration=Calibration(labels=0.0, linear=1.0, intercept=0.0),
        policy=NamePolicy(100_000, 300_000, 700_000, 950_000),
        evaluation={},
    )
    table = np.zeros((COLUMNS + 1, 2), dtype=np.float32)
    table[-1, -1] = weight
    model = NameModel(
        card=card,
        lexicon=load_lexicon(lexicon_folder),
        table=table,
        bias=np.array([0, -10], dtype=np.float32),
        output=np.zeros((1, 2), dtype=np.float32),
        output_bias=np.zeros(2, dtype=np.float32),
        words=KnownWords.of([VODKA_WORD]).bits,
    )
    ModelFile(folder).write(model, [lexicon])
    return folder


@asynccontextmanager
async def book_on(postgres: EmbeddedPostgres, database: str, folder: Path) -> AsyncIterator[GoodsBook]:
    """The book of a process with a gateway's rights; its node's files lie in `folder`."""
    engine = make_engine(postgres.url(database, "tillgate_gateway"), pool_size=2)
    try:
        yield await GoodsBook.load(engine, load_list_book(), folder)
    finally:
        await engine.dispose()


async def prepared(book: GoodsBook, connection: asyncpg.Connection) -> Prepared:
    """Make the files that a book needs, and have it open them."""
    with book.files.locked():
        done = await prepare(connection, book.files, needed(book.editions, book.now))
    assert await book.open_files()
    return done


async def heard(book: GoodsBook, desk: Desk) -> None:
    """Let a book hear of what was published, as a batch would."""
    await book.refresh_if_behind(await desk.epoch())
