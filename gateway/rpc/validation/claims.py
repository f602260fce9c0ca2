"""What a head office may ask and say of claims: the shape of each request, before settlement is asked."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.domain.reasons import Reason
from gateway.rpc.validation.findings import Findings
from gateway.rpc.validation.listing import read_page_size
from tillgate.v1 import claim_service_pb2 as wire

OBJECTION_MAX_CHARS: Final = 4_000
OBJECTION_LINES_MAX: Final = 10_000

_NOT_SET: Final = ("не заполнено", "not set")


def check_claims_request(name: str, request: Any) -> None:
    """Raise InvalidRequestError that names what is wrong with the request of a method."""
    findings = Findings()
    _CHECKS[name](request, findings)
    findings.settle()


def _listing(request: wire.ListClaimsRequest | wire.ListClaimOperationsRequest, findings: Findings) -> None:
    read_page_size(request.page_size, findings)


def _lines(request: wire.ListClaimLinesRequest, findings: Findings) -> None:
    _claim(request, findings)
    read_page_size(request.page_size, findings)


def _claim(
    request: wire.GetClaimRequest
    | wire.ListClaimLinesRequest
    | wire.DownloadClaimDocumentRequest
    | wire.SignClaimRequest
    | wire.ObjectToClaimRequest,
    findings: Findings,
) -> None:
    if not request.claim_id:
        findings.add(Reason.FIELD_MISSING, "claim_id", *_NOT_SET)
    elif request.claim_id < 0:
        findings.add(Reason.FIELD_INVALID, "claim_id", "меньше нуля", "below zero")


def _document(request: wire.DownloadClaimDocumentRequest, findings: Findings) -> None:
    _claim(request, findings)
    if not request.document:
        findings.add(Reason.FIELD_MISSING, "document", *_NOT_SET)
    elif request.document not in wire.ClaimDocument.values():
        findings.add(Reason.FIELD_INVALID, "document", "такого документа нет", "there is no such document")
    if request.offset < 0:
        findings.add(Reason.FIELD_INVALID, "offset", "меньше нуля", "below zero")


def _signing(request: wire.SignClaimRequest, findings: Findings) -> None:
    _claim(request, findings)
    form = request.WhichOneof("form")
    if form is None or not getattr(request, form):
        findings.add(Reason.FIELD_MISSING, "form", "нет ни подписи, ни скана", "neither signature nor scan")
    if form == "paper_scan" and request.power_of_attorney:
        ru, en = "доверенность к скану не прикладывается", "goes with a qualified signature only"
        findings.add(Reason.FIELD_INVALID, "power_of_attorney", ru, en)


def _objection(request: wire.ObjectToClaimRequest, findings: Findings) -> None:
    _claim(request, findings)
    if not request.text.strip():
        findings.add(Reason.FIELD_MISSING, "text", *_NOT_SET)
    elif len(request.text) > OBJECTION_MAX_CHARS:
        ru, en = f"можно {OBJECTION_MAX_CHARS} символов", f"over {OBJECTION_MAX_CHARS} characters"
        findings.add(Reason.TEXT_INVALID, "text", ru, en)
    if len(request.line_numbers) > OBJECTION_LINES_MAX:
        ru, en = f"можно {OBJECTION_LINES_MAX} строк", f"over {OBJECTION_LINES_MAX} lines"
        findings.add(Reason.TOO_MANY_LINES, "line_numbers", ru, en)
    for place, number in enumerate(request.line_numbers[:OBJECTION_LINES_MAX]):
        if number < 1:
            findings.add(Reason.FIELD_INVALID, f"line_numbers[{place}]", "нумерация с 1", "counted from 1")


def _nothing(_: wire.GetReceivablesRequest, __: Findings) -> None:
    """Nothing is asked with."""


_CHECKS: Final[Mapping[str, Callable[[Any, Findings], None]]] = {
    "ListClaims": _listing,
    "GetClaim": _claim,
    "ListClaimLines": _lines,
    "DownloadClaimDocument": _document,
    "SignClaim": _signing,
    "ObjectToClaim": _objection,
    "ListClaimOperations": _listing,
    "GetReceivables": _nothing,
}
