"""What checks say of a claim before it is filed: each finding with its figures, none of them drops a line."""

from enum import Enum, unique
from typing import Any, Final

from msgspec import Struct


@unique
class CheckCode(Enum):
    """Texts in Russian and English, with figures; what `blocks` keeps the claim from being filed."""

    ARITHMETIC = (
        "суммы строк не сходятся с итогами расчёта: {what} {lines_kopecks} коп. в строках,"
        " {claim_kopecks} коп. в расчёте",
        "the lines do not sum to the claim's totals: {what} {lines_kopecks} kopecks in lines,"
        " {claim_kopecks} in the claim",
        True,
    )
    CLAIMED_TWICE = (
        "{count} строк уже стоят в другом поданном расчёте (строки {lines})",
        "{count} lines stand in another filed claim already (lines {lines})",
        True,
    )
    RECEIPT_TWICE = (
        "один чек стоит в строках двух покупок: {count} чеков (строки {lines})",
        "one receipt stands in lines of two purchases: {count} receipts (lines {lines})",
        True,
    )
    SAMPLE_UNCONFIRMED = (
        "в выборке {sampled} строк, из них не подтверждены {count} (строки {lines})",
        "the sample has {sampled} lines, of which {count} are not confirmed (lines {lines})",
        True,
    )
    NOT_IN_THE_CLAIM = (
        "{count} операций на {kopecks} коп. с датой продажи до конца периода не вошли ни в этот,"
        " ни в поданный расчёт",
        "{count} operations of {kopecks} kopecks, sold until the period's end, stand neither in this claim"
        " nor in a filed one",
        False,
    )
    UNMATCHED = (
        "{count} строк на {kopecks} коп. не заявлены: {ru}",
        "{count} lines of {kopecks} kopecks are not claimed: {en}",
        False,
    )
    REPORTED = (
        "{count} строк на {kopecks} коп. заявлены с замечанием: {ru}",
        "{count} lines of {kopecks} kopecks are claimed with a remark: {en}",
        False,
    )
    RETURNS_UNKNOWN = (
        "в файлах налоговой службы {count} чеков возврата на {kopecks} коп., которые не приложены ни к одной"
        " покупке",
        "the tax service's files have {count} receipts of returns, {kopecks} kopecks, that are attached to no"
        " purchase",
        False,
    )
    BUSY_TILL = (
        "касса {terminal_id}: {count} покупок на {kopecks} коп. за час с {hour}, обычно {usual}",
        "till {terminal_id}: {count} purchases of {kopecks} kopecks in the hour from {hour}, usually {usual}",
        False,
    )
    SAME_ENDING = (
        "магазин {outlet_id}: {percent} % из {total} сумм оканчиваются на {ending} коп.",
        "outlet {outlet_id}: {percent} % of {total} sums end in {ending} kopecks",
        False,
    )
    UNIT_PRICE = (
        "ОКПД2 {okpd2}: {count} из {total} цен более чем в {times} раз выше медианы периода у всех"
        " участников, {median} коп.; наибольшая {highest} коп. (строка {n})",
        "ОКПД2 {okpd2}: {count} of {total} prices are more than {times} times the period's median of all"
        " merchants, {median} kopecks; the highest is {highest} (line {n})",
        False,
    )
    UNIT_PRICE_WITHIN = (
        "ОКПД2 {okpd2}: {count} из {total} цен более чем в {times} раз выше медианы самого расчёта,"
        " {median} коп.; наибольшая {highest} коп. (строка {n})",
        "ОКПД2 {okpd2}: {count} of {total} prices are more than {times} times the claim's own median,"
        " {median} kopecks; the highest is {highest} (line {n})",
        False,
    )
    NIGHT_SALES = (
        "магазин {outlet_id}: {percent} % из {total} покупок между 23 и 6 часами",
        "outlet {outlet_id}: {percent} % of {total} purchases between 23 and 6 o'clock",
        False,
    )
    GOODS_UNLIKE_SHOP = (
        "магазин {outlet_id}: {usual_percent} % позиций класса ОКПД2 {usual}, но класс {okpd2}"
        " при {line_percent} % позиций взял {percent} % денег",
        "outlet {outlet_id}: {usual_percent} % of lines are of ОКПД2 class {usual}, but class {okpd2} with"
        " {line_percent} % of lines took {percent} % of the money",
        False,
    )

    def __init__(self, ru: str, en: str, blocks: bool) -> None:
        self.ru = ru
        self.en = en
        self.blocks = blocks


class Finding(Struct, frozen=True):
    """One thing found; `figures` are what the texts name."""

    code: str
    blocks: bool
    ru: str
    en: str
    figures: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.code}: {self.en} / {self.ru}"


SHOWN_LINES: Final = 20


def finding(code: CheckCode, **figures: Any) -> Finding:
    """A finding with its texts; a list of line numbers is shown shortened."""
    shown = dict(figures)
    if isinstance(numbers := figures.get("lines"), list):
        more = " …" if len(numbers) > SHOWN_LINES else ""
        shown["lines"] = ", ".join(map(str, numbers[:SHOWN_LINES])) + more
    ru, en = code.ru.format(**shown), code.en.format(**shown)
    return Finding(code.name, code.blocks, ru, en, figures)
