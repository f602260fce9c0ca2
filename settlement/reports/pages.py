"""HTML pages of reports: one template each, everything escaped, nothing fetched from elsewhere."""

from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from settlement.reports.districts import OKRUGS
from settlement.reports.shown import (
    shown_change,
    shown_percent,
    shown_quantity,
    shown_rubles,
)

_PLACE: Final = files(__package__).joinpath("templates")


def _text(name: str) -> str:
    return _PLACE.joinpath(name).read_text(encoding="utf-8")


def _thousands(kopecks: int) -> str:
    """Kopecks as thousands of rubles with one digit after the comma."""
    return shown_rubles((kopecks + 5_000) // 10_000 * 10)[:-1]


_PAGES: Final = Environment(
    loader=FunctionLoader(_text),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.filters.update(
    rubles=shown_rubles,
    quantity=shown_quantity,
    percent=shown_percent,
    signed=shown_change,
    day_number=lambda day: f"{day:%d.%m.%Y}" if day else "–",
    thousands=_thousands,
    okrug=lambda code: f"{OKRUGS[code]} ({code})" if code in OKRUGS else code,
)


def page(template: str, **values: Any) -> str:
    """A page of one of the templates."""
    css = Markup(_text("page.css"))  # noqa: S704 ours
    return _PAGES.get_template(template).render(css=css, **values)
