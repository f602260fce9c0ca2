"""Goods that a merchant submits ahead of selling them, and what became of them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from merchant_sdk.enums import SubmissionState
from merchant_sdk.from_wire import instant, instant_if_any
from tillgate.v1 import goods_service_pb2 as pb


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsItem:
    """Goods by a GTIN in trade, or by the merchant's own code as its tills send it; one of both is set.

    `okpd2` is what the merchant takes them for, empty if it does not know.
    """

    item_name: str
    gtin: str = ""
    item_code: str = ""
    okpd2: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsSubmission:
    """A submission as it stands. The GTIN of `item` has 14 digits.

    Once confirmed, `confirmed_okpd2` says what the goods are, be it what was declared or not; once refused,
    `refusal` says why.
    """

    submission_id: int
    item: GoodsItem
    state: SubmissionState
    submitted_at: datetime
    decided_at: datetime | None
    confirmed_okpd2: str
    refusal: str


@dataclass(frozen=True, slots=True)
class SubmissionPage:
    """Some submissions in the order in which they came; `next_page_token` is empty at the end."""

    submissions: Sequence[GoodsSubmission]
    next_page_token: str


def submit_message(items: Iterable[GoodsItem]) -> pb.SubmitGoodsRequest:
    """What submits some items."""
    return pb.SubmitGoodsRequest(items=[pb.SubmittedItem(**asdict(item)) for item in items])


def listing_message(state: SubmissionState, page_size: int, page_token: str) -> pb.ListSubmittedGoodsRequest:
    """What asks for a page of submissions."""
    return pb.ListSubmittedGoodsRequest(
        state=f"SUBMISSION_STATE_{state.name}", page_size=page_size, page_token=page_token
    )


def submissions(
    message: pb.SubmitGoodsResponse | pb.ListSubmittedGoodsResponse,
) -> tuple[GoodsSubmission, ...]:
    """The submissions of an answer."""
    return tuple(map(_submission, message.submissions))


def _submission(message: pb.GoodsSubmission) -> GoodsSubmission:
    item = message.item
    return GoodsSubmission(
        submission_id=message.submission_id,
        item=GoodsItem(gtin=item.gtin, item_code=item.item_code, item_name=item.item_name, okpd2=item.okpd2),
        state=SubmissionState(message.state),
        submitted_at=instant(message.submitted_at),
        decided_at=instant_if_any(message.decided_at),
        confirmed_okpd2=message.confirmed_okpd2,
        refusal=message.refusal,
    )
