"""Logs: their shape, and that no card number passes."""

import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
import structlog

from gateway.rpc import access_log
from gateway.rpc.access_log import AccessLine
from gateway.runtime.logging import REDACTED, configure_logging, line_writer, redact, redact_text
from tests.logs import logging_put_back

CARD = "9643101234567890"
REQUEST_ID = "01989898-1234-7234-8234-123456789012"
DIGEST = "e3b0c44298fc1c149afb1234567890123456789012345678901234567852b855"


@pytest.fixture
def log_file() -> Iterator[io.StringIO]:
    """Where the log of a test goes, as JSON lines; logging is put back afterwards."""
    file = io.StringIO()
    with logging_put_back():
        configure_logging("info", json_lines=True, stream=file)
        yield file


def events_of(log_file: io.StringIO) -> list[dict[str, Any]]:
    """The events that were logged."""
    return [json.loads(line) for line in log_file.getvalue().splitlines()]


@pytest.mark.parametrize("digits", [13, 16, 19])
@pytest.mark.parametrize("separator", ["", " ", "-", "\u00a0"])
def test_a_run_of_13_to_19_digits_is_redacted_in_groups_or_not(digits: int, separator: str) -> None:
    """However the number is written, none of it stays."""
    number = "9643101012345678901"[:digits]
    written = separator.join(number[start : start + 4] for start in range(0, digits, 4))
    assert f"карта {REDACTED}, касса 7" == redact_text(f"карта {written}, касса 7")


@pytest.mark.parametrize(
    "text",
    [
        "123456789012",
        "20-digit 12345678901234567890",
        "2026-06-01 12:30:00.123456",
        REQUEST_ID,
        DIGEST,
        "7:15000",
    ],
)
def test_other_numbers_and_identifiers_stay(text: str) -> None:
    """Sums, times, request ids and digests are what logs are read for."""
    assert text == redact_text(text)


def test_texts_are_redacted_wherever_they_stand() -> None:
    """Nested values, names of fields, bytes and other objects are covered."""
    value = {"lines": [{"name": CARD}, (CARD, 5)], CARD: 1, "raw": CARD.encode(), "error": ValueError(CARD)}
    expected = {
        "lines": [{"name": REDACTED}, [REDACTED, 5]],
        REDACTED: 1,
        "raw": f"b'{REDACTED}'",
        "error": REDACTED,
    }
    assert expected == redact(value)


def test_an_event_is_one_json_line(log_file: io.StringIO) -> None:
    """A line holds the event, its level, logger, UTC time and fields, numbers as numbers."""
    structlog.get_logger("gateway.rpc").info("authorized", amount_kopecks=15_000, merchant="Ёлка")
    (event,) = events_of(log_file)
    time = event.pop("timestamp")
    assert time.endswith("Z")
    assert {
        "event": "authorized",
        "level": "info",
        "logger": "gateway.rpc",
        "amount_kopecks": 15_000,
        "merchant": "Ёлка",
    } == event


def test_a_library_s_record_and_an_exception_are_redacted_too(log_file: io.StringIO) -> None:
    """Libraries log through the standard library, and exceptions carry arguments."""
    # Not of the tests' own cards: what pytest keeps of the log beside the gateway's is searched for these.
    number = "5469380012345679"
    logging.getLogger("library").warning("unexpected %s", number)
    try:
        raise ValueError(f"no account of {number}")
    except ValueError:
        structlog.get_logger("gateway").exception("failed")
    assert number not in log_file.getvalue()
    warning, failure = events_of(log_file)
    assert f"unexpected {REDACTED}" == warning["event"]
    assert failure["exception"].endswith(f"ValueError: no account of {REDACTED}")


def test_a_value_that_json_cannot_hold_does_not_lose_the_line(log_file: io.StringIO) -> None:
    """Whatever is logged, a line comes out, redacted."""
    structlog.get_logger("gateway").info("odd", huge=2**80, broken="\udcff")
    (event,) = events_of(log_file)
    assert (str(2**80), "\\udcff") == (event["huge"], event["broken"])


def test_events_below_the_level_are_dropped(log_file: io.StringIO) -> None:
    """The level holds for structlog and the standard library alike."""
    structlog.get_logger("gateway").debug("detail")
    logging.getLogger("library").debug("detail")
    assert [] == events_of(log_file)


def test_a_request_id_is_logged_whole_whatever_its_digits(log_file: io.StringIO) -> None:
    """It is an identifier by its type, and support needs all of it."""
    structlog.get_logger("gateway").info("request", request_id=UUID(REQUEST_ID))
    (event,) = events_of(log_file)
    assert REQUEST_ID == event["request_id"]


def test_lines_for_people_hold_the_same_fields() -> None:
    """The other format is written by the same way, and redacted like it."""
    file = io.StringIO()
    with logging_put_back():
        configure_logging("info", json_lines=False, stream=file)
        structlog.get_logger("gateway").info("request", method="Sale", request_id=UUID(REQUEST_ID), raw=CARD)
    for expected in ("request", "method=Sale", f"request_id={REQUEST_ID}", f"raw={REDACTED}"):
        assert expected in file.getvalue()


async def test_the_lines_of_one_turn_are_written_together_and_a_warning_at_once(
    log_file: io.StringIO,
) -> None:
    """The loop is not held up by a write for each request; what is wrong is told without delay."""
    log = structlog.get_logger("gateway")
    log.info("first")
    log.info("second")
    assert [] == events_of(log_file)
    await asyncio.sleep(0)
    assert ["first", "second"] == [event["event"] for event in events_of(log_file)]
    log.info("third")
    log.warning("fourth")
    assert ["third", "fourth"] == [event["event"] for event in events_of(log_file)][2:]


@pytest.mark.parametrize("end", ["return", "raise ValueError", "raise SystemExit"])
def test_a_process_that_ends_has_written_its_last_lines(end: str) -> None:
    """Also those of the turn in which it ends."""
    script = f"""
import asyncio, structlog
from gateway.runtime.logging import configure_logging
configure_logging("info", json_lines=True)
async def main():
    structlog.get_logger("gateway").info("the last line")
    {end}
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "the last line" in done.stderr


def access_line() -> AccessLine:
    """A line as the doors write it."""
    return AccessLine(
        method="Authorize",
        code="OK",
        decision="APPROVED",
        reason="",
        merchant_id=1,
        terminal_id=11,
        concentrator_id=0,
        request_id=UUID(REQUEST_ID),
        duration_ms=7.125,
    )


def test_an_access_line_written_at_once_says_what_one_through_structlog_says(log_file: io.StringIO) -> None:
    """The short way is another way to the same line, with the worker that is bound to the context."""
    with structlog.contextvars.bound_contextvars(worker=2):
        at_once = line_writer(access_log.LOGGER)
        assert at_once is not None
        for write in (at_once, access_log.through_structlog()):
            write(access_line())
    first, second = events_of(log_file)
    for line in (first, second):
        assert datetime.fromisoformat(line.pop("timestamp")).tzinfo is not None
    assert first == second
    assert (2, "request", REQUEST_ID) == (first["worker"], first["event"], first["request_id"])


def test_access_lines_obey_level_and_form_of_the_log(log_file: io.StringIO) -> None:
    """No line at `warning`, and no way past the console's form."""
    configure_logging("warning", json_lines=True, stream=log_file)
    silent = line_writer(access_log.LOGGER)
    assert silent is not None
    silent(access_line())
    assert [] == events_of(log_file)
    configure_logging("info", json_lines=False, stream=log_file)
    assert line_writer(access_log.LOGGER) is None
