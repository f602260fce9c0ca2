"""The canonical form of a command: when two bodies under one request id are the same."""

from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from gateway.domain.commands import Authorize, Command, Origin
from gateway.ledger.canonical import canonical, difference
from tests.builders import line
from tests.ledger_kit import authorize

ACCOUNT = 7


@pytest.fixture
def command() -> Authorize:
    """Two lines on a card."""
    return authorize(b"t", line(1, 10_00), line(2, 5_00))


def full_form(command: Command) -> str:
    """The form as earlier versions wrote it, with every empty field."""
    fields = msgspec.json.decode(canonical(command, ACCOUNT))
    for item in fields["basket"]["lines"]:
        item.update({"marking_code": "", "vat_rate": 0, "serial_number": ""})
    fields.update({"own_money": [], "replaces_request_id": None, "accept_partial": False})
    return msgspec.json.encode(fields).decode()


def test_a_form_holds_nothing_that_is_empty(command: Authorize) -> None:
    """What the till did not send takes no room."""
    assert "marking_code" not in canonical(command, ACCOUNT)


def test_a_form_keeps_its_bytes() -> None:
    """A retry is known by them; neither what the gateway added nor how the card was read is in them."""
    told = replace(
        authorize(b"t", line(1, 10_00)),
        request_id=UUID(int=7),
        origin=Origin(1, 2, 3, concentrator_id=4, shift_number=5, cashier_ref="6"),
        is_keyed=True,
    )
    assert canonical(told, ACCOUNT) == (
        '{"request_id":"00000000-0000-0000-0000-000000000007",'
        '"origin":{"terminal_id":3,"shift_number":5,"cashier_ref":"6"},'
        '"basket":{"lines":[LINE]},"kind":"AUTHORIZE","card":"account:7"}'
    ).replace("LINE", msgspec.json.encode(told.basket.lines[0]).decode())


def test_a_form_with_its_empty_fields_is_still_the_same_command(command: Authorize) -> None:
    """Outcomes that an earlier version stored answer their retries."""
    assert None is difference(full_form(command), command, ACCOUNT)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"accept_partial": True}, "accept_partial"),
        ({"program_code": "food"}, "program_code"),
        ({"is_sale": True}, "is_sale"),
    ],
)
def test_a_field_that_only_one_body_has_is_a_difference(
    command: Authorize, changed: dict[str, object], field: str
) -> None:
    """Left out is empty, and empty is not the same as told: in both directions."""
    other = replace(command, **changed)
    assert difference(canonical(command, ACCOUNT), other, ACCOUNT) in (field, "kind")
    assert difference(canonical(other, ACCOUNT), command, ACCOUNT) in (field, "kind")


def test_a_line_that_tells_more_is_named(command: Authorize) -> None:
    """The path leads to the field of the line."""
    first, *rest = command.basket.lines
    told = replace(command, basket=replace(command.basket, lines=(replace(first, gtin="46"), *rest)))
    assert "basket.lines[0].gtin" == difference(canonical(command, ACCOUNT), told, ACCOUNT)
