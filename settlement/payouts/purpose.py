"""The text of a payment: what the agreement says of it, and the number by which its answer is found."""

import re
from collections.abc import Iterator
from datetime import date
from string import Formatter
from typing import Final

from settlement.payouts.errors import PayoutCode, PayoutError
from settlement.payouts.model import PURPOSE_MAX_CHARS

_MONTHS: Final = (
    "январь", "февраль", "март", "апрель", "май", "июнь",
    "июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь",
)  # fmt: skip
_QUARTERS: Final = ("I", "II", "III", "IV")
_FIELDS: Final = frozenset({"agreement", "period", "claim"})

_END_TO_END: Final = re.compile(r"(?<![0-9A-Za-z])TG([0-9]{1,14})-([0-9]{1,14})-([0-9]{2})(?![0-9])")
_CONTROL: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)


def end_to_end_id(payout_id: int, transfer_id: int) -> str:
    """The id of a transfer for good: `TG<payout>-<transfer>-<two check digits>` (ISO 7064, mod 97-10)."""
    return f"TG{payout_id}-{transfer_id}-{_check_digits(payout_id, transfer_id)}"


def end_to_end_ids_in(text: str) -> Iterator[str]:
    """Ids of ours that a text holds; one with wrong check digits is somebody's misprint and none."""
    for payout_id, transfer_id, check in _END_TO_END.findall(text):
        if check == _check_digits(int(payout_id), int(transfer_id)):
            yield f"TG{int(payout_id)}-{int(transfer_id)}-{check}"


def _check_digits(payout_id: int, transfer_id: int) -> str:
    return f"{98 - int(f'{payout_id:014}{transfer_id:014}00') % 97:02}"


def order_number_of(transfer_id: int) -> str:
    """The number of the payment order: six digits at most (762-П, field 3), never all zeros."""
    return str((transfer_id - 1) % 999_999 + 1)


def period_text(first_day: date, last_day: date) -> str:
    """A claim's period as people write it: a month, a quarter, or its days."""
    months = (last_day.year - first_day.year) * 12 + last_day.month - first_day.month + 1
    if months == 1:
        return f"{_MONTHS[first_day.month - 1]} {first_day.year} г."
    if months == 3 and first_day.month % 3 == 1:
        return f"{_QUARTERS[first_day.month // 3]} квартал {first_day.year} г."
    return f"{first_day:%d.%m.%Y} - {last_day:%d.%m.%Y}"


def purpose_of(
    template: str,
    *,
    claim_id: int,
    agreement: str,
    period: str,
    obligation_number: str,
    purpose_code: str,
    transfer: str,
) -> str:
    """The whole purpose of a transfer, its own id last.

    `template` may name {agreement}, {period} and {claim}. Raises PayoutError PURPOSE_MALFORMED,
    CHARACTER_UNFIT, TEXT_TOO_LONG.
    """
    _check_template(template, claim_id)
    parts = [template.format(agreement=agreement, period=period, claim=claim_id)]
    if obligation_number:
        parts.append(f"обязательство {obligation_number}")
    if purpose_code:
        parts.append(f"код цели {purpose_code}")
    text = ", ".join([*parts, transfer])
    return checked_text(text, f"{transfer}", "purpose", PURPOSE_MAX_CHARS)


def _check_template(template: str, claim_id: int) -> None:
    try:
        parsed = list(Formatter().parse(template))
    except ValueError as error:
        raise PayoutError(PayoutCode.PURPOSE_MALFORMED, claim_id=claim_id, what=str(error)) from None
    for _, field, spec, how in parsed:
        if field is not None and (field not in _FIELDS or spec or how):
            what = f"{{{field}}}"
            raise PayoutError(PayoutCode.PURPOSE_MALFORMED, claim_id=claim_id, what=what)


def checked_text(text: str, where: str, field: str, limit: int) -> str:
    """A text of a payment as it was given, if it may stand there.

    Raises PayoutError CHARACTER_UNFIT for control characters, also those that turn what stands beside them,
    and for what XML cannot hold; TEXT_TOO_LONG.
    """
    found = _CONTROL.search(text)
    if found:
        raise PayoutError(
            PayoutCode.CHARACTER_UNFIT, where=where, field=field, shown=ascii(found[0]), number=ord(found[0]),
            encoding="a payment order",
        )  # fmt: skip
    if len(text) > limit:
        raise PayoutError(PayoutCode.TEXT_TOO_LONG, where=where, field=field, limit=limit, length=len(text))
    return text


def encoded(text: str, encoding: str, where: str, field: str) -> bytes:
    """A text in the encoding of a file; raises PayoutError CHARACTER_UNFIT, which names the character."""
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        char = text[error.start]
        raise PayoutError(
            PayoutCode.CHARACTER_UNFIT, where=where, field=field, shown=f"'{char}'", number=ord(char),
            encoding=encoding,
        ) from None  # fmt: skip
