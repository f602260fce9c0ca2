"""Baskets and the lines of captures and refunds, as a till may send them."""

import re
from collections.abc import Sequence
from typing import Final, Protocol

from gateway.domain.basket import LINES_MAX, Basket, Line, line_sum_gap_kopecks
from gateway.domain.commands import CaptureLine, RefundLine
from gateway.domain.reasons import Reason
from gateway.rpc.validation.fields import (
    check_amount,
    check_gtin,
    check_marking_code,
    check_okpd2,
    check_quantity,
    check_rounding,
    check_tag,
    check_text,
)
from gateway.rpc.validation.findings import Findings
from tillgate.v1 import purchase_pb2 as wire

_EMPTY: Final = Basket(())
_GAP: Final = re.compile(r"[ \u00a0-]")


def read_basket(basket: wire.Basket, sum_tolerance_kopecks: int, findings: Findings) -> Basket:
    """The basket of a request.

    A line's amount may lie `sum_tolerance_kopecks` from quantity × price − discount; the lines
    less the rounding are exactly the total.
    """
    known = len(findings)
    sent = list(basket.lines)
    rounding_kopecks, total_kopecks = basket.rounding_kopecks, basket.total_kopecks
    if not sent:
        findings.add(Reason.FIELD_MISSING, "basket.lines", "нет ни одной позиции", "there is no line")
    if not _check_numbers("basket.lines", sent, findings):
        return _EMPTY
    lines = []
    for index, line in enumerate(sent):
        findings.enter("basket.lines", index, line.line_number)
        lines.append(_read_line(line, sum_tolerance_kopecks, findings))
    findings.leave()
    check_rounding(rounding_kopecks, "basket.rounding_kopecks", findings)
    check_amount(total_kopecks, 1, "basket.total_kopecks", findings)
    if len(findings) > known:
        return _EMPTY
    read = Basket(tuple(lines), rounding_kopecks)
    total = read.total_kopecks
    if total != total_kopecks:
        ru = f"позиции за вычетом округления дают {total} коп., итог {total_kopecks}"
        en = f"the lines less rounding make {total} kopecks, the total is {total_kopecks}"
        findings.add(Reason.TOTAL_MISMATCH, "basket.total_kopecks", ru, en)
        return _EMPTY
    return read


def _read_line(line: wire.BasketLine, sum_tolerance_kopecks: int, findings: Findings) -> Line:
    gtin, marking_code, okpd2 = line.gtin, line.marking_code, line.okpd2
    check_codes(gtin, marking_code, okpd2, findings)
    read = Line(
        line_number=line.line_number,
        item_name=line.item_name,
        quantity_milli=line.quantity_milli,
        unit_price_kopecks=line.unit_price_kopecks,
        discount_kopecks=line.discount_kopecks,
        amount_kopecks=line.amount_kopecks,
        gtin=gtin,
        marking_code=marking_code,
        item_code=line.item_code,
        okpd2=okpd2,
        payment_subject=line.payment_subject,
        payment_method=line.payment_method,
        vat_rate=line.vat_rate,
        serial_number=line.serial_number,
    )
    if _check_sums_fit(read, findings) and line_sum_gap_kopecks(read) > sum_tolerance_kopecks:
        ru = f"{read.amount_kopecks} коп. не равно цена × количество − скидка"
        en = f"{read.amount_kopecks} kopecks is not price × quantity − discount"
        findings.add(Reason.LINE_SUM_MISMATCH, "amount_kopecks", ru, en)
    check_text(read.item_name, "item_name", findings)
    if read.item_code:
        check_text(read.item_code, "item_code", findings)
    if read.serial_number:
        check_text(read.serial_number, "serial_number", findings)
    if read.payment_subject:
        check_tag(read.payment_subject, "payment_subject", findings)
    if read.payment_method:
        check_tag(read.payment_method, "payment_method", findings)
    if read.vat_rate:
        check_tag(read.vat_rate, "vat_rate", findings)
    return read


def check_card_is_in_no_text(number: str, basket: Basket, cashier_ref: str, findings: Findings) -> None:
    """No text that is kept as it came repeats the number of the request's card, in groups or not."""
    last = number[-4:]
    if not last:
        return
    for index, line in enumerate(basket.lines):
        # Nearly all texts lack the last digits, and no more is looked at.
        if (
            last in line.item_name
            or last in line.marking_code
            or last in line.item_code
            or last in line.serial_number
        ):
            findings.enter("basket.lines", index, line.line_number)
            for field in ("item_name", "marking_code", "item_code", "serial_number"):
                _check_card_is_not_in(getattr(line, field), number, field, findings)
            findings.leave()
    if last in cashier_ref:
        _check_card_is_not_in(cashier_ref, number, "header.cashier_ref", findings)


def _check_card_is_not_in(text: str, number: str, field: str, findings: Findings) -> None:
    if number in _GAP.sub("", text):
        findings.add(Reason.TEXT_INVALID, field, "в тексте номер карты", "holds the card's number")


def check_codes(gtin: str, marking_code: str, okpd2: str, findings: Findings) -> None:
    """The codes of a line, those that are set."""
    if gtin:
        check_gtin(gtin, "gtin", findings)
    if marking_code:
        check_marking_code(marking_code, "marking_code", findings)
    if okpd2:
        check_okpd2(okpd2, "okpd2", findings)


def _check_sums_fit(line: Line, findings: Findings) -> bool:
    """Whether the sums of a line are in range, so that their arithmetic means something."""
    fits = check_quantity(line.quantity_milli, "quantity_milli", findings)
    fits &= check_amount(line.unit_price_kopecks, 0, "unit_price_kopecks", findings)
    fits &= check_amount(line.discount_kopecks, 0, "discount_kopecks", findings)
    fits &= check_amount(line.amount_kopecks, 1, "amount_kopecks", findings)
    return fits


def read_capture_lines(lines: Sequence[wire.CaptureLine], findings: Findings) -> tuple[CaptureLine, ...]:
    """The lines of a capture: quantity and amount of each; none means the whole purchase."""
    if not _check_numbers("lines", lines, findings):
        return ()
    for index, line in enumerate(lines):
        findings.enter("lines", index, line.line_number)
        check_quantity(line.quantity_milli, "quantity_milli", findings)
        check_amount(line.amount_kopecks, 1, "amount_kopecks", findings)
    findings.leave()
    if findings:
        return ()
    return tuple(CaptureLine(line.line_number, line.quantity_milli, line.amount_kopecks) for line in lines)


def read_refund_lines(lines: Sequence[wire.RefundLine], findings: Findings) -> tuple[RefundLine, ...]:
    """The lines of a refund; none means everything that is left."""
    if not _check_numbers("lines", lines, findings):
        return ()
    for index, line in enumerate(lines):
        findings.enter("lines", index, line.line_number)
        check_quantity(line.quantity_milli, "quantity_milli", findings)
    findings.leave()
    if findings:
        return ()
    return tuple(RefundLine(line.line_number, line.quantity_milli) for line in lines)


class _Numbered(Protocol):
    @property
    def line_number(self) -> int: ...


def _check_numbers(path: str, lines: Sequence[_Numbered], findings: Findings) -> bool:
    """At most LINES_MAX lines, each with a number of its own from 1; returns whether they may be read."""
    if len(lines) > LINES_MAX:
        ru, en = f"{len(lines)} позиций, можно {LINES_MAX}", f"{len(lines)} lines, {LINES_MAX} allowed"
        findings.add(Reason.TOO_MANY_LINES, path, ru, en)
        return False
    seen: set[int] = set()
    for index, line in enumerate(lines):
        number = line.line_number
        if number < 1 or number in seen:
            findings.enter(path, index, number)
            if number < 1:
                findings.add(Reason.FIELD_INVALID, "line_number", "меньше 1", "below 1")
            else:
                findings.add(Reason.DUPLICATE_LINE_NUMBER, "line_number", "уже был", "was there before")
            findings.leave()
        seen.add(number)
    return True
