"""Errors on the wire: one ErrorInfo and one LocalizedMessage each, in the language that was asked for."""

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, LocalizedMessage, RetryInfo
from google.rpc.status_pb2 import Status

from gateway.domain.reasons import REASONS, Reason
from gateway.ledger.answers import CommandError
from gateway.rpc.errors import CODES, DETAILS_KEY, RefusalError, WireError, language_of, wire_error
from gateway.rpc.validation.findings import Findings, InvalidRequestError, Violation, invalid

METADATA_BYTES_MAX = 8 * 1024

Detail = ErrorInfo | LocalizedMessage | RetryInfo | BadRequest


def details(error: WireError) -> list[Detail]:
    """The details of an error in their order, unpacked."""
    [(key, value)] = error.trailing
    assert DETAILS_KEY == key
    status = Status.FromString(value)
    assert (error.code.value[0], error.message) == (status.code, status.message)
    unpacked: list[Detail] = [
        message
        for packed in status.details
        for message in (ErrorInfo(), LocalizedMessage(), RetryInfo(), BadRequest())
        if packed.Unpack(message)
    ]
    assert len(status.details) == len(unpacked)
    return unpacked


def broken_line() -> InvalidRequestError:
    """Line 7, the third of the basket, has a wrong check digit, and the total is wrong too."""
    return InvalidRequestError(
        Violation(Reason.CHECK_DIGIT_WRONG, "basket.lines[2].gtin", 7, "последняя цифра", "the last digit"),
        Violation(Reason.TOTAL_MISMATCH, "basket.total_kopecks", None, "не равно", "not equal"),
    )


@pytest.mark.parametrize("reason", CODES, ids=lambda reason: reason.name)
def test_every_error_of_the_table_has_a_status_and_both_details(reason: Reason) -> None:
    """The code and the texts are the table's, wherever the error was found."""
    errors: list[RefusalError] = [invalid(reason), CommandError(reason)]
    for error in errors:
        wired = wire_error(error)
        info, localized = details(wired)
        assert grpc.StatusCode[REASONS[reason].grpc_code or ""] is wired.code
        assert ErrorInfo(reason=reason.name, domain="tillgate") == info
        assert LocalizedMessage(locale="ru", message=REASONS[reason].texts.cashier_ru) == localized
        assert REASONS[reason].texts.cashier_en == wired.message


def test_a_broken_rule_is_told_by_line_and_field_in_russian() -> None:
    """The message for the cashier's screen, the fields for the till's programmer."""
    info, localized, bad_request = details(wire_error(broken_line()))
    assert (
        ErrorInfo(
            reason="CHECK_DIGIT_WRONG",
            domain="tillgate",
            metadata={"field": "basket.lines[2].gtin", "line_number": "7"},
        )
        == info
    )
    text = "Позиция 7: Неверная контрольная цифра. (basket.lines[2].gtin: последняя цифра)"
    assert LocalizedMessage(locale="ru", message=text) == localized
    assert isinstance(bad_request, BadRequest)
    assert [
        ("basket.lines[2].gtin", "CHECK_DIGIT_WRONG"),
        ("basket.total_kopecks", "TOTAL_MISMATCH"),
    ] == [(violation.field, violation.reason) for violation in bad_request.field_violations]


def test_the_same_is_told_in_english_if_asked() -> None:
    """Only the localized texts follow the language; the status message is for developers."""
    _, localized, bad_request = details(wire_error(broken_line(), "en"))
    text = "Line 7: A check digit is wrong. (basket.lines[2].gtin: the last digit)"
    assert LocalizedMessage(locale="en", message=text) == localized
    assert isinstance(bad_request, BadRequest)
    assert "The lines do not sum to the total. (basket.total_kopecks: not equal)" == (
        bad_request.field_violations[1].description
    )
    assert wire_error(broken_line()).message == wire_error(broken_line(), "en").message == text


def test_an_overload_says_when_to_come_back() -> None:
    """RetryInfo with the pause that the ledger asks for."""
    *_, retry = details(wire_error(CommandError(Reason.OVERLOADED, retry_after_s=1.25)))
    assert isinstance(retry, RetryInfo)
    assert 1250 == retry.retry_delay.ToMilliseconds()


def test_a_conflict_names_the_field_that_differs() -> None:
    """The till sent another body under an id that it had used."""
    info, localized = details(wire_error(CommandError(Reason.REQUEST_ID_CONFLICT, "card")))
    assert isinstance(info, ErrorInfo)
    assert {"field": "card"} == dict(info.metadata)
    assert isinstance(localized, LocalizedMessage)
    assert localized.message.endswith("(card)")


def test_the_worst_error_fits_into_trailing_metadata() -> None:
    """gRPC clients refuse more than 8 KiB of it, which would hide the reason."""
    findings = Findings()
    for index in range(200):
        findings.enter("basket.lines", 200 - index, 2**31 - 1)
        findings.add(Reason.TEXT_INVALID, "serial_number", "я" * 60, "x" * 60)
    with pytest.raises(InvalidRequestError) as caught:
        findings.settle()
    wired = wire_error(caught.value)
    assert METADATA_BYTES_MAX > len(wired.trailing[0][1]) * 4 / 3 + len(wired.message.encode()) * 3


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        (None, "ru"),
        ((), "ru"),
        ((("accept-language", "en"),), "en"),
        ((("accept-language", "EN-gb, ru;q=0.5"),), "en"),
        ((("accept-language", "de, ru, en"),), "ru"),
        ((("accept-language", "de"),), "ru"),
        ((("user-agent", "en"),), "ru"),
        ((("accept-language", b"en"),), "ru"),
    ],
)
def test_the_language_is_the_first_of_ours_that_is_named(metadata: object, language: str) -> None:
    """Russian unless English is asked for."""
    assert language == language_of(metadata)
