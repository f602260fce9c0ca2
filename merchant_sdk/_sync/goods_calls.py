# Generated from _async/goods_calls.py by `python -m merchant_sdk._generate_sync`; do not edit.
"""What a client asks without a journal: it changes no money, and may be asked again."""

import time
from collections.abc import Iterator
from typing import Any

from google.protobuf.message import Message

from merchant_sdk import goods
from merchant_sdk._sync.transport import Transport, chance
from merchant_sdk.configuration import Configuration
from merchant_sdk.enums import SubmissionState
from merchant_sdk.explanations import LineExplanation, line_explanation
from merchant_sdk.goods import GoodsItem, GoodsSubmission, SubmissionPage
from merchant_sdk.methods import AnyMethod, GoodsMethod
from merchant_sdk.requests import Body
from merchant_sdk.retries import Attempts, Budget
from tillgate.v1 import goods_service_pb2 as goods_pb


class Reads:
    """Single calls that leave nothing to be settled."""

    _transport: Transport
    _configuration: Configuration

    def _read(self, method: AnyMethod, message: Message, timeout_s: float | None) -> Any:
        with self._transport.in_use():
            attempts = self._attempts(method, timeout_s)
            return self._transport.call(method, Body(message.SerializeToString()), attempts, None)

    def _attempts(self, method: AnyMethod, timeout_s: float | None) -> Attempts:
        budget = Budget.start(method, self._configuration, time.monotonic(), timeout_s)
        return Attempts(method, self._configuration, budget.send_until, chance)


class GoodsCalls(Reads):
    """What a merchant asks and tells of its goods."""

    def submit_goods(self, *items: GoodsItem, timeout_s: float | None = None) -> tuple[GoodsSubmission, ...]:
        """Submit goods ahead of selling them, at most 200; all are taken, or none if one is wrong.

        One submission for each item, in their order; the same content again is the same submission.
        """
        message = goods.submit_message(items)
        return goods.submissions(self._read(GoodsMethod.SUBMIT_GOODS, message, timeout_s))

    def list_submitted_goods_page(
        self,
        *,
        state: SubmissionState = SubmissionState.UNSPECIFIED,
        page_token: str = "",
        page_size: int = 0,
        timeout_s: float | None = None,
    ) -> SubmissionPage:
        """One page of the merchant's submissions, in the order in which they came.

        UNSPECIFIED means any state; `page_size` is 1 to 500, 0 leaves it to the gateway.
        """
        message = goods.listing_message(state, page_size, page_token)
        response = self._read(GoodsMethod.LIST_SUBMITTED_GOODS, message, timeout_s)
        return SubmissionPage(goods.submissions(response), response.next_page_token)

    def list_submitted_goods(
        self, *, state: SubmissionState = SubmissionState.UNSPECIFIED, page_size: int = 0
    ) -> Iterator[GoodsSubmission]:
        """All of the merchant's submissions, page by page as they are asked for."""
        token = ""
        while True:
            page = self.list_submitted_goods_page(state=state, page_token=token, page_size=page_size)
            yield from page.submissions
            token = page.next_page_token
            if not token:
                return

    def explain_line(
        self,
        item_name: str = "",
        *,
        gtin: str = "",
        marking_code: str = "",
        item_code: str = "",
        okpd2: str = "",
        payment_subject: int = 0,
        timeout_s: float | None = None,
    ) -> LineExplanation:
        """Whether points may pay for goods of which a line says so much, and why; it decides nothing.

        Fields as in Line, one at least; before any certificate is looked at, whose program may pay less.
        """
        message = goods_pb.ExplainLineRequest(
            item_name=item_name,
            gtin=gtin,
            marking_code=marking_code,
            item_code=item_code,
            okpd2=okpd2,
            payment_subject=payment_subject,
        )
        return line_explanation(self._read(GoodsMethod.EXPLAIN_LINE, message, timeout_s))
