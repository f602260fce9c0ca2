"""Bar charts as inline SVG: readable without color, by a screen reader, and on paper."""

from collections.abc import Sequence
from html import escape
from typing import Final

from markupsafe import Markup
from msgspec import Struct

_LABEL_PX: Final = 290
_BAR_PX: Final = 420
_VALUE_PX: Final = 130
_ROW_PX: Final = 26
_LABEL_CHARACTERS: Final = 34


class Bar(Struct, frozen=True):
    """One bar: its name, its length in any unit, and the text beside it."""

    name: str
    value: int
    shown: str
    is_muted: bool = False


def bar_chart(chart_id: str, title: str, bars: Sequence[Bar]) -> Markup:
    """Horizontal bars in the order given, colored by the page's style; `chart_id` is unique on its page."""
    longest = max((bar.value for bar in bars), default=0) or 1
    height = _ROW_PX * len(bars) + 4
    width = _LABEL_PX + _BAR_PX + _VALUE_PX
    told = "; ".join(f"{bar.name}: {bar.shown}" for bar in bars)
    parts = [
        f'<svg class="chart" role="img" aria-labelledby="{chart_id}-t {chart_id}-d"'
        f' viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f'<title id="{chart_id}-t">{escape(title)}</title><desc id="{chart_id}-d">{escape(told)}</desc>',
    ]
    for number, bar in enumerate(bars):
        top = number * _ROW_PX + 2
        length = max(round(bar.value / longest * _BAR_PX), 1 if bar.value else 0)
        name = bar.name if len(bar.name) <= _LABEL_CHARACTERS else f"{bar.name[: _LABEL_CHARACTERS - 1]}…"
        muted = " muted" if bar.is_muted else ""
        parts.append(
            f'<text x="{_LABEL_PX - 8}" y="{top + 16}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="bar{muted}" x="{_LABEL_PX}" y="{top + 3}" width="{length}" height="{_ROW_PX - 8}"'
            ' rx="2"/>'
            f'<text class="value" x="{_LABEL_PX + length + 6}" y="{top + 16}">{escape(bar.shown)}</text>'
        )
    return Markup("".join((*parts, "</svg>")))  # noqa: S704 every text in it is escaped above
