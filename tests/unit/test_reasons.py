"""The one table of reasons: code, wire and documentation say the same."""

from pathlib import Path

import grpc
import pytest

from gateway.domain.reasons import LINE_TEXTS, REASONS, LineReason, Reason, Texts
from gateway.rpc.errors import CODES
from gateway.rpc.reasons_page import markdown
from tillgate.v1 import reason_pb2

PAGE = Path(__file__).parents[2] / "docs" / "reasons.md"


def test_the_wire_has_the_reasons_of_the_table_by_name_number_and_order() -> None:
    """reason.proto repeats the domain's enum, plus 0 for none."""
    on_wire = [(value.name, value.number) for value in reason_pb2.Reason.DESCRIPTOR.values]
    assert [("REASON_UNSPECIFIED", 0), *((f"REASON_{r.name}", int(r)) for r in Reason)] == on_wire


def test_the_wire_has_the_line_reasons_of_the_domain() -> None:
    """So do the reasons of lines."""
    on_wire = [(value.name, value.number) for value in reason_pb2.LineReason.DESCRIPTOR.values]
    expected = [("LINE_REASON_UNSPECIFIED", 0), *((f"LINE_REASON_{r.name}", int(r)) for r in LineReason)]
    assert expected == on_wire


def test_the_table_has_every_reason_once_in_order_of_precedence() -> None:
    """Its rows stand in the order in which reasons are answered."""
    assert list(Reason) == list(REASONS)
    assert sorted(REASONS) == list(REASONS)


def test_errors_come_before_declines() -> None:
    """Whatever leaves the id free is answered before anything that is recorded."""
    recorded = [row.is_recorded for row in REASONS.values()]
    assert sorted(recorded) == recorded


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
def test_a_reason_has_texts_for_people_and_a_valid_code(reason: Reason) -> None:
    """Cashier and buyer read something in both languages; an error has a gRPC code that is not OK."""
    row = REASONS[reason]
    _check_texts(row.texts)
    if row.is_recorded:
        assert reason not in CODES
    else:
        assert CODES[reason] is not grpc.StatusCode.OK


@pytest.mark.parametrize("reason", LineReason, ids=lambda reason: reason.name)
def test_a_line_reason_has_texts_for_people(reason: LineReason) -> None:
    """The reason of a line is read at the till as well."""
    _check_texts(LINE_TEXTS[reason])


def test_the_printed_page_is_fresh() -> None:
    """docs/reasons.md is what the table prints."""
    assert markdown() == PAGE.read_text(encoding="utf-8")


def _check_texts(texts: Texts) -> None:
    for text in (texts.cashier_ru, texts.cashier_en, texts.buyer_ru, texts.buyer_en):
        assert text.strip() == text != ""
        assert len(text) <= 128
        assert "|" not in text
    assert any("а" <= letter <= "я" for letter in texts.cashier_ru.lower())
    assert any("а" <= letter <= "я" for letter in texts.buyer_ru.lower())
