"""Goods as a merchant may submit them: which items pass, and which finding names the others."""

from typing import Any

import pytest

from gateway.domain.reasons import Reason
from gateway.goods.cases.subjects import SubjectKind
from gateway.goods.cases.submissions import GoodsItem, SubmissionState
from gateway.rpc.validation.findings import InvalidRequestError
from gateway.rpc.validation.goods import ITEMS_MAX, read_list_submitted, read_submit_goods
from tillgate.v1 import goods_service_pb2 as wire

OWN = wire.SubmittedItem(item_name="Сырники", item_code="70012", okpd2="10.85.19")


@pytest.mark.parametrize(
    ("item", "reason", "named"),
    [
        ({"item_name": "", "item_code": "1"}, Reason.FIELD_MISSING, "item_name"),
        ({"item_name": "  ", "item_code": "1"}, Reason.FIELD_MISSING, "item_name"),
        ({"item_name": "Я" * 129, "item_code": "1"}, Reason.TEXT_INVALID, "item_name"),
        ({"item_name": "Сыр\n", "item_code": "1"}, Reason.TEXT_INVALID, "item_name"),
        ({"item_name": "Сыр"}, Reason.FIELD_MISSING, "gtin"),
        ({"item_name": "Сыр", "item_code": " "}, Reason.FIELD_MISSING, "gtin"),
        ({"item_name": "Сыр", "item_code": "1" * 129}, Reason.TEXT_INVALID, "item_code"),
        ({"item_name": "Сыр", "item_code": "1", "gtin": "4006381333931"}, Reason.FIELD_INVALID, "item_code"),
        ({"item_name": "Сыр", "gtin": "4006381333932"}, Reason.CHECK_DIGIT_WRONG, "gtin"),
        ({"item_name": "Сыр", "gtin": "400638133393"}, Reason.CHECK_DIGIT_WRONG, "gtin"),
        ({"item_name": "Сыр", "gtin": "12345"}, Reason.FIELD_INVALID, "gtin"),
        ({"item_name": "Сыр", "gtin": "2000000000015"}, Reason.FIELD_INVALID, "gtin"),
        ({"item_name": "Сыр", "item_code": "1", "okpd2": "сыр"}, Reason.OKPD2_INVALID, "okpd2"),
    ],
)
def test_a_wrong_item_is_named_by_its_place_and_field(
    item: dict[str, Any], reason: Reason, named: str
) -> None:
    """Among others that are right."""
    with pytest.raises(InvalidRequestError) as refused:
        read_submit_goods(wire.SubmitGoodsRequest(items=[OWN, wire.SubmittedItem(**item)]))
    assert [(reason, f"items[1].{named}")] == [(v.reason, v.field) for v in refused.value.violations]


@pytest.mark.parametrize(
    ("count", "reason"), [(0, Reason.FIELD_MISSING), (ITEMS_MAX + 1, Reason.TOO_MANY_LINES)]
)
def test_a_message_has_some_items_and_not_too_many(count: int, reason: Reason) -> None:
    """1 to ITEMS_MAX."""
    with pytest.raises(InvalidRequestError) as refused:
        read_submit_goods(wire.SubmitGoodsRequest(items=[OWN] * count))
    assert (reason, "items") == (refused.value.reason, refused.value.field)


@pytest.mark.parametrize("gtin", ["4006381333931", "04006381333931"])
def test_a_gtin_is_taken_with_14_digits(gtin: str) -> None:
    """However the merchant writes it, so that it is submitted once."""
    [item] = read_submit_goods(
        wire.SubmitGoodsRequest(items=[wire.SubmittedItem(item_name="Маркер", gtin=gtin)])
    )
    assert GoodsItem(SubjectKind.GTIN, "04006381333931", "Маркер", "") == item


def test_a_listing_has_a_state_of_the_wire_and_a_size_within_bounds() -> None:
    """Any state if none is named; a number that is none is refused by name."""
    refused = wire.ListSubmittedGoodsRequest(state=wire.SUBMISSION_STATE_REFUSED, page_size=7)
    assert (7, SubmissionState.REFUSED) == (
        read_list_submitted(refused).size,
        read_list_submitted(refused).state,
    )
    assert read_list_submitted(wire.ListSubmittedGoodsRequest()).state is None
    with pytest.raises(InvalidRequestError) as error:
        read_list_submitted(wire.ListSubmittedGoodsRequest(state=99, page_size=501))  # type: ignore[arg-type]
    assert ["page_size", "state"] == [found.field for found in error.value.violations]
