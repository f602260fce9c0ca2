"""What is confirmed at each instant, for whoever builds what lines are judged by."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from gateway.goods.cases.rules import Rule, rules_of
from gateway.goods.cases.subjects import SubjectKind
from gateway.goods.cases.templates import TemplateBook, holds_at, read_templates
from gateway.goods.sources import Confirmed


@dataclass(frozen=True)
class ConfirmedBook:
    """Every rule and template with its range: as with the versions of lists, the instant alone decides."""

    rules: Sequence[Rule] = field(repr=False)
    templates: TemplateBook = field(repr=False)
    _changes: tuple[datetime, ...] = field(repr=False)
    """Every instant at which something begins or ends, the first first."""

    def at(self, instant: datetime) -> Confirmed:
        """All that is confirmed at an instant; it holds until `next_change` after it."""
        found: dict[SubjectKind, dict[tuple[int, str], tuple[str, str]]] = {kind: {} for kind in SubjectKind}
        for rule in self.rules:
            if holds_at(rule.since, rule.until, instant):
                subject = rule.subject
                found[subject.kind][subject.merchant_id, subject.key] = rule.okpd2, rule.name
        return Confirmed(
            gtins={key: said for (_, key), said in found[SubjectKind.GTIN].items()},
            names={key: said for (_, key), said in found[SubjectKind.NAME].items()},
            in_store=found[SubjectKind.IN_STORE],
            templates=self.templates.at(instant),
        )

    def last_change(self, instant: datetime) -> datetime | None:
        """The last instant, not after another one, at which anything changed; None if nothing has."""
        place = bisect_right(self._changes, instant)
        return self._changes[place - 1] if place else None

    def next_change(self, instant: datetime) -> datetime | None:
        """The first instant after another one at which anything changes; None if nothing is to come."""
        place = bisect_right(self._changes, instant)
        return self._changes[place] if place < len(self._changes) else None


async def read_confirmed(connection: asyncpg.Connection) -> ConfirmedBook:
    """All rules and templates, past and future ones included, as of one `goods_epoch`.

    Whatever is confirmed later than the epoch that a decision has read begins later than that decision: a
    range begins at least 5 s after it is written, and a decision is never older than 2 s. Raises what the
    database raises.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        rules, templates = await rules_of(connection), await read_templates(connection)
    ranges = [*((one.since, one.until) for one in rules), *((one.since, one.until) for one in templates)]
    changes = {instant for both in ranges for instant in both if instant is not None}
    return ConfirmedBook(rules, TemplateBook(templates), tuple(sorted(changes)))
