"""The methods of RecordService, from a parsed message to its answer; nothing of gRPC here."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from google.protobuf.message import Message

from gateway.domain.commands import Origin
from gateway.domain.reasons import Reason
from gateway.ledger.committer import Connect
from gateway.ledger.seals.leaves import Leaf
from gateway.ledger.seals.reading import DaySeal, leaves_page, merchants_of, part_of, seal_of
from gateway.registry.snapshot import ClientIdentity
from gateway.rpc.methods import Arrived, Call, Method, as_read
from gateway.rpc.page_tokens import decode_page_token, encode_page_token
from gateway.rpc.validation.findings import invalid
from gateway.rpc.validation.records import read_day
from tillgate.v1 import record_service_pb2 as wire

_PAGES_MAX: Final = 2**31 - 2
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


class RecordMethods:
    """Answers every method of RecordService; `table` holds them by name.

    The merchant is that of the client's certificate, whatever a message says.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self.table: Mapping[str, Method] = {
            "GetDaySeal": Method(wire.GetDaySealRequest, self._get, as_read),
            "ListDayLeaves": Method(wire.ListDayLeavesRequest, self._list, as_read),
        }

    async def _get(self, arrived: Arrived, call: Call) -> Message:
        request, client = arrived()
        call.origin = _origin(client)
        day = read_day(request)
        async with self._connect() as connection:
            seal = await seal_of(connection, day)
            merchants = await merchants_of(connection, day) if seal else []
        if seal is None:
            raise invalid(Reason.DAY_NOT_SEALED, "day")
        response = wire.GetDaySealResponse(seal=_seal(seal))
        # Thousands of hashes are milliseconds that the event loop's tills would feel.
        part = await asyncio.to_thread(part_of, merchants, client.merchant_id)
        if part is not None:
            response.merchant.merchant_id = part.merchant_id
            response.merchant.outcome_count = part.outcome_count
            response.merchant.root = part.root
            response.merchant.position = part.position
            response.merchant.path.extend(part.path)
        return response

    async def _list(self, arrived: Arrived, call: Call) -> Message:
        request, client = arrived()
        call.origin = _origin(client)
        day = read_day(request)
        listing, page = [day.toordinal()], 0
        if request.page_token:
            page = decode_page_token(request.page_token, client.merchant_id, listing)[1].int
            if page > _PAGES_MAX:
                raise invalid(Reason.PAGE_TOKEN_INVALID, "page_token")
        async with self._connect() as connection:
            seal = await seal_of(connection, day)
            found, has_more = await leaves_page(connection, day, client.merchant_id, page)
        if seal is None:
            raise invalid(Reason.DAY_NOT_SEALED, "day")
        token = ""
        if has_more:
            token = encode_page_token((_BEGINNING, UUID(int=page + 1)), client.merchant_id, listing)
        return wire.ListDayLeavesResponse(
            leaves=[_leaf(leaf, client) for leaf in found], next_page_token=token
        )


def _origin(client: ClientIdentity) -> Origin:
    return Origin(client.merchant_id, 0, client.terminal_id or 0, client.concentrator_id)


def _seal(seal: DaySeal) -> wire.DaySeal:
    return wire.DaySeal(statement=seal.statement.encode(), signature=seal.signature, key_id=seal.key_id)


def _leaf(leaf: Leaf, client: ClientIdentity) -> wire.DayLeaf:
    """With its request id where the caller may know it: by it a purchase is found."""
    if not client.may_speak_for(leaf.terminal_id):
        return wire.DayLeaf(hash=leaf.hash)
    return wire.DayLeaf(hash=leaf.hash, request_id=str(leaf.request_id), terminal_id=leaf.terminal_id)
