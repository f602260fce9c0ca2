"""The methods of GoodsService, from a parsed message to its answer; nothing of gRPC here."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import asyncpg
from google.protobuf.message import Message

from gateway.domain.commands import Origin
from gateway.domain.judging import GoodsUnavailableError
from gateway.domain.reasons import Reason
from gateway.goods.cases.subjects import SubjectKind
from gateway.goods.cases.submissions import (
    Submission,
    SubmissionState,
    TooManyWaitingError,
    list_submissions,
    submit,
)
from gateway.goods.explaining import Explanation, explain, trace_lines
from gateway.goods.sources import GoodsAt
from gateway.ledger.answers import CommandError
from gateway.registry.snapshot import ClientIdentity
from gateway.rpc.methods import Arrived, Call, Method, as_read
from gateway.rpc.notices import LINE_NOTICES
from gateway.rpc.page_tokens import decode_page_token, encode_page_token
from gateway.rpc.render import LINE_REASONS_ON_WIRE
from gateway.rpc.validation import goods as validation
from tillgate.v1 import goods_service_pb2 as wire
from tillgate.v1 import purchase_pb2 as purchase_wire

_STATES: Final = {
    SubmissionState.SUBMITTED: wire.SUBMISSION_STATE_SUBMITTED,
    SubmissionState.CONFIRMED: wire.SUBMISSION_STATE_CONFIRMED,
    SubmissionState.REFUSED: wire.SUBMISSION_STATE_REFUSED,
}
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


class GoodsMethods:
    """Answers every method of GoodsService; `table` holds them by name.

    The merchant is that of the client's certificate, whatever a message says.
    """

    def __init__(
        self,
        connect: Callable[[], AbstractAsyncContextManager[asyncpg.Connection]],
        goods_at: Callable[[datetime], GoodsAt],
        waiting_max: int = 0,
    ) -> None:
        self._connect = connect
        self._goods_at = goods_at
        self._waiting_max = waiting_max
        self.table: Mapping[str, Method] = {
            "SubmitGoods": Method(wire.SubmitGoodsRequest, self._submit, as_read),
            "ListSubmittedGoods": Method(wire.ListSubmittedGoodsRequest, self._list, as_read),
            "ExplainLine": Method(wire.ExplainLineRequest, self._explain, as_read),
        }

    async def _submit(self, arrived: Arrived, call: Call) -> Message:
        request, client = arrived()
        call.origin = _origin(client)
        items = validation.read_submit_goods(request)
        try:
            async with self._connect() as connection:
                submitted = await submit(connection, client.merchant_id, items, waiting_max=self._waiting_max)
        except TooManyWaitingError:
            raise CommandError(Reason.TOO_MANY_SUBMISSIONS, "items") from None
        return wire.SubmitGoodsResponse(submissions=[_wire(one) for one in submitted])

    async def _list(self, arrived: Arrived, call: Call) -> Message:
        request, client = arrived()
        call.origin = _origin(client)
        wanted = validation.read_list_submitted(request)
        listing = _listing(wanted.state)
        after_id = 0
        if request.page_token:
            after_id = decode_page_token(request.page_token, client.merchant_id, listing)[1].int
        async with self._connect() as connection:
            found = await list_submissions(
                connection,
                merchant_id=client.merchant_id,
                state=wanted.state,
                after_id=after_id,
                limit=wanted.size + 1,
            )
        token = ""
        if len(found) > wanted.size:
            found = found[: wanted.size]
            token = encode_page_token((_BEGINNING, UUID(int=found[-1].id)), client.merchant_id, listing)
        return wire.ListSubmittedGoodsResponse(
            submissions=[_wire(one) for one in found], next_page_token=token
        )

    async def _explain(self, arrived: Arrived, call: Call) -> Message:
        request, client = arrived()
        call.origin = _origin(client)
        line = validation.read_explain_line(request)
        async with self._connect() as connection:
            now = await connection.fetchval("SELECT tillgate_now()")
        try:
            goods = self._goods_at(now)
        except GoodsUnavailableError:
            raise CommandError(Reason.UNAVAILABLE) from None
        [judged] = goods.judge([line], client.merchant_id)
        call.reason = judged.verdict.reason.name
        return _explained(explain(judged, goods.edition, goods.trace(line, judged)), now)


def _origin(client: ClientIdentity) -> Origin:
    """Who asks, for the log: goods are the merchant's, not a terminal's."""
    return Origin(client.merchant_id, 0, client.terminal_id or 0, client.concentrator_id)


def _listing(state: SubmissionState | None) -> Sequence[int]:
    """What binds a cursor to its listing, where others name terminals, which are never negative."""
    return (-1, 0 if state is None else _STATES[state])


def _wire(one: Submission) -> wire.GoodsSubmission:
    item = one.item
    is_gtin = item.kind is SubjectKind.GTIN
    return wire.GoodsSubmission(
        submission_id=one.id,
        item=wire.SubmittedItem(
            gtin=item.key if is_gtin else "",
            item_code="" if is_gtin else item.key,
            item_name=item.name,
            okpd2=item.okpd2,
        ),
        state=_STATES[one.state],
        submitted_at=one.submitted_at,
        decided_at=one.decided_at,
        confirmed_okpd2=one.confirmed_okpd2,
        refusal=one.because,
    )


def _explained(found: Explanation, now: datetime) -> wire.ExplainLineResponse:
    notice = purchase_wire.Notice()
    notice.CopyFrom(LINE_NOTICES[found.reason])
    notice.cashier_ru, notice.cashier_en = found.cashier_ru, found.cashier_en
    return wire.ExplainLineResponse(
        explained_at=now,
        reason=LINE_REASONS_ON_WIRE[found.reason],
        notice=notice,
        okpd2=found.okpd2,
        evidence_source=found.source,
        rule_id=found.rule_id,
        rule_title_ru=found.rule_title_ru,
        list_version=found.list_version,
        class_map_version=found.class_map_version,
        goods_classes=found.classes,
        review=found.review,
        sources=[
            wire.ExplainedSource(
                source=step.source,
                okpd2=step.okpd2,
                version=step.version,
                rule_id=step.rule_id,
                rule_title_ru=step.rule_title_ru,
                is_denied=step.is_denied,
                is_too_coarse=step.is_too_coarse,
                goods_classes=step.classes,
                denied_ppm=step.denied_ppm,
                has_decided=step.has_decided,
            )
            for step in found.steps
        ],
        trace_ru=trace_lines(found, russian=True),
        trace_en=trace_lines(found, russian=False),
    )
