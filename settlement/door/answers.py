"""The answers of ClaimService. A merchant is answered about its own claims; another's are unknown to it."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import asyncpg
from google.protobuf.message import Message

from gateway.domain.policy import moscow_date
from gateway.domain.settlement_terms import SignatureForm
from gateway.record.words import Actor
from settlement.claims.reading import claim_page, steps_of, subtotals_of
from settlement.documents.shelf import Document, part_of
from settlement.door.errors import DoorCode
from settlement.door.rendering import (
    claim_message,
    event_message,
    line_message,
    objection_message,
    operation_message,
    receivable_message,
    subtotal_message,
    term_message,
)
from settlement.errors import SettlementError
from settlement.ledger_reader.own_claims import OwnClaim, own_claims
from settlement.matching.statement import MATCHES
from settlement.reports.feed import operations_feed
from settlement.reports.receivables import receivables_of
from settlement.review.objections import object_to, objections_of
from settlement.review.reminders import running
from settlement.signing.keeping import signature_state, take_signature
from settlement.signing.seal import read_seal
from tillgate.v1 import claim_service_pb2 as wire

Connect = Callable[[], AbstractAsyncContextManager[asyncpg.Connection]]
Answer = Callable[[Any, int, int], Awaitable[Message]]

PAGE_SIZE: Final = 100
SEAL_FILE: Final = "claim-{id}.seal.txt"


@dataclass(frozen=True)
class ClaimAnswers:
    """Answers a head office: `read` connects as the role that only reads, `write` as the gateway's own.

    `table` has the functions by method; each takes the request, the merchant and the concentrator that asks.
    """

    read: Connect
    write: Connect

    @property
    def table(self) -> Mapping[str, Answer]:
        """What is answered, by the names of ClaimService's methods."""
        return {
            "ListClaims": self._list,
            "GetClaim": self._get,
            "ListClaimLines": self._lines,
            "DownloadClaimDocument": self._document,
            "SignClaim": self._sign,
            "ObjectToClaim": self._object,
            "ListClaimOperations": self._operations,
            "GetReceivables": self._receivables,
        }

    async def _list(self, request: wire.ListClaimsRequest, merchant_id: int, _: int) -> Message:
        size = request.page_size or PAGE_SIZE
        before = _number(request.page_token) if request.page_token else None
        async with self.read() as connection:
            found = await own_claims(connection, merchant_id, before_id=before, limit=size + 1)
        token = str(found[size - 1].id) if len(found) > size else ""
        return wire.ListClaimsResponse(
            claims=[claim_message(one) for one in found[:size]], next_page_token=token
        )

    async def _get(self, request: wire.GetClaimRequest, merchant_id: int, _: int) -> Message:
        async with self.read() as connection:
            claim = await _own(connection, request.claim_id, merchant_id)
            today = await _today(connection)
            return wire.GetClaimResponse(
                claim=claim_message(claim),
                subtotals=[subtotal_message(one) for one in await subtotals_of(connection, claim.id, "")],
                events=[event_message(one) for one in await steps_of(connection, claim.id)],
                terms=[term_message(one, today) for one in await running(connection, claim.id)],
                signature_state=await signature_state(connection, claim.id),
                objections=[objection_message(one) for one in await objections_of(connection, claim.id)],
            )

    async def _lines(self, request: wire.ListClaimLinesRequest, merchant_id: int, _: int) -> Message:
        size = request.page_size or PAGE_SIZE
        after = _number(request.page_token) if request.page_token else 0
        async with self.read() as connection:
            await _own(connection, request.claim_id, merchant_id)
            found = await claim_page(connection, request.claim_id, after, size + 1)
        token = str(found[size - 1].n) if len(found) > size else ""
        return wire.ListClaimLinesResponse(
            lines=[line_message(one) for one in found[:size]], next_page_token=token
        )

    async def _document(
        self, request: wire.DownloadClaimDocumentRequest, merchant_id: int, _: int
    ) -> Message:
        async with self.read() as connection:
            claim = await _own(connection, request.claim_id, merchant_id)
            if request.document == wire.CLAIM_DOCUMENT_SEAL:
                return await _seal(connection, claim.id)
            name = wire.ClaimDocument.Name(request.document).removeprefix("CLAIM_DOCUMENT_")
            part = await part_of(connection, claim.id, Document(name), request.offset)
        if part is None:
            raise SettlementError(DoorCode.DOCUMENT_NOT_READY, claim_id=claim.id)
        end = request.offset + len(part.content)
        return wire.DownloadClaimDocumentResponse(
            content=part.content,
            total_bytes=part.total_bytes,
            sha256=part.sha256,
            next_offset=end if end < part.total_bytes else 0,
            file_name=part.file_name,
        )

    async def _sign(self, request: wire.SignClaimRequest, merchant_id: int, concentrator_id: int) -> Message:
        is_paper = request.WhichOneof("form") == "paper_scan"
        content = request.paper_scan if is_paper else request.qualified_signature
        async with self.write() as connection, connection.transaction():
            claim = await _own(connection, request.claim_id, merchant_id)
            signature = await take_signature(
                connection,
                claim.id,
                content,
                form=SignatureForm.PAPER if is_paper else SignatureForm.QUALIFIED,
                authority=request.power_of_attorney or None,
                by=_office(concentrator_id),
            )
        return wire.SignClaimResponse(signature_state=f"SIGNATURE_{signature.answer.value}")

    async def _object(
        self, request: wire.ObjectToClaimRequest, merchant_id: int, concentrator_id: int
    ) -> Message:
        async with self.write() as connection, connection.transaction():
            claim = await _own(connection, request.claim_id, merchant_id)
            made = await object_to(
                connection,
                claim.id,
                request.text,
                line_numbers=request.line_numbers,
                by=_office(concentrator_id),
            )
        return wire.ObjectToClaimResponse(objection_id=made.id, answer_due_on=made.answer_by.isoformat())

    async def _operations(
        self, request: wire.ListClaimOperationsRequest, merchant_id: int, _: int
    ) -> Message:
        size = request.page_size or PAGE_SIZE
        async with self.read() as connection:
            page = await operations_feed(
                connection, merchant_id, MATCHES, token=request.page_token, limit=size
            )
        return wire.ListClaimOperationsResponse(
            operations=[operation_message(one) for one in page.operations], next_page_token=page.next_token
        )

    async def _receivables(self, _: wire.GetReceivablesRequest, merchant_id: int, __: int) -> Message:
        async with self.read() as connection, connection.transaction(readonly=True):
            now: datetime = await connection.fetchval("SELECT tillgate_now()")
            owed = await receivables_of(connection, merchant_id, MATCHES, moscow_date(now))
        response = wire.GetReceivablesResponse(receivables=[receivable_message(one) for one in owed])
        response.read_at.FromDatetime(now)
        return response


async def _own(connection: asyncpg.Connection, claim_id: int, merchant_id: int) -> OwnClaim:
    """A claim of this merchant; raises SettlementError CLAIM_UNKNOWN, for another's just so."""
    found = await own_claims(connection, merchant_id, claim_id=claim_id)
    if not found:
        raise SettlementError(DoorCode.CLAIM_UNKNOWN, claim_id=claim_id)
    return found[0]


async def _seal(connection: asyncpg.Connection, claim_id: int) -> Message:
    seal = await read_seal(connection, claim_id)
    if seal is None:
        raise SettlementError(DoorCode.DOCUMENT_NOT_READY, claim_id=claim_id)
    content = seal.statement.encode()
    return wire.DownloadClaimDocumentResponse(
        content=content,
        total_bytes=len(content),
        sha256=sha256(content).digest(),
        file_name=SEAL_FILE.format(id=claim_id),
    )


async def _today(connection: asyncpg.Connection) -> Any:
    return moscow_date(await connection.fetchval("SELECT tillgate_now()"))


def _office(concentrator_id: int) -> Actor:
    """Whom history and audit log name: the head office's concentrator."""
    return Actor.system(f"concentrator {concentrator_id}")


def _number(token: str) -> int:
    if not (token.isascii() and token.isdigit() and len(token) <= 18):
        raise SettlementError(DoorCode.PAGE_TOKEN_INVALID)
    return int(token)
