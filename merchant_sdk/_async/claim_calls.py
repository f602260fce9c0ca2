"""What a head office asks and says of its claims."""

from collections.abc import AsyncIterator, Sequence
from datetime import date

from merchant_sdk import claims
from merchant_sdk._async.goods_calls import Reads
from merchant_sdk.claims import (
    Claim,
    ClaimDetails,
    ClaimLine,
    ClaimOperation,
    Document,
    DocumentParts,
    Objection,
    Receivable,
)
from merchant_sdk.enums import ClaimDocument
from merchant_sdk.methods import ClaimMethod
from tillgate.v1 import claim_service_pb2 as pb


class ClaimCalls(Reads):
    """Claims of the merchant. A till's key is refused: PermissionDeniedError (CLAIMS_NOT_FOR_TILLS)."""

    async def list_claims(self, *, page_size: int = 0) -> AsyncIterator[Claim]:
        """All claims of the merchant, the newest period first, page by page as they are asked for."""
        request = pb.ListClaimsRequest(page_size=page_size)
        while True:
            response = await self._read(ClaimMethod.LIST_CLAIMS, request, None)
            for one in response.claims:
                yield claims.claim_of(one)
            request.page_token = response.next_page_token
            if not request.page_token:
                return

    async def claim(self, claim_id: int, *, timeout_s: float | None = None) -> ClaimDetails:
        """A claim with its subtotals, steps and terms. Raises NotFoundError (CLAIM_UNKNOWN)."""
        request = pb.GetClaimRequest(claim_id=claim_id)
        return claims.details_of(await self._read(ClaimMethod.GET_CLAIM, request, timeout_s))

    async def claim_lines(self, claim_id: int, *, page_size: int = 0) -> AsyncIterator[ClaimLine]:
        """The lines of a claim in its own order. Raises NotFoundError (CLAIM_UNKNOWN)."""
        request = pb.ListClaimLinesRequest(claim_id=claim_id, page_size=page_size)
        while True:
            response = await self._read(ClaimMethod.LIST_CLAIM_LINES, request, None)
            for one in response.lines:
                yield claims.line_of(one)
            request.page_token = response.next_page_token
            if not request.page_token:
                return

    async def claim_document(
        self, claim_id: int, document: ClaimDocument, *, timeout_s: float | None = None
    ) -> Document:
        """A document of a claim, whole and checked; `timeout_s` is for each part of 1 MiB.

        Raises NotFoundError (CLAIM_UNKNOWN) and ClaimDocumentMismatchError.
        """
        request = claims.download_message(claim_id, document)
        parts = DocumentParts()
        while True:
            response = await self._read(ClaimMethod.DOWNLOAD_CLAIM_DOCUMENT, request, timeout_s)
            request.offset = parts.take(response)
            if not request.offset:
                return parts.whole()

    async def sign_claim(
        self,
        claim_id: int,
        *,
        qualified_signature: bytes | None = None,
        paper_scan: bytes | None = None,
        power_of_attorney: bytes = b"",
        timeout_s: float | None = None,
    ) -> str:
        """Sign a filed claim; its agreement tells whether by signature or on paper. Returns how it stands.

        `qualified_signature` is a detached CMS over the content of ClaimDocument.SEAL, `paper_scan` a PDF,
        PNG or JPEG; `power_of_attorney` the XML of whoever signs for the head. The same twice is one.
        Raises NotFoundError (CLAIM_UNKNOWN), and RefusedError that says what is wrong with the signature.
        """
        request = claims.sign_message(claim_id, qualified_signature, paper_scan, power_of_attorney)
        response = await self._read(ClaimMethod.SIGN_CLAIM, request, timeout_s)
        return str(response.signature_state)

    async def object_to_claim(
        self,
        claim_id: int,
        text: str,
        *,
        line_numbers: Sequence[int] = (),
        timeout_s: float | None = None,
    ) -> Objection:
        """Object to a decision, on some lines or on all that were refused; the same twice is one objection.

        Raises NotFoundError (CLAIM_UNKNOWN) and RefusedError.
        """
        request = claims.objection_message(claim_id, text, line_numbers)
        response = await self._read(ClaimMethod.OBJECT_TO_CLAIM, request, timeout_s)
        return Objection(response.objection_id, date.fromisoformat(response.answer_due_on))

    async def list_claim_operations(self, *, page_size: int = 0) -> AsyncIterator[ClaimOperation]:
        """Every operation that is owed and where it stands, the oldest first."""
        request = pb.ListClaimOperationsRequest(page_size=page_size)
        while True:
            response = await self._read(ClaimMethod.LIST_CLAIM_OPERATIONS, request, None)
            for one in response.operations:
                yield claims.operation_of(one)
            request.page_token = response.next_page_token
            if not request.page_token:
                return

    async def receivables(self, *, timeout_s: float | None = None) -> tuple[Receivable, ...]:
        """What is owed by outlet and age."""
        request = pb.GetReceivablesRequest()
        return claims.receivables_of(await self._read(ClaimMethod.GET_RECEIVABLES, request, timeout_s))
