"""tillgate goods explain: what a line with such fields is, and why."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from msgspec import Struct
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from gateway.cli.goods_asking import Desk, classifier_option, with_desk
from gateway.cli.lists_support import MOMENT, shown_moment
from gateway.cli.support import console, shown_rubles
from gateway.domain.basket import Line, bare_line
from gateway.domain.category import OKPD2_FORM
from gateway.domain.reasons import LineReason
from gateway.goods.asking.titles import titles_of
from gateway.goods.explaining import (
    SOURCE_TEXTS,
    Explanation,
    Step,
    class_names,
    decision_lines,
    explain,
    name_lines,
    percent,
    says,
    trace_lines,
)
from gateway.goods.identity.gtin import read_gtin
from gateway.goods.identity.in_store import NO_TEMPLATES, InStoreItem
from gateway.goods.identity.item import ItemIdentity, identify
from gateway.goods.identity.problems import Problem

_COLOURS: Final = {LineReason.ALLOWED: "green", LineReason.GOODS_UNKNOWN: "yellow"}
_COLUMNS: Final = (
    ("", "источник", "ОКПД2", "что это", "перечень", "правило", "класс", "версия"),
    ("", "source", "ОКПД2", "goods", "list", "rule", "class", "version"),
)
_AT: Final = ("на {}, Москва", "at {}, Moscow")
_PROBLEM: Final = ("поле {}: {}", "field {}: {}")
_OWN: Final = ("штрихкод магазина: товар {}", "the shop's own barcode: goods {}")
_OWN_QUANTITY: Final = (", количество {}", ", quantity {}")
_OWN_AMOUNT: Final = (", сумма {} руб.", ", amount {} rubles")
_LIKELY: Final = ("запрет {}", "denied {}")


class Answer(Struct, frozen=True):
    """An explanation as of an instant, with what codes are called and what was read of the line's own."""

    at: datetime
    line: Line
    explanation: Explanation
    titles: Mapping[str, str]
    identity: ItemIdentity


def _check_gtin(_: click.Context, __: click.Parameter, value: str) -> str:
    if value and isinstance(read_gtin(value), Problem):
        raise click.BadParameter("is no GTIN-8, -12, -13, -14 or UPC-E with its check digit")
    return value


def _check_okpd2(_: click.Context, __: click.Parameter, value: str) -> str:
    if value and not OKPD2_FORM.fullmatch(value):
        raise click.BadParameter("is no ОКПД2 code, which is like 10.51.11")
    return value


@click.command("explain")
@click.option("--name", default="", help="What stands on the receipt.")
@click.option("--gtin", default="", callback=_check_gtin, help="The barcode.")
@click.option("--okpd2", default="", callback=_check_okpd2, help="What the till declares.")
@click.option("--marking", default="", help="The marking code as scanned.")
@click.option("--item-code", default="", help="The merchant's own code; it takes --merchant.")
@click.option("--payment-subject", type=click.IntRange(0, 255), default=0, help="Tag 1212.")
@click.option("--merchant", type=click.IntRange(1), help="The merchant's id: its own codes mean something.")
@click.option("--at", "instant", type=MOMENT, help="As of when.  [default: now]")
@classifier_option
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, in both languages.")
@click.option("--english", is_flag=True, help="In English.")
def explain_command(
    name: str,
    gtin: str,
    okpd2: str,
    marking: str,
    item_code: str,
    payment_subject: int,
    merchant: int | None,
    instant: datetime | None,
    classifier: Path | None,
    as_json: bool,
    english: bool,
) -> None:
    """Tell whether points may pay a line, and why: a sentence for the cashier, then every source's word."""
    line = bare_line(
        name,
        gtin=gtin,
        marking_code=marking,
        item_code=item_code,
        okpd2=okpd2,
        payment_subject=payment_subject,
    )
    if not any((name, gtin, okpd2, marking, item_code, payment_subject)):
        raise click.UsageError("say something of the line: --name, --gtin, --okpd2, ...")
    if item_code and merchant is None:
        raise click.UsageError("--item-code means something to its merchant alone: add --merchant")

    async def ask(desk: Desk) -> Answer:
        at = instant or desk.now
        asked = await desk.stock.at(desk.connection, at)
        await asked.fetch(desk.connection, [(merchant or 0, line)])
        [judged] = asked.goods.judge([line], merchant or 0)
        found = explain(judged, asked.goods.edition, asked.goods.trace(line, judged))
        titles = await titles_of(desk.connection, desk.published.okpd2, at, set(_codes(found)))
        templates = asked.goods.confirmed.templates.get(merchant or 0, NO_TEMPLATES)
        return Answer(at, line, found, titles, identify(line, templates))

    answer = with_desk(ask, classifier=classifier)
    if as_json:
        click.echo(json.dumps(_as_json(answer), ensure_ascii=False, indent=1))
    else:
        _print(answer, 1 if english else 0)


def _codes(found: Explanation) -> Iterator[str]:
    yield from (step.okpd2 for step in found.steps)
    if found.name is not None:
        yield from (guess.okpd2 for guess in found.name.guesses)


def _as_json(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(answer.explanation)
    return {
        "at": answer.at.isoformat(),
        **found,
        "reason": answer.explanation.reason.name,
        "okpd2_titles": answer.titles,
        "in_store": msgspec.to_builtins(answer.identity.in_store),
        "problems": [{"field": one.field, "problem": one.problem.name} for one in answer.identity.problems],
        "trace_ru": trace_lines(answer.explanation, russian=True),
        "trace_en": trace_lines(answer.explanation, russian=False),
    }


def _print(answer: Answer, tongue: int) -> None:
    out, found = console(), answer.explanation
    colour = _COLOURS.get(found.reason, "red")
    said = Text(found.cashier_en if tongue else found.cashier_ru, style=f"bold {colour}")
    at = _AT[tongue].format(shown_moment(answer.at))
    out.print(Panel(said, subtitle=at, expand=False, border_style=colour))
    for one in answer.identity.problems:
        out.print(_PROBLEM[tongue].format(one.field, one.problem.name), style="yellow")
    if answer.identity.in_store is not None:
        out.print(_own(answer.identity.in_store, tongue), highlight=False, markup=False)
    if found.steps:
        table = Table(*_COLUMNS[tongue])
        for step in found.steps:
            table.add_row(*_cells(step, answer.titles, tongue), style="bold" if step.has_decided else None)
        out.print(table)
    for line in (*name_lines(found, tongue, answer.titles), *decision_lines(found, tongue)):
        out.print(line, highlight=False, markup=False)


def _own(item: InStoreItem, tongue: int) -> str:
    """What the merchant's template reads in a barcode of its own."""
    told = _OWN[tongue].format(item.plu)
    if item.quantity_milli:
        told += _OWN_QUANTITY[tongue].format(f"{item.quantity_milli // 1000}.{item.quantity_milli % 1000:03}")
    if item.amount_kopecks:
        told += _OWN_AMOUNT[tongue].format(shown_rubles(item.amount_kopecks))
    return told


def _cells(step: Step, titles: Mapping[str, str], tongue: int) -> Iterator[str]:
    yield "►" if step.has_decided else ""
    yield SOURCE_TEXTS[step.source][tongue]
    yield step.okpd2
    yield titles.get(step.okpd2, "")
    likely = _LIKELY[tongue].format(percent(step.denied_ppm, tongue))
    yield f"{says(step, tongue)}, {likely}" if step.denied_ppm else says(step, tongue)
    yield f"{step.rule_id}: {step.rule_title_ru}" if step.rule_id else ""
    yield class_names(step.classes, tongue)
    yield step.version
