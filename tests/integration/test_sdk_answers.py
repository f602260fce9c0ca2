"""What either client believes: only bytes that a known key signed, and only the answer to what was asked."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from merchant_sdk import Method, SignatureError, SignedBytes, WrongAnswerError
from tests.sdk_support.faults import Forge
from tests.sdk_support.tills import FLAVOURS, HOLDER, MILK_AND_BEER, Bench, bench
from tillgate.v1.purchase_pb2 import SignedOutcome


@pytest.fixture(params=FLAVOURS)
async def at(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    """A scripted gateway with a till of each flavour before it."""
    async with bench(request.param, tmp_path / "till-1") as opened:
        yield opened


@pytest.mark.parametrize("what", ["signature", "key", "signer"])
async def test_an_answer_that_no_known_key_signed_is_refused(at: Bench, what: str) -> None:
    """Altered bytes, an unknown key and another signer are all refused, with the evidence."""
    at.gateway.script(Method.SALE, Forge(what))
    with pytest.raises(SignatureError) as caught:
        await at.till.sale(HOLDER, MILK_AND_BEER)
    assert not isinstance(caught.value, WrongAnswerError)
    assert caught.value.signed.payload
    assert [Method.SALE] == at.gateway.methods_called


@pytest.mark.parametrize("what", ["request", "kind", "terminal", "merchant", "decision"])
async def test_a_signed_answer_to_something_else_is_refused(at: Bench, what: str) -> None:
    """An outcome of another request, kind, terminal or merchant, or of no decision, is no answer."""
    at.gateway.script(Method.SALE, Forge(what))
    with pytest.raises(WrongAnswerError):
        await at.till.sale(HOLDER, MILK_AND_BEER)


async def test_a_request_with_a_forged_answer_stays_open_and_can_be_resolved(at: Bench) -> None:
    """The command may have been done, so it is neither forgotten nor undone behind the till's back."""
    request = at.till.prepare_sale(HOLDER, MILK_AND_BEER)
    at.gateway.script(Method.SALE, Forge("signature"))
    with pytest.raises(SignatureError):
        await at.till.send(request)
    assert [request.request_id] == [record.request_id for record in at.till.open_requests()]
    assert (await at.till.resolve(request.request_id)).is_approved


async def test_a_forged_answer_in_a_look_up_is_refused(at: Bench) -> None:
    """GetPurchase carries the stored answer, and that is verified as well."""
    sale = await at.till.sale(HOLDER, MILK_AND_BEER)
    at.gateway.script(Method.GET_PURCHASE, Forge("signer"))
    with pytest.raises(SignatureError):
        await at.till.get_purchase(sale.purchase.ref)


async def test_the_signed_bytes_can_be_archived_and_verified_later(at: Bench) -> None:
    """What a result keeps is exactly what was signed; a changed byte no longer verifies."""
    result = await at.till.sale(HOLDER, MILK_AND_BEER)
    keys = at.credentials.outcome_keys
    keys.verify(result.signed)
    assert str(result.request_id) == SignedOutcome.FromString(result.signed.payload).request_id
    changed = SignedBytes(result.signed.payload[:-1], result.signed.signature, result.signed.key_id)
    with pytest.raises(SignatureError):
        keys.verify(changed)
