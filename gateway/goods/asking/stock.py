"""What judges lines at an instant, put together for a question: from the database alone, no node's files."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from gateway.domain.basket import Line
from gateway.domain.category import ListBook
from gateway.domain.judging import Edition
from gateway.goods.asking.catalogue import FetchedCatalogue
from gateway.goods.asking.classifiers import Classifiers
from gateway.goods.cases.confirmed import ConfirmedBook
from gateway.goods.editions import Editions, GoodsEdition
from gateway.goods.identity.in_store import NO_TEMPLATES
from gateway.goods.identity.item import identify
from gateway.goods.names.opinions import Namer
from gateway.goods.sources import Confirmed, GoodsAt


@dataclass(frozen=True)
class AskedGoods:
    """What judges at one instant. GTINs are fetched before lines are judged: `goods` asks no database.

    `published` names the versions that it is made of, `namer` is the classifier if there is one.
    """

    published: GoodsEdition
    goods: GoodsAt
    namer: Namer | None
    catalogue: FetchedCatalogue | None = field(repr=False)

    @property
    def lists(self) -> ListBook:
        """The lists that hold together."""
        return self.published.lists

    async def fetch(self, connection: asyncpg.Connection, lines: Iterable[tuple[int, Line]]) -> None:
        """Fetch what the catalogue knows of merchants' lines, each with its merchant's id."""
        if self.catalogue is None:
            return
        templates = self.goods.confirmed.templates
        await self.catalogue.fetch(
            connection,
            (
                gtin
                for merchant_id, line in lines
                if line.gtin or line.marking_code
                for gtin in identify(line, templates.get(merchant_id, NO_TEMPLATES)).gtins
            ),
        )


@dataclass(frozen=True)
class Stock:
    """Everything that is published and confirmed, and the classifiers: enough to judge as of any instant."""

    editions: Editions
    confirmed: ConfirmedBook
    classifiers: Classifiers
    _catalogues: dict[int, FetchedCatalogue] = field(default_factory=dict, init=False, repr=False)
    """By their numbers: whatever is judged by one version shares what was fetched of it."""

    async def at(self, connection: asyncpg.Connection, instant: datetime) -> AskedGoods:
        """What was in force at an instant.

        Raises LookupError before the first list, and what `Classifiers.model` raises.
        """
        return await self.of(connection, self.editions.at(instant), self.confirmed.at(instant))

    async def of(
        self, connection: asyncpg.Connection, published: GoodsEdition, confirmed: Confirmed
    ) -> AskedGoods:
        """What an edition and confirmed goods make together. Raises what `Classifiers.model` raises."""
        model = await self.classifiers.model(connection, published.names)
        edition, namer = published.edition, None
        if model is not None:
            edition = Edition(edition.prohibited, edition.class_map, model.card.policy)
            namer = Namer(model, edition.prohibited, edition.class_map)
        catalogue = None
        if stored := published.catalogue:
            made = FetchedCatalogue(stored.version, stored.number)
            catalogue = self._catalogues.setdefault(stored.number, made)
        return AskedGoods(published, GoodsAt(edition, catalogue, namer, confirmed), namer, catalogue)
