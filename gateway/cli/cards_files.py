"""Files of cards: numbers become tokens as they are read; no report, error or log repeats a row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.domain.card_tokens import tokens_of
from gateway.domain.policy import MOSCOW
from gateway.goods.importing.problems import ImportFileError, RowProblem, row_problem
from gateway.goods.importing.tables import Column, Table
from gateway.registry.cards import CardNumberError, CardTokenKeys, ring_token
from gateway.registry.stop_list.changing import ReadCard, Stop
from gateway.registry.stop_list.reissue import Reissue

TEXT_MAX_CHARS: Final = 200

_NUMBER: Final = Column("number", ("номер", "номер карты", "card_number"), is_required=True)
_SERIES: Final = Column("series", ("серия", "серия карты", "card_series"))
_STOPS: Final = (
    _NUMBER,
    _SERIES,
    Column("reason", ("причина", "основание"), is_required=True),
    Column("from", ("с", "дата", "с даты", "stopped_from")),
    Column("action", ("действие",)),
)
_REISSUES: Final = (
    Column("old_number", ("старый номер",), is_required=True),
    Column("old_series", ("старая серия",)),
    Column("new_number", ("новый номер",), is_required=True),
    Column("new_series", ("новая серия",)),
)
_ACTIONS: Final = {"": False, "stop": False, "стоп": False, "lift": True, "снять": True}

_NO_CARD: Final = ("не номер карты: нужно 9–19 цифр", "is no card number of 9 to 19 digits")
_NO_REASON: Final = ("не заполнена", "is empty")
_TOO_LONG: Final = ("длиннее 200 знаков", "is longer than 200 characters")
_NO_MOMENT: Final = ("не дата: нужно 2026-12-01 или 01.12.2026", "is no date like 2026-12-01 or 01.12.2026")
_IN_FUTURE: Final = (
    "стоп начнётся позже: загрузите строку в тот день",
    "the stop begins later: load the row on that day",
)
_NO_ACTION: Final = ("не «stop» и не «lift»", "is neither stop nor lift")
_NO_LIFTING: Final = ("полный список только останавливает", "a full list only stops")
_TWICE: Final = ("карта уже есть выше", "the card stands above already")


@dataclass(frozen=True)
class StopFile:
    """What a stop list says: cards to stop, cards to lift, and the rows that are wrong, by line."""

    stops: Sequence[Stop]
    lifts: Sequence[ReadCard]
    problems: Sequence[RowProblem]


def read_card(number: str, series: str, keys: CardTokenKeys) -> ReadCard:
    """A card as somebody gave it; raises CardNumberError."""
    return ReadCard(tokens_of(ring_token(number, series, keys)), number, series)


def read_stop_file(path: Path, keys: CardTokenKeys, now: datetime, *, is_full: bool) -> StopFile:
    """Read a stop list. Raises ImportFileError for a file whose rows could not be read at all."""
    stops: list[Stop] = []
    lifts: list[ReadCard] = []
    problems: list[RowProblem] = []
    seen: set[bytes] = set()
    for row in _rows(path, _STOPS):
        if isinstance(row, RowProblem):
            problems.append(row)
            continue
        line, cells = row
        found = _stop(line, cells, keys, now)
        is_lift = _ACTIONS.get(cells["action"].casefold())
        if isinstance(found, RowProblem):
            problems.append(found)
        elif is_lift is None:
            problems.append(row_problem(line, "action", _NO_ACTION))
        elif is_lift and is_full:
            problems.append(row_problem(line, "action", _NO_LIFTING))
        elif found.card.tokens[0] in seen:
            problems.append(row_problem(line, "number", _TWICE))
        else:
            seen.add(found.card.tokens[0])
            if is_lift:
                lifts.append(found.card)
            else:
                stops.append(found)
    return StopFile(stops, lifts, problems)


def read_reissue_file(path: Path, keys: CardTokenKeys) -> tuple[list[Reissue], list[RowProblem]]:
    """Read re-issued cards, and the rows that are wrong; raises as `read_stop_file`."""
    rows: list[Reissue] = []
    problems: list[RowProblem] = []
    for row in _rows(path, _REISSUES):
        if isinstance(row, RowProblem):
            problems.append(row)
            continue
        line, cells = row
        cards = []
        for which in ("old", "new"):
            try:
                cards.append(read_card(cells[f"{which}_number"], cells[f"{which}_series"], keys))
            except CardNumberError:
                problems.append(row_problem(line, f"{which}_number", _NO_CARD))
        if len(cards) == 2:
            rows.append(Reissue(line, *cards))
    return rows, problems


def _rows(path: Path, columns: Sequence[Column]) -> Iterator[tuple[int, dict[str, str]] | RowProblem]:
    """Rows by the names of their columns; what tables tell of a wrong row or header is left out."""
    try:
        table = Table(path, columns)
    except ImportFileError as error:
        # A file without a header has cards in its first line.
        raise ImportFileError(path, *(one for one in error.problems if "columns found" not in one)) from None
    places = {column.name: table.position(column.name) for column in columns}
    for row in table.rows():
        if isinstance(row, RowProblem):
            yield row_problem(row.line, row.column, (row.ru, row.en))
        else:
            line, cells = row
            yield line, {name: cells[place].strip() for name, place in places.items()}


def _stop(line: int, cells: dict[str, str], keys: CardTokenKeys, now: datetime) -> Stop | RowProblem:
    try:
        card = read_card(cells["number"], cells["series"], keys)
    except CardNumberError:
        return row_problem(line, "number", _NO_CARD)
    reason = cells["reason"]
    if not reason:
        return row_problem(line, "reason", _NO_REASON)
    if len(reason) > TEXT_MAX_CHARS:
        return row_problem(line, "reason", _TOO_LONG)
    try:
        since = _moment(cells["from"])
    except ValueError:
        return row_problem(line, "from", _NO_MOMENT)
    if since is not None and since > now:
        return row_problem(line, "from", _IN_FUTURE)
    return Stop(card, reason, since)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    day, dot, rest = text.partition(".")
    if dot and len(day) == 2 and len(rest) == 7:
        text = f"{rest[3:]}-{rest[:2]}-{day}"
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=MOSCOW)
