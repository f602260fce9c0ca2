"""tillgate goods replay: whether an old decision repeats."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import msgspec
from rich.table import Table

from gateway.cli.goods_asking import Desk, classifier_option, with_desk
from gateway.cli.goods_support import shown_evidence
from gateway.cli.lists_support import shown_moment
from gateway.cli.support import FAILED, console
from gateway.domain.judging import Judged
from gateway.goods.asking.replaying import Replay, replay
from gateway.ledger.judged import judged_basket


@click.command("replay")
@click.argument("purchase", metavar="PURCHASE_ID", type=click.UUID)
@classifier_option
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("--english", is_flag=True, help="In English.")
def replay_command(purchase: UUID, classifier: Path | None, as_json: bool, english: bool) -> None:
    """Judge the lines of a purchase again, by the versions of its own instant, declined ones too.

    Exit code 1 if evidence or verdict of a line is another one; then what differs is told, and why.
    """

    async def ask(desk: Desk) -> Replay | None:
        basket = await judged_basket(desk.connection, purchase)
        return None if basket is None else await replay(desk.connection, desk.stock, basket)

    found = with_desk(ask, classifier=classifier)
    if found is None:
        raise click.BadParameter(f"there is no purchase {purchase}", param_hint="PURCHASE_ID")
    if as_json:
        click.echo(json.dumps(_as_json(found), ensure_ascii=False, indent=1))
    else:
        _print(found, english=english)
    if not found.is_same:
        sys.exit(FAILED)


def _as_json(found: Replay) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(found)
    return {"same": found.is_same, **told}


def _print(found: Replay, *, english: bool) -> None:
    out, at = console(), shown_moment(found.decided_at)
    count = f"{found.line_count - len(found.differences):,} / {found.line_count:,}"
    if english:
        result = "the same" if found.is_same else "NOT the same"
        out.print(f"decided {at}, Moscow; lines that repeat: {count}; {result}")
    else:
        result = "решение то же" if found.is_same else "решение ДРУГОЕ"
        out.print(f"решено {at}, Москва; повторилось позиций: {count}; {result}")
    if found.is_same:
        return
    titles = ("line", "", "reason", "rule", "list", "evidence")
    table = Table(*titles if english else ("позиция", "", "причина", "правило", "перечень", "источники"))
    for one in found.differences:
        name = f"{one.line_number} {one.item_name}"
        stored, again = ("stored", "repeated") if english else ("записано", "повторено")
        table.add_row(name, stored, *_cells(one.stored))
        table.add_row("", again, *_cells(one.repeated), end_section=True)
    out.print(table)
    for cause in found.causes:
        out.print(cause.en if english else cause.ru, highlight=False, markup=False)


def _cells(judged: Judged) -> Iterable[str]:
    verdict = judged.verdict
    yield f"{verdict.reason.name} {verdict.okpd2}"
    yield verdict.rule_id
    yield verdict.list_version
    yield "\n".join(shown_evidence(item) for item in judged.evidence)
