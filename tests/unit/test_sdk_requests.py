"""Request ids, prepared requests and what a journal may keep of them."""

import time

import pytest

from merchant_sdk import (
    ByReceipt,
    ByRequestId,
    Card,
    Desk,
    JournalRecord,
    MemoryJournal,
    Method,
    new_request_id,
)
from merchant_sdk.methods import AFTERMATH, Aftermath, ClaimMethod, GoodsMethod, RecordMethod, ReferenceMethod
from merchant_sdk.preparing import Preparing
from tests.sdk_support.tills import HOLDER, MILK_AND_BEER


def test_request_ids_are_uuid_version_7_of_this_moment() -> None:
    """Version, variant and the millisecond are where RFC 9562 wants them."""
    before_ms = time.time_ns() // 1_000_000
    request_id = new_request_id()
    after_ms = time.time_ns() // 1_000_000
    assert (7, "specified in RFC 4122") == (request_id.version, request_id.variant)
    assert before_ms <= request_id.int >> 80 <= after_ms


def test_no_two_request_ids_are_alike() -> None:
    """Ten thousand made at once differ."""
    assert 10_000 == len({new_request_id() for _ in range(10_000)})


def test_each_preparation_is_a_new_request() -> None:
    """The same basket prepared twice is two purchases."""
    preparing = Preparing()
    first, second = (preparing.prepare_sale(HOLDER, MILK_AND_BEER) for _ in range(2))
    assert first.request_id != second.request_id


def test_the_journal_never_gets_a_card_number() -> None:
    """What is remembered of an Authorize or Sale is the id alone; no repr of a request shows its body."""
    card = Card("9643100000000000001", "77")
    preparing = Preparing()
    for prepare in (preparing.prepare_sale, preparing.prepare_authorize):
        request = prepare(card, MILK_AND_BEER)
        assert b"" == request.record.body
        assert "9643100000000000001" not in f"{request!r} {request.body!r}" + str(request.body)


def test_what_is_repeated_later_is_remembered_whole() -> None:
    """A capture, void or refund must go out again byte for byte after a crash."""
    ref = ByReceipt("9960440300000001", 17)
    preparing = Preparing()
    for request in (
        preparing.prepare_capture(ref),
        preparing.prepare_void(ref),
        preparing.prepare_refund(ref),
        preparing.prepare_attach_receipt(ref),
        preparing.prepare_close_shift(Desk(shift_number=5)),
    ):
        assert request.body == request.record.body
        assert Aftermath.REPEAT is AFTERMATH[request.method]


def test_every_method_has_its_place_in_the_allow_list() -> None:
    """Retries are allowed method by method, and only what takes points from a waiting buyer is undone."""
    assert {*Method, *ReferenceMethod, *GoodsMethod, *RecordMethod, *ClaimMethod} == set(AFTERMATH)
    assert {Method.AUTHORIZE, Method.SALE} == {m for m, after in AFTERMATH.items() if after is Aftermath.UNDO}


def test_a_memory_journal_keeps_the_order_and_forgets_what_is_settled() -> None:
    """Remembering twice is the same as once; settling what is unknown is no error."""
    journal = MemoryJournal()
    records = [JournalRecord(new_request_id(), Method.REFUND, 0, b"body") for _ in range(3)]
    for record in (*records, records[0]):
        journal.remember(record)
    journal.settled(records[1].request_id)
    journal.settled(new_request_id())
    assert (records[0], records[2]) == journal.open_requests()


def test_a_void_names_a_purchase_by_the_request_id_of_its_sale() -> None:
    """The reference reaches the wire, with the terminal that a concentrator names."""
    from tillgate.v1.purchase_service_pb2 import VoidRequest

    request_id = new_request_id()
    request = Preparing().prepare_void(ByRequestId(request_id), desk=Desk(terminal_id=9))
    message = VoidRequest.FromString(request.body)
    assert (str(request_id), 9) == (message.purchase.request_id, message.header.terminal_id)


def test_options_that_do_not_exist_are_refused() -> None:
    """A misspelt option must not be silently left out of a purchase."""
    with pytest.raises(TypeError, match="accept_partail"):
        Preparing().prepare_sale(HOLDER, MILK_AND_BEER, accept_partail=True)  # type: ignore[call-arg]
