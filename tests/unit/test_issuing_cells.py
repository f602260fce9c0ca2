"""Rows of certificates are checked cell by cell, each error named by its column and telling no value."""

from datetime import date

import pytest

from gateway.domain.commands import Act
from gateway.domain.money import AMOUNT_MAX_KOPECKS
from gateway.ledger.issuing.cells import COLUMN_OF_FIELD, COLUMNS, TEXT_MAX_CHARS, kopecks_of, read_row
from tests.issuing_kit import cells, token_of

CARD = "9643100000000000001"


def test_a_right_row_becomes_an_issue_command() -> None:
    """Every cell has its place in the command, the card its token."""
    row = read_row(7, cells(card_number=CARD, card_series="AB", own_nominal="yes"), token_of)
    command = row.command
    assert command is not None
    assert (7, "ref-1", token_of(CARD, "AB")) == (row.number, row.issue_ref, row.card_token)
    assert ("ref-1", "holder-1", "FOOD", 1) == (
        command.issue_ref,
        command.holder_ref,
        command.program_code,
        command.program_version,
    )
    assert (500_00, True) == (command.nominal_kopecks, command.names_own_nominal)
    assert (date(2026, 1, 1), date(2999, 12, 31)) == (command.first_day, command.last_day)
    assert Act("Комиссия", "17", date(2026, 11, 1)) == command.act


def test_the_request_id_comes_from_the_issue_ref_alone() -> None:
    """The same reference is the same request, whatever else the row says."""
    one, changed = (read_row(1, cells(nominal_rubles=text), token_of).command for text in ("500.00", "1.00"))
    other = read_row(1, cells(2), token_of).command
    assert one
    assert changed
    assert other
    assert one.request_id == changed.request_id
    assert one.request_id != other.request_id


def test_spaces_around_a_cell_do_not_count() -> None:
    """Spreadsheets and people add them."""
    padded = {name: f"  {text}\u00a0" for name, text in cells().items()}
    assert read_row(1, cells(), token_of).command == read_row(1, padded, token_of).command


@pytest.mark.parametrize(
    ("column", "text"),
    [
        *((column, "") for column in sorted(COLUMNS - {"card_number", "card_series", "own_nominal"})),
        *(
            (column, "x" * (TEXT_MAX_CHARS + 1))
            for column in ("issue_ref", "holder_id", "act_body", "act_number")
        ),
        ("holder_id", "a\x00b"),
        ("act_body", "a\nb"),
        ("act_number", "caf\udce9"),
        ("issue_ref", "=1+1"),
        ("issue_ref", "@ref"),
        ("program_version", "0"),
        ("program_version", "-1"),
        ("program_version", "1.0"),
        ("program_version", "２"),
        ("program_version", "99999999999"),
        ("nominal_rubles", "500"),
        ("nominal_rubles", "500,00"),
        ("nominal_rubles", "500.0"),
        ("nominal_rubles", "500.000"),
        ("nominal_rubles", "-500.00"),
        ("nominal_rubles", "0.00"),
        ("nominal_rubles", "1e3"),
        ("nominal_rubles", "1 000.00"),
        ("nominal_rubles", "9999999999999.99"),
        ("nominal_rubles", "５00.00"),
        ("first_day", "01.01.2026"),
        ("first_day", "20260101"),
        ("last_day", "2026-02-30"),
        ("act_date", "2026-1-1"),
        ("own_nominal", "true"),
        ("card_number", "not a card"),
    ],
)
def test_a_wrong_cell_is_refused_by_its_column(column: str, text: str) -> None:
    """The first thing wrong is told, in Russian and English."""
    row = read_row(3, cells(**{column: text}), token_of)
    assert row.command is None
    assert row.problem
    assert (column, True, True) == (row.problem.column, bool(row.problem.ru), bool(row.problem.en))


def test_a_series_without_a_number_is_refused() -> None:
    """Half a card is none."""
    problem = read_row(1, cells(card_series="01"), token_of).problem
    assert problem
    assert "card_number" == problem.column


@pytest.mark.parametrize("column", ["issue_ref", "holder_id", "act_number", "act_body", "program"])
def test_a_card_number_in_another_column_is_refused(column: str) -> None:
    """It would be stored for ever, under a name that hides what it is."""
    row = read_row(1, cells(card_number=CARD, **{column: CARD}), token_of)
    assert row.problem
    assert column == row.problem.column
    assert CARD not in f"{row} {row.problem}"


def test_neither_a_row_nor_its_problem_tells_a_card_number() -> None:
    """Not in the text that a traceback or a log would show either."""
    right = read_row(1, cells(card_number=CARD), token_of)
    wrong = read_row(1, cells(card_number=f"{CARD}x"), token_of)
    assert CARD not in f"{right!r} {wrong!r}"


def test_amounts_are_read_without_a_float() -> None:
    """To the kopeck, up to the largest amount there is."""
    assert [1, 500_00, AMOUNT_MAX_KOPECKS, None] == [
        kopecks_of(text) for text in ("0.01", "500.00", "10000000000.00", "10000000000.01")
    ]


def test_every_renamed_field_leads_to_a_column() -> None:
    """A conflict names what the person who wrote the file can find in it."""
    assert set(COLUMN_OF_FIELD.values()) <= COLUMNS
