"""Receipts as a cashier sees them: line by line, what points pay, and why not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from gateway.domain.category import ListBook
from gateway.goods.loader import load_list_book
from gateway.rpc.notices import rubles
from loadtests.demo.place import Place
from merchant_sdk import Basket, Line, LineReason, PurchaseLine, PurchaseResult, Reason

WIDTH: Final = 92
_NAME_WIDTH: Final = WIDTH - 4 - 8 - 3 * 12
_LINES_SHOWN: Final = range(2, 9)
_LINES_TELLING: Final = 4
_NAMELESS: Final = ("unknown", "too-coarse")

CAPTIONS: Final[Mapping[str, str]] = {
    "mixed": "A mixed basket: points pay what they may, the buyer pays the rest",
    "ceiling": "Durable goods with a one-shot certificate: a price ceiling, and the rest lapses",
    "forbidden": "A food set forbids own money: with a beer in the basket it is declined",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One answer worth seeing."""

    place: Place
    basket: Basket
    result: PurchaseResult
    worth: int


@dataclass(slots=True)
class Showcase:
    """Keeps the most telling answer of the day for each of CAPTIONS."""

    shown: dict[str, Shown] = field(default_factory=dict)

    def look(self, place: Place, basket: Basket, result: PurchaseResult) -> None:
        """Keep an answer if it tells more than those seen before."""
        if result.is_undone or result.purchase_if_any is None:
            return
        for sort, worth in _worth(result):
            if worth > 0 and (sort not in self.shown or worth > self.shown[sort].worth):
                self.shown[sort] = Shown(place, basket, result, worth)

    def receipts(self) -> Iterator[tuple[str, RenderableType]]:
        """Captions and receipts."""
        for sort, caption in CAPTIONS.items():
            if sort in self.shown:
                shown = self.shown[sort]
                yield caption, render(shown.place, shown.basket, shown.result)


def _worth(result: PurchaseResult) -> Iterator[tuple[str, int]]:
    """How much an answer tells as an example of each sort; 0: nothing."""
    purchase = result.purchase
    is_short = len(purchase.lines) in _LINES_SHOWN
    has_prohibited = any(line.reason is LineReason.PROHIBITED for line in purchase.lines)
    variety = len({line.reason for line in purchase.lines}) + 2 * len(purchase.certificates)
    is_mixed = result.is_approved and is_short and has_prohibited
    yield "mixed", is_mixed * (2 * variety + (len(purchase.lines) >= _LINES_TELLING))
    is_once = any(share.program_code == "durable" for share in purchase.certificates)
    is_capped = any(line.capped_by_ceiling for line in purchase.lines)
    yield "ceiling", is_once * (1 + is_capped + (purchase.rest_lapses_kopecks > 0))
    yield "forbidden", int(result.reason is Reason.OWN_MONEY_NOT_ALLOWED)


def render(place: Place, basket: Basket, result: PurchaseResult) -> RenderableType:
    """The receipt on the cashier's screen."""
    title = f"{place.merchant_name} · {place.outlet_name} · {place.terminal_name}"
    body = Group(*_lines(basket, result), *_foot(result))
    return Panel(body, title=title, title_align="left", width=WIDTH)


def _lines(basket: Basket, result: PurchaseResult) -> Iterator[Text]:
    yield Text(_row("Товар", "Кол-во", "Сумма", "Баллами", "Своими"), "dim")
    is_short_told = False
    judged = {line.line_number: line for line in result.purchase.lines}
    for line in basket.lines:
        answer = judged[line.line_number]
        points = rubles(answer.approved_kopecks) if answer.approved_kopecks else "–"
        is_own = result.is_approved and answer.own_money_kopecks
        own = rubles(answer.own_money_kopecks) if is_own else "–"
        name = _shorten(line.item_name)
        yield Text(_row(name, _quantity(line), rubles(line.amount_kopecks), points, own))
        why = why_not(answer)
        if not why and result.is_approved and answer.own_money_kopecks and not is_short_told:
            why, is_short_told = "Баллов не хватило", True
        if why:
            yield Text(f"  {why}", "yellow")


def _shorten(name: str) -> str:
    """A name that fits its column."""
    return name if len(name) <= _NAME_WIDTH else f"{name[: _NAME_WIDTH - 1]}…"


def _row(name: str, quantity: str, *sums: str) -> str:
    return f"{name:<{_NAME_WIDTH}}{quantity:>8}" + "".join(f"{text:>12}" for text in sums)


def why_not(answer: PurchaseLine) -> str:
    """Why points may not pay a line, or not all of it; empty if they may."""
    if answer.reason is LineReason.PROHIBITED:
        return f"{answer.notice.cashier_ru}: {category_of(answer)}"
    if not answer.is_allowed:
        return answer.notice.cashier_ru
    if answer.capped_by_ceiling and answer.rule_id in _NAMELESS:
        return "Товар не определён: баллами только часть цены"
    if answer.capped_by_ceiling:
        return "Дороже предельной цены: разницу платит покупатель"
    return ""


def category_of(answer: PurchaseLine) -> str:
    """What sort of goods a refused line is, in Russian: the prohibited list's own title, or the reason."""
    if answer.reason is LineReason.PROHIBITED:
        return _rule_titles().get(answer.rule_id, answer.rule_id)
    return answer.notice.cashier_ru


def _foot(result: PurchaseResult) -> Iterator[Text]:
    purchase = result.purchase
    yield Text(_row("Итого", "", rubles(purchase.total_kopecks)), "bold")
    for share in purchase.certificates:
        left = f"осталось {rubles(share.available_kopecks)}"
        yield Text(f"«{_program_name(share.program_code)}»: {rubles(share.amount_kopecks)}, {left}")
    if purchase.rest_lapses_kopecks:
        yield Text(f"Разовый сертификат: остаток {rubles(purchase.rest_lapses_kopecks)} сгорает с покупкой")
    yield Text(result.notice.cashier_ru, "bold green" if result.is_approved else "bold red")


def _quantity(line: Line) -> str:
    whole, rest = divmod(line.quantity_milli, 1000)
    return f"{whole},{rest:03}" if rest else str(whole)


def _program_name(code: str) -> str:
    return next((p.name_ru for (name, _), p in _lists().programs.items() if name == code), code)


@cache
def _rule_titles() -> dict[str, str]:
    return {rule.rule_id: rule.title_ru for version in _lists().prohibited for rule in version.rules}


@cache
def _lists() -> ListBook:
    return load_list_book()
