"""What lines are judged by, as a running gateway holds it: past, present and announced editions.

Which edition holds is decided by the instant of a decision alone, so that every node switches at one moment,
and a basket, which is decided at one instant, never mixes two.
"""

import asyncio
import dataclasses
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

import structlog
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.domain.category import ListBook
from gateway.domain.commands import Authorize, Command
from gateway.domain.judging import Edition, GoodsUnavailableError
from gateway.following import Followed
from gateway.goods.cases.confirmed import ConfirmedBook, read_confirmed
from gateway.goods.catalogue_store import StoredCatalogue
from gateway.goods.editions import Editions, GoodsEdition, editions_from
from gateway.goods.memory import Tally
from gateway.goods.names.model import NameModel
from gateway.goods.names.opinions import Namer
from gateway.goods.names.remembered import RememberedNamer
from gateway.goods.node_files import NodeFiles, OpenFile, files_of
from gateway.goods.preparing import needed
from gateway.goods.reference.reading import read_epoch, read_reference
from gateway.goods.sources import Confirmed, GoodsAt

log = structlog.get_logger(__name__)

RETRY_S: Final = 5.0
"""How long to wait before files that could not be made are made again."""
LOCKED_S: Final = 0.2
"""How often to look whether another process of the node has made them."""

SPANS_KEPT: Final = 3


@dataclass(frozen=True)
class HeldGoods:
    """What was read at an instant of the database."""

    epoch: int
    editions: Editions
    confirmed: ConfirmedBook
    read_at: datetime
    read_at_s: float = field(default_factory=time.monotonic)
    """The same instant by this process's own clock, which only measures what has passed since."""


@dataclass(frozen=True)
class _Sources:
    """What judges lines in one edition, but for what the department confirmed meanwhile."""

    edition: Edition
    catalogue: StoredCatalogue | None = None
    model: NameModel | None = None
    namer: RememberedNamer | None = None


class _Span(Struct, frozen=True):
    """From `begins` on, until before `ends` (None: for ever), lines are judged by `goods`."""

    begins: datetime
    ends: datetime | None
    goods: GoodsAt


class GoodsBook(Followed[HeldGoods]):
    """Holds all editions with the files of those that are needed; `files` is where they lie.

    `tally` counts the lines judged since the start of the process, and those that were not remembered.
    """

    def __init__(self, engine: AsyncEngine, shipped: ListBook, files: NodeFiles, held: HeldGoods) -> None:
        super().__init__("goods", held)
        self.files = files
        self.tally = Tally()
        self._engine = engine
        self._shipped = shipped
        self._opened: dict[str, OpenFile] = {}
        self._troubles: dict[str, str] = {}
        self._sources: dict[int, _Sources] = {}
        self._spans: list[_Span] = []
        self._judging: list[GoodsAt] = []
        self._changed = asyncio.Event()
        self._arrange()

    @classmethod
    async def load(cls, engine: AsyncEngine, shipped: ListBook, goods_dir: Path) -> Self:
        """Read everything published for the first time, and open no file yet; raises one of UNREADABLE.

        `shipped` is what decides while nothing is published.
        """
        return cls(engine, shipped, NodeFiles(goods_dir), await _read(engine, shipped))

    @property
    def editions(self) -> Editions:
        """The newest editions read; later ones replace them, and never change them."""
        return self._held.editions

    @property
    def now(self) -> datetime:
        """The database's time, as far as this process can tell without asking."""
        return self._held.read_at + timedelta(seconds=time.monotonic() - self._held.read_at_s)

    def lists_at(self, instant: datetime) -> ListBook:
        """Programs, nominals and the prohibited list in force at an instant."""
        return self.editions.lists_at(instant)

    def goods_at(self, instant: datetime) -> GoodsAt:
        """What judges lines at an instant, which is not long ago.

        Raises LookupError before the first prohibited list, and GoodsUnavailableError if a file is not there.
        """
        for span in self._spans:
            if span.begins <= instant and (span.ends is None or instant < span.ends):
                return span.goods
        return self._span_at(instant)

    async def judge_ahead(self, commands: Iterable[Command]) -> None:
        """Judge lines of purchases that nobody has seen lately; the event loop goes on in between.

        What cannot be judged is left to the decision, which says why.
        """
        baskets = [
            (one.basket.lines, one.origin.merchant_id) for one in commands if isinstance(one, Authorize)
        ]
        if not baskets:
            return
        try:
            for _ in self.goods_at(self.now).judge_ahead(baskets):
                await asyncio.sleep(0)
        except (LookupError, GoodsUnavailableError):
            return
        except Exception:
            log.exception("lines could not be judged ahead", baskets=len(baskets))

    def check(self) -> None:
        """Return if lines can be judged now; raises what `goods_at` raises."""
        self.goods_at(self.now)

    async def open_files(self) -> bool:
        """Map every file that is needed and there; tells whether all of them are."""
        wanted = files_of(needed(self.editions, self.now))
        troubles = {}
        for file in wanted:
            if file.name not in self._opened:
                try:
                    self._opened[file.name] = await asyncio.to_thread(self.files.open, file)
                except GoodsUnavailableError as error:
                    troubles[file.name] = str(error)
        names = {file.name for file in wanted}
        self._opened = {name: opened for name, opened in self._opened.items() if name in names}
        self._troubles = troubles
        self._arrange()
        return not troubles

    async def keep_files(self, prepare: Callable[[], Awaitable[object]], retry_s: float = RETRY_S) -> None:
        """Have files made and open them as soon as editions need them, until cancelled.

        `prepare` makes what is missing; what it raises is logged, and tried again.
        """
        while True:
            self._changed.clear()
            if await self.open_files():
                await self._changed.wait()
            elif self.files.is_locked:
                await asyncio.sleep(LOCKED_S)
            else:
                await self._have_made(prepare, retry_s)

    async def _have_made(self, prepare: Callable[[], Awaitable[object]], retry_s: float) -> None:
        log.info("files of goods are being made", missing=sorted(self._troubles))
        try:
            await prepare()
        except Exception as error:
            log.error("files of goods cannot be made", missing=sorted(self._troubles), error=str(error))
            await asyncio.sleep(retry_s)
        else:
            if not await self.open_files():
                log.error("files of goods cannot be used", problems=sorted(self._troubles.values()))
                await asyncio.sleep(retry_s)

    async def _read(self) -> HeldGoods:
        return await _read(self._engine, self._shipped)

    async def _read_epoch(self) -> int:
        async with self._engine.connect() as connection:
            return await read_epoch(connection)

    def _replaced(self) -> None:
        self._arrange()
        self._changed.set()

    def _arrange(self) -> None:
        """Put together the sources of every edition whose files are open."""
        editions = self.editions
        old = list(self._sources.values())
        first = len(editions.sequence) - len(needed(editions, self.now))
        self._sources = {}
        for place, edition in enumerate(editions.sequence[first:], first):
            files = files_of((edition,))
            if all(file.name in self._opened for file in files):
                opened = [self._opened[file.name] for file in files]
                self._sources[place] = _sources(edition, opened, [*self._sources.values(), *old])
        self._spans = []

    def _span_at(self, instant: datetime) -> GoodsAt:
        sequence = self.editions.sequence
        place = self.editions.place_at(instant)
        sources = self._sources.get(place)
        if sources is None:
            raise GoodsUnavailableError(self._trouble_of(sequence[place]))
        confirmed = self._held.confirmed
        goods = self._judging_by(sources, confirmed.at(instant))
        begins: list[datetime | None] = [sequence[place].effective_from, confirmed.last_change(instant)]
        ends: list[datetime | None] = [one.effective_from for one in sequence[place + 1 : place + 2]]
        ends += [confirmed.next_change(instant)]
        span = _Span(
            max(moment for moment in begins if moment is not None),
            min((moment for moment in ends if moment is not None), default=None),
            goods,
        )
        self._spans = [span, *self._spans][:SPANS_KEPT]
        return goods

    def _judging_by(self, sources: _Sources, confirmed: Confirmed) -> GoodsAt:
        """What judged by the same before goes on, with all that it remembers."""
        for goods in self._judging:
            is_same = goods.edition is sources.edition and goods.catalogue is sources.catalogue
            if is_same and goods.namer is sources.namer and goods.confirmed == confirmed:
                return goods
        made = GoodsAt(sources.edition, sources.catalogue, sources.namer, confirmed, self.tally)
        self._judging = [made, *self._judging][:SPANS_KEPT]
        return made

    def _trouble_of(self, edition: GoodsEdition) -> str:
        places = {file.name: self.files.place(file) for file in files_of((edition,))}
        said = [self._troubles.get(name, f"{place} is not open") for name, place in places.items()]
        return "; ".join(text for name, text in zip(places, said, strict=True) if name not in self._opened)


def _sources(edition: GoodsEdition, opened: Sequence[OpenFile], old: Sequence[_Sources]) -> _Sources:
    """What judges in an edition, by its open files; of the old ones, whatever is the same."""
    catalogue = next((file for file in opened if isinstance(file, StoredCatalogue)), None)
    model = next((file for file in opened if isinstance(file, NameModel)), None)
    rules = edition.edition
    if model is not None:
        rules = dataclasses.replace(rules, names=model.card.policy)
    same = next((one for one in old if one.model is model and one.edition == rules), None)
    if same is not None:
        return dataclasses.replace(same, catalogue=catalogue)
    if model is None:
        return _Sources(rules, catalogue)
    namer = RememberedNamer(Namer(model, rules.prohibited, rules.class_map))
    return _Sources(rules, catalogue, model, namer)


async def _read(engine: AsyncEngine, shipped: ListBook) -> HeldGoods:
    published = await read_reference(engine)
    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        # Later than what is published, and so at least of the same epoch.
        confirmed = await read_confirmed(driver)
        now: datetime = await driver.fetchval("SELECT tillgate_now()")
    return HeldGoods(published.epoch, editions_from(published, shipped), confirmed, now)
