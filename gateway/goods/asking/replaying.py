"""Whether an old decision repeats: its lines judged again from the versions of its own instant."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from gateway.domain.judging import Evidence, Judged, Source
from gateway.domain.purchase import JudgedBasket, PurchaseLine
from gateway.goods.asking.stock import AskedGoods, Stock
from gateway.goods.cases.subjects import RULE_PREFIX

GUESS_TOLERANCE_PPM: Final = 20
"""Another processor adds a classifier's numbers up in another order; a verdict may not differ by that."""


class LineDifference(Struct, frozen=True):
    """A line that is stored otherwise than its versions decide it."""

    line_number: int
    item_name: str
    stored: Judged
    repeated: Judged


class Cause(Struct, frozen=True):
    """Why the repetition may differ, in Russian and English."""

    ru: str
    en: str


class Replay(Struct, frozen=True):
    """An old decision beside its repetition; `causes` explain the differences, if there are any."""

    purchase_id: UUID
    merchant_id: int
    decided_at: datetime
    line_count: int
    differences: tuple[LineDifference, ...]
    causes: tuple[Cause, ...]

    @property
    def is_same(self) -> bool:
        """True if every line has the same evidence and the same verdict."""
        return not self.differences


async def replay(connection: asyncpg.Connection, stock: Stock, basket: JudgedBasket) -> Replay:
    """Judge a basket as of its instant, and hold it against what is stored.

    Raises LookupError before the first list, and what `Stock.at` raises.
    """
    asked = await stock.at(connection, basket.decided_at)
    lines = [item.line for item in basket.lines]
    await asked.fetch(connection, [(basket.merchant_id, line) for line in lines])
    repeated = asked.goods.judge(lines, basket.merchant_id)
    differences = tuple(_differences(basket.lines, repeated))
    causes = tuple(_causes(differences, asked, stock)) if differences else ()
    return Replay(basket.id, basket.merchant_id, basket.decided_at, len(basket.lines), differences, causes)


def _differences(stored: Sequence[PurchaseLine], repeated: Sequence[Judged]) -> Iterator[LineDifference]:
    for item, again in zip(stored, repeated, strict=True):
        if item.verdict != again.verdict or not _says_the_same(item.evidence, again.evidence):
            yield LineDifference(
                item.line.line_number, item.line.item_name, Judged(item.evidence, item.verdict), again
            )


def _says_the_same(stored: Sequence[Evidence], repeated: Sequence[Evidence]) -> bool:
    return len(stored) == len(repeated) and all(
        (then.source, then.okpd2, then.version) == (now.source, now.okpd2, now.version)
        and abs(then.denied_ppm - now.denied_ppm) <= GUESS_TOLERANCE_PPM
        for then, now in zip(stored, repeated, strict=True)
    )


def _causes(differences: Sequence[LineDifference], asked: AskedGoods, stock: Stock) -> Iterator[Cause]:
    """Versions that spoke then and are not those of that instant; if there is none, the record itself."""
    found = dict.fromkeys((*_lists(differences, asked, stock), *_sources(differences, asked, stock)))
    yield from found or (
        Cause(
            "все версии на месте: сохранённая запись не та, к которой они приводят",
            "every version is here: what is stored is not what they lead to",
        ),
    )


def _lists(differences: Sequence[LineDifference], asked: AskedGoods, stock: Stock) -> Iterator[Cause]:
    known = {one.edition.prohibited.version for one in stock.editions.sequence}
    in_force = asked.goods.edition.prohibited.version
    for version in sorted({one.stored.verdict.list_version for one in differences} - {in_force}):
        yield _other("перечень", "the prohibited list", version, in_force, is_known=version in known)


def _sources(differences: Sequence[LineDifference], asked: AskedGoods, stock: Stock) -> Iterator[Cause]:
    repeated = {_key(item) for one in differences for item in one.repeated.evidence}
    stored = {_key(item) for one in differences for item in one.stored.evidence}
    rules = {rule.name: rule for rule in stock.confirmed.rules}
    catalogues = {one.catalogue.version for one in stock.editions.sequence if one.catalogue}
    for source, version in sorted(stored - repeated):
        if version.startswith(RULE_PREFIX):
            yield _rule(version, is_known=version in rules)
        elif source == Source.NAME:
            in_force = asked.namer.version if asked.namer else ""
            yield _other("классификатор", "the classifier", version, in_force, is_known=False)
        elif version:
            in_force = asked.published.catalogue.version if asked.published.catalogue else ""
            yield _other("каталог", "the catalogue", version, in_force, is_known=version in catalogues)


def _key(item: Evidence) -> tuple[str, str]:
    return item.source, item.version


def _rule(name: str, *, is_known: bool) -> Cause:
    if is_known:
        return Cause(f"правило {name} в тот момент не действовало", f"rule {name} was not in force then")
    return Cause(f"правила {name} здесь нет", f"there is no rule {name} here")


def _other(ru: str, en: str, version: str, in_force: str, *, is_known: bool) -> Cause:
    """A version spoke, and another one, or none, was in force."""
    by_now = f"на тот момент действует {in_force}" if in_force else "на тот момент не действует никакой"
    by_now_en = f"{in_force} was in force then" if in_force else "none was in force then"
    here, here_en = ("", "") if is_known else (" здесь нет,", " is not here,")
    return Cause(f"{ru} {version}:{here} {by_now}", f"{en} {version}:{here_en} {by_now_en}")
