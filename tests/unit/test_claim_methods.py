"""Who may ask for claims at the tills' door, and how refusals are told there."""

from enum import Enum
from functools import partial
from typing import Any

import pytest
from google.protobuf.message import Message

from gateway.domain.reasons import Reason
from gateway.errors import CodedError
from gateway.registry.snapshot import ClientIdentity
from gateway.rpc.claims import SERVICE, ClaimMethods
from gateway.rpc.methods import Call
from gateway.rpc.validation.findings import InvalidRequestError
from tillgate.v1 import claim_service_pb2 as wire

MERCHANT, TERMINAL, OFFICE = 7, 70, 700
TILL = ClientIdentity(MERCHANT, TERMINAL, 0, frozenset({TERMINAL}))
HEAD_OFFICE = ClientIdentity(MERCHANT, None, OFFICE, frozenset({TERMINAL}))


class Refusal(Enum):
    """Why settlement refuses."""

    CLAIM_UNKNOWN = ("расчёта {claim_id} нет", "there is no claim {claim_id}")
    PAGE_TOKEN_INVALID = ("чужая страница", "a page of something else")
    SIGNATURE_INVALID = ("подпись не та", "the signature is wrong")


class Answers:
    """Stands where settlement does, and remembers who asked."""

    def __init__(self, refusal: Refusal | None = None) -> None:
        self.asked: list[tuple[str, int, int]] = []
        self._refusal = refusal
        self.table = {method.name: partial(self._answer, method.name) for method in SERVICE.methods}

    async def _answer(self, name: str, request: Message, merchant_id: int, concentrator_id: int) -> Message:
        del request
        self.asked.append((name, merchant_id, concentrator_id))
        if self._refusal is not None:
            raise CodedError(self._refusal, claim_id=5)
        return wire.GetClaimResponse()


async def ask(answers: Answers, client: ClientIdentity, name: str, request: Any) -> Message:
    """One call, parsed and authenticated."""
    return await ClaimMethods(answers.table).table[name].answer(lambda: (request, client), Call())


async def test_a_head_office_is_answered_as_its_merchant() -> None:
    """The merchant is that of the key, whatever a message says."""
    answers = Answers()
    await ask(answers, HEAD_OFFICE, "GetClaim", wire.GetClaimRequest(claim_id=5))
    assert [("GetClaim", MERCHANT, OFFICE)] == answers.asked


@pytest.mark.parametrize("name", [method.name for method in SERVICE.methods])
async def test_a_till_learns_nothing_of_claims(name: str) -> None:
    """Whoever steals a till does not get the merchant's books with it."""
    answers = Answers()
    request = getattr(wire, f"{name}Request")()
    with pytest.raises(InvalidRequestError) as refused:
        await ask(answers, TILL, name, request)
    assert Reason.CLAIMS_NOT_FOR_TILLS is refused.value.reason
    assert [] == answers.asked


async def test_a_request_that_is_wrong_is_named_before_settlement_is_asked() -> None:
    """By its field."""
    answers = Answers()
    with pytest.raises(InvalidRequestError) as refused:
        await ask(answers, HEAD_OFFICE, "GetClaim", wire.GetClaimRequest())
    assert (Reason.FIELD_MISSING, "claim_id") == (refused.value.reason, refused.value.field)
    assert [] == answers.asked


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (Refusal.CLAIM_UNKNOWN, Reason.CLAIM_UNKNOWN),
        (Refusal.PAGE_TOKEN_INVALID, Reason.PAGE_TOKEN_INVALID),
        (Refusal.SIGNATURE_INVALID, Reason.CLAIM_REFUSED),
    ],
)
async def test_a_refusal_of_settlement_keeps_its_name(refusal: Refusal, reason: Reason) -> None:
    """In the texts of both languages; the reason tells what to do about it."""
    with pytest.raises(InvalidRequestError) as refused:
        await ask(Answers(refusal), HEAD_OFFICE, "GetClaim", wire.GetClaimRequest(claim_id=5))
    assert reason is refused.value.reason
    for text in (refused.value.detail_ru, refused.value.detail_en):
        assert text.startswith(refusal.name)


def test_a_method_that_nobody_answers_does_not_start() -> None:
    """It is a mistake of ours, and found before a head office finds it."""
    answers = Answers().table
    del answers["SignClaim"]
    with pytest.raises(TypeError, match="nobody answers SignClaim"):
        ClaimMethods(answers)
