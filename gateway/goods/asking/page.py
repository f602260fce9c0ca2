"""A rehearsal as a page in Russian that needs nothing but itself: to be read, sent and printed."""

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Final

from gateway.goods.asking.rehearsal import AffectedGoods, AffectedOutlet, Change, Decided, Rehearsal, Sums
from gateway.goods.asking.wording import (
    CHANGES,
    against,
    counted,
    decided,
    heading,
    rubles,
    share,
)

_STYLE: Final = """
:root {
  --ink: #1d2733; --soft: #5b6877; --rule: #dfe4ea; --paper: #fff; --wash: #f4f6f8;
  --refused: #b3261e; --allowed: #1b7a43; --other: #8a6100;
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--wash); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
main {
  max-width: 72rem; min-height: 100vh; margin: 0 auto; padding: 2.5rem 2rem 3rem; background: var(--paper);
}
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .4rem; }
h1 small {
  display: block; margin-bottom: .3rem; font-size: .8rem; font-weight: 600; letter-spacing: .08em;
  text-transform: uppercase; color: var(--soft);
}
h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; }
p { margin: .3rem 0; }
.soft { color: var(--soft); }
.cards {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(13.5rem, 1fr)); gap: 1rem;
  margin: 1.8rem 0 1rem;
}
.card {
  border: 1px solid var(--rule); border-top: 4px solid var(--tint); border-radius: .4rem;
  padding: .9rem 1.1rem;
}
.card h3 { margin: 0 0 .3rem; font-size: .95rem; font-weight: 600; }
.card b {
  display: block; font-size: 1.7rem; line-height: 1.2; font-variant-numeric: tabular-nums; color: var(--tint);
}
.card b small { font-size: .95rem; font-weight: 400; }
.card p { margin: 0; font-size: .88rem; color: var(--soft); }
.card p.sum { font-size: 1rem; color: var(--ink); font-variant-numeric: tabular-nums; }
.refused { --tint: var(--refused); }
.allowed { --tint: var(--allowed); }
.lowered, .raised { --tint: var(--other); }
.none { --tint: var(--rule); }
.none b { color: var(--soft); }
.totals { width: auto; margin-top: 1.2rem; }
.totals td, .totals th { padding-right: 1.6rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th { text-align: left; font-size: .8rem; color: var(--soft); font-weight: 600; vertical-align: bottom; }
th, td { padding: .45rem .6rem .45rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td small { display: block; color: var(--soft); }
.tag { color: var(--tint); font-weight: 600; }
footer {
  margin-top: 2.5rem; border-top: 1px solid var(--rule); padding-top: .8rem; font-size: .85rem;
  color: var(--soft);
}
@media (max-width: 40rem) { main { padding: 1.2rem 1rem; } .wide { overflow-x: auto; } }
@media print {
  @page { margin: 15mm; }
  body { font-size: 10.5pt; }
  body, main { background: #fff; }
  main { max-width: none; padding: 0; }
  thead { display: table-header-group; }
  tr, .card { break-inside: avoid; }
  h2 { break-after: avoid; }
}
"""

_NOTE: Final = """Сравнивается, сколько из каждой позиции можно оплатить баллами самое большее: по тому, что
действует сейчас, и если бы вместо этого действовал черновик. Учтены виды помощи, сертификаты которых были у
карты в момент покупки; у карты без сертификатов решают одни перечни. Остаток баллов не учтён. Взяты все чеки,
по которым решение принято, и с отказом тоже."""


def page_of(found: Rehearsal, names: Mapping[int, str]) -> str:
    """The page. `names` are those of outlets by id, as far as they are known."""
    title = escape(heading(found))
    return "\n".join(
        (
            "<!doctype html>",
            f'<html lang="ru"><head><meta charset="utf-8"><title>Репетиция: {title}</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<style>{_STYLE}</style></head><body><main>",
            f"<h1><small>Репетиция</small>{title[:1].upper()}{title[1:]}</h1>",
            f'<p class="soft">{_first_upper(escape(against(found)))}.</p>',
            *_cards(found),
            *_totals(found),
            *_goods(found),
            *_outlets(found, names),
            f"<footer><p>{_NOTE}</p></footer>",
            "</main></body></html>",
            "",
        )
    )


def _first_upper(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _cards(found: Rehearsal) -> Iterator[str]:
    yield '<section class="cards">'
    for change, sums in found.sums.items():
        if sums.lines or change in (Change.REFUSED, Change.ALLOWED):
            yield _card(change, sums, found)
    yield "</section>"


def _card(change: Change, sums: Sums, found: Rehearsal) -> str:
    told = "".join(
        (
            f'<p class="sum">{rubles(sums.kopecks)}</p>',
            f"<p>{share(sums.lines, found.lines)} всех позиций</p>",
            f"<p>чеков: {counted(sums.baskets)}</p>",
            f"<p>магазинов: {counted(sums.outlets)}, участников: {counted(sums.merchants)}</p>",
        )
    )
    tint = change if sums.lines else "none"
    nothing = "<p>ничего не изменится</p>"
    return (
        f'<article class="card {tint}"><h3>{_first_upper(CHANGES[change])}</h3>'
        f"<b>{counted(sums.lines)} <small>позиций</small></b>{told if sums.lines else nothing}</article>"
    )


def _totals(found: Rehearsal) -> Iterator[str]:
    rows = (
        ("Можно баллами, самое большее", *map(rubles, found.payable_kopecks)),
        ("Позиций на проверку человеку", *map(counted, found.queued)),
    )
    yield '<table class="totals"><thead><tr><th></th><th class="number">сейчас</th>'
    yield '<th class="number">с черновиком</th></tr></thead><tbody>'
    for title, now, then in rows:
        yield f'<tr><td>{title}</td><td class="number">{now}</td><td class="number">{then}</td></tr>'
    yield "</tbody></table>"


def _goods(found: Rehearsal) -> Iterator[str]:
    yield f"<h2>Какие товары затронуты{_first_of(len(found.goods), found.goods_count)}</h2>"
    if not found.goods:
        yield '<p class="soft">Черновик ничего не меняет ни для одного товара из этих чеков.</p>'
        return
    yield from _table(
        ("", "Товар", "Сейчас", "С черновиком", "#Позиций", "#Сумма"), map(_goods_cells, found.goods)
    )


def _goods_cells(one: AffectedGoods) -> Iterator[str]:
    gtin = f"<small>GTIN {escape(one.gtin)}</small>" if one.gtin else ""
    yield f'<td><span class="tag {one.change}">{CHANGES[one.change]}</span></td>'
    yield f"<td>{escape(one.name)}{gtin}</td>"
    yield f"<td>{_decided(one.before)}</td><td>{_decided(one.after)}</td>"
    yield f'<td class="number">{counted(one.lines)}</td><td class="number">{rubles(one.kopecks)}</td>'


def _decided(one: Decided) -> str:
    told, _, by = decided(one).partition(" (")
    return f"{escape(told)}<small>{escape(by.rstrip(')'))}</small>"


def _outlets(found: Rehearsal, names: Mapping[int, str]) -> Iterator[str]:
    if not found.outlets:
        return
    yield f"<h2>Какие магазины затронуты{_first_of(len(found.outlets), found.outlets_count)}</h2>"
    titles = ("Магазин", "#Станет нельзя", "#Сумма", "#Станет можно", "#Сумма")
    yield from _table(titles, (_outlet_cells(one, names) for one in found.outlets))


def _outlet_cells(one: AffectedOutlet, names: Mapping[int, str]) -> Iterator[str]:
    yield f"<td>{escape(names.get(one.outlet_id, f'магазин {one.outlet_id}'))}</td>"
    for lines, kopecks in (
        (one.refused_lines, one.refused_kopecks),
        (one.allowed_lines, one.allowed_kopecks),
    ):
        yield f'<td class="number">{counted(lines) if lines else ""}</td>'
        yield f'<td class="number">{rubles(kopecks) if lines else ""}</td>'


def _first_of(shown: int, count: int) -> str:
    return f" ({counted(shown)} самых заметных из {counted(count)})" if shown < count else ""


def _table(titles: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A title that begins with # stands over numbers."""
    yield '<div class="wide"><table><thead><tr>'
    for title in titles:
        yield f'<th class="number">{title[1:]}</th>' if title.startswith("#") else f"<th>{title}</th>"
    yield "</tr></thead><tbody>"
    for cells in rows:
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"
