"""Cursors of listings: ours come back whole, all others are refused."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.reasons import Reason
from gateway.rpc.page_tokens import decode_page_token, encode_page_token
from gateway.rpc.validation.findings import InvalidRequestError

CURSOR = datetime(2026, 3, 10, 9, 0, 0, 123456, UTC), UUID("019b2f6e-1c2d-7abc-8def-0123456789ab")
TOKEN = encode_page_token(CURSOR, 1, [11, 12])


@given(st.datetimes(timezones=st.just(UTC)), st.uuids(), st.lists(st.integers(1, 2**63 - 1)))
def test_a_token_comes_back_as_its_cursor(
    decided_at: datetime, request_id: UUID, terminals: list[int]
) -> None:
    """To the microsecond, whatever the instant and the id; the order of terminals means nothing."""
    token = encode_page_token((decided_at, request_id), 7, terminals)
    assert (decided_at, request_id) == decode_page_token(token, 7, terminals[::-1])


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "x" * 38,
        "я" * 38,
        "=" * 38,
        TOKEN[:-1],
        TOKEN + "A",
        urlsafe_b64encode(urlsafe_b64decode(TOKEN + "==")[::-1]).decode().rstrip("="),
    ],
)
def test_a_token_that_is_not_ours_is_refused(token: str) -> None:
    """By its own reason."""
    with pytest.raises(InvalidRequestError) as caught:
        decode_page_token(token, 1, [11, 12])
    assert (Reason.PAGE_TOKEN_INVALID, "page_token") == (caught.value.reason, caught.value.field)


@pytest.mark.parametrize(("merchant_id", "terminal_ids"), [(2, [11, 12]), (1, [11]), (1, [11, 12, 13])])
def test_a_token_belongs_to_its_listing(merchant_id: int, terminal_ids: list[int]) -> None:
    """Asked of another merchant or of other terminals it would skip what was never listed."""
    with pytest.raises(InvalidRequestError):
        decode_page_token(TOKEN, merchant_id, terminal_ids)
