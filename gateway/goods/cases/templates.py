"""How each merchant builds its own codes, by time: what `identify` reads weights and prices on labels by."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.goods.cases.errors import CaseCode, CaseError
from gateway.goods.cases.noting import note
from gateway.goods.cases.ranges import Ranges, begins_at, signed, take_turn
from gateway.goods.identity.in_store import NO_TEMPLATES, InStoreTemplate, InStoreTemplates, VariablePart
from gateway.record.words import Action, SubjectKind

_OPEN_ENDED: Final = """
SELECT id, since FROM goods_template WHERE merchant_id = $1 AND prefix = $2 AND until IS NULL"""

_INSERT: Final = """
INSERT INTO goods_template (merchant_id, prefix, pattern, variable, decimals, since, made_by, made_at)
SELECT id, $2, $3, $4, $5, $6, $7, $8 FROM merchant WHERE id = $1 RETURNING id"""

TEMPLATE_RANGES: Final = Ranges(
    SubjectKind.GOODS_TEMPLATE,
    find="SELECT since, until FROM goods_template WHERE id = $1",
    end="UPDATE goods_template SET until = $2, ended_by = $3 WHERE id = $1",
    unknown=CaseCode.TEMPLATE_UNKNOWN,
    ended=CaseCode.TEMPLATE_ENDED,
    not_begun=CaseCode.TEMPLATE_NOT_BEGUN,
)

_TEMPLATES: Final = """
SELECT id, merchant_id, pattern, variable, decimals, since, until, made_by FROM goods_template ORDER BY id"""


class DatedTemplate(Struct, frozen=True):
    """A merchant's template from `since` up to and without `until`, and who set it."""

    id: int
    merchant_id: int
    template: InStoreTemplate
    since: datetime
    until: datetime | None
    made_by: str


def holds_at(since: datetime, until: datetime | None, instant: datetime) -> bool:
    """Whether a half-open range holds an instant."""
    return since <= instant and (until is None or instant < until)


class TemplateBook:
    """Every template of every merchant; `of` answers for an instant."""

    def __init__(self, templates: Iterable[DatedTemplate]) -> None:
        self._of_merchant: dict[int, list[DatedTemplate]] = defaultdict(list)
        for one in templates:
            self._of_merchant[one.merchant_id].append(one)

    def of(self, merchant_id: int, instant: datetime) -> InStoreTemplates:
        """The templates of a merchant at an instant."""
        dated = self._of_merchant.get(merchant_id)
        if not dated:
            return NO_TEMPLATES
        held = [one.template for one in dated if holds_at(one.since, one.until, instant)]
        return InStoreTemplates(tuple(held))

    def at(self, instant: datetime) -> Mapping[int, InStoreTemplates]:
        """Those of every merchant that has any at an instant."""
        found = {merchant_id: self.of(merchant_id, instant) for merchant_id in self._of_merchant}
        return {merchant_id: templates for merchant_id, templates in found.items() if templates.templates}


def template_of(pattern: str, variable: VariablePart | None, decimals: int) -> InStoreTemplate:
    """The template that somebody wrote; raises CaseError TEMPLATE_MALFORMED."""
    try:
        return InStoreTemplate(pattern, variable, decimals)
    except ValueError as error:
        raise CaseError(CaseCode.TEMPLATE_MALFORMED, what=error) from None


async def set_template(
    connection: asyncpg.Connection, merchant_id: int, template: InStoreTemplate, *, by: str, lead: timedelta
) -> DatedTemplate:
    """Say how a merchant builds the codes of one prefix, instead of what was said of that prefix so far.

    It holds as soon as every node knows. Raises CaseError UNSIGNED, MERCHANT_UNKNOWN, TEMPLATE_NOT_BEGUN.
    """
    async with connection.transaction():
        now = await take_turn(connection)
        (by,) = signed(by=by)
        since = begins_at(now, lead)
        if earlier := await connection.fetchrow(_OPEN_ENDED, merchant_id, template.prefix):
            await TEMPLATE_RANGES.end_at(connection, earlier["id"], earlier["since"], since, by)
        variable = template.variable.value if template.variable else None
        template_id = await connection.fetchval(
            _INSERT,
            merchant_id,
            template.prefix,
            template.pattern,
            variable,
            template.decimals,
            since,
            by,
            now,
        )
        if template_id is None:
            raise CaseError(CaseCode.MERCHANT_UNKNOWN, merchant_id=merchant_id)
        template_kind = SubjectKind.GOODS_TEMPLATE
        await note(
            connection, Action.GOODS_CONFIRMED, template_kind, template_id, by,
            merchant=str(merchant_id), pattern=template.pattern,
        )  # fmt: skip
    return DatedTemplate(template_id, merchant_id, template, since, None, by)


async def read_templates(connection: asyncpg.Connection) -> Sequence[DatedTemplate]:
    """Every template, past and future ones included."""
    return [
        DatedTemplate(
            row["id"],
            row["merchant_id"],
            InStoreTemplate(
                row["pattern"], VariablePart(row["variable"]) if row["variable"] else None, row["decimals"]
            ),
            row["since"],
            row["until"],
            row["made_by"],
        )
        for row in await connection.fetch(_TEMPLATES)
    ]
