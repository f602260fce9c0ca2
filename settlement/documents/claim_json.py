"""The claim as JSON, written line by line; `schemas/claim-1.json` is its schema."""

from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any, BinaryIO, Final

import msgspec
from msgspec import Struct

from gateway.domain.settlement_terms import Evidence
from settlement.claims.model import Claim, ClaimLine
from settlement.documents.rows import Details, LineDetails, Summary

FORMAT: Final = "tillgate-claim-1"

_encode = msgspec.json.Encoder(order="deterministic").encode
_NO_DETAILS: Final = LineDetails()


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the format."""
    text = (resources.files("settlement.documents") / "schemas" / "claim-1.json").read_bytes()
    decoded: dict[str, Any] = msgspec.json.decode(text)
    return decoded


class JsonClaim:
    """Writes the claim's lines as they come, and all else at the end."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._between = b""
        out.write(b'{"format":%s,"lines":[\n' % _encode(FORMAT))

    def write(self, lines: Sequence[ClaimLine], details: Details) -> None:
        """Write the next lines."""
        for line in lines:
            more = details.get((line.operation_id, line.program_code), _NO_DETAILS)
            self._out.write(self._between + _encode(_line(line, more)))
            self._between = b",\n"

    def finish(self, summary: Summary) -> None:
        """Write the claim, its seals and its control sum."""
        seals = [
            {"day": one.day, "root": _hex(one.root), "hash": _hex(one.hash), "key_id": one.key_id or None}
            for one in summary.seals
        ]
        self._out.write(b'\n],\n"claim":' + _encode(_head(summary.claim)))
        self._out.write(b',\n"seals":' + _encode(seals))
        self._out.write(b',\n"control_sum":%s}\n' % _encode(summary.control_sum))


class ReadClaim(Struct, frozen=True):
    """A claim as its JSON tells it, without terms; `control_sum` is the one that is said."""

    claim: Claim
    control_sum: str


def read_lines(file: BinaryIO) -> Iterator[ClaimLine]:
    """The lines of a claim's JSON, one after another; `read_head` goes on behind them.

    Raises ValueError unless it is laid out as it is written here.
    """
    if file.readline() != b'{"format":%s,"lines":[\n' % _encode(FORMAT):
        raise ValueError("it is no claim of this format")
    while (text := file.readline()).rstrip() != b"],":
        if not text:
            raise ValueError("it ends amid the lines")
        yield _read_line(msgspec.json.decode(text.rstrip().removesuffix(b",")))


def read_head(file: BinaryIO) -> ReadClaim:
    """The claim behind its lines; raises ValueError."""
    said = msgspec.json.decode(b"{" + file.read())
    try:
        told = said["claim"]
        of = told["agreement"]
        fields = {name: told[name] for name in Claim.__struct_fields__ if name in told} | {
            "agreement_id": of["id"],
            "agreement_number": of["number"],
            "agreement_signed_on": of["signed_on"],
            "terms": {},
            "lines_sha256": bytes.fromhex(told["lines_sha256"]),
        }
        return ReadClaim(msgspec.convert(fields, Claim), str(said["control_sum"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"a field of the claim is missing or of another kind: {error}") from error


def _read_line(told: dict[str, Any]) -> ClaimLine:
    try:
        receipt = told["receipt"]
        fields = told | {
            "evidence": Evidence[told["evidence"]],
            "receipt": receipt and (receipt["drive_number"], receipt["document_number"]),
        }
        return msgspec.convert(fields, ClaimLine)
    except (KeyError, TypeError) as error:
        raise ValueError(f"a field of a line is missing or of another kind: {error}") from error


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _line(line: ClaimLine, more: LineDetails) -> dict[str, object]:
    receipt = None
    if line.receipt is not None:
        drive_number, document_number = line.receipt
        receipt = {
            "drive_number": drive_number,
            "document_number": document_number,
            "fiscal_sign": more.fiscal_sign,
        }
    return {
        "n": line.n,
        "operation_id": line.operation_id,
        "program_code": line.program_code,
        "purchase_id": line.purchase_id,
        "kind": line.kind,
        "sale_date": line.sale_date,
        "decided_at": line.decided_at,
        "outlet_id": line.outlet_id,
        "terminal_id": line.terminal_id,
        "amount_kopecks": line.amount_kopecks,
        "treatment": line.treatment,
        "is_earlier": line.is_earlier,
        "mismatches": line.mismatches,
        "evidence": line.evidence.name,
        "receipt": receipt,
        "certificates": more.certificates,
        "original_operation_id": more.original_operation_id,
        "verdict": line.verdict,
        "verdict_reason": line.verdict_reason,
    }


def _head(claim: Claim) -> dict[str, object]:
    return {
        "id": claim.id,
        "agreement": {
            "id": claim.agreement_id,
            "number": claim.agreement_number,
            "signed_on": claim.agreement_signed_on,
        },
        "participant": claim.participant,
        "account": claim.account,
        "first_day": claim.first_day,
        "last_day": claim.last_day,
        "correction_number": claim.correction_number,
        "state": claim.state,
        "built_at": claim.built_at,
        "filed_at": claim.filed_at,
        "lines_sha256": claim.lines_sha256.hex(),
        "line_count": claim.line_count,
        "sale_kopecks": claim.sale_kopecks,
        "returned_kopecks": claim.returned_kopecks,
        "net_kopecks": claim.net_kopecks,
        "carried_kopecks": claim.carried_kopecks,
        "over_limit_kopecks": claim.over_limit_kopecks,
        "unmatched_kopecks": claim.unmatched_kopecks,
        "approved_kopecks": claim.approved_kopecks,
        "paid_kopecks": claim.paid_kopecks,
        "subtotals": [
            {**msgspec.structs.asdict(one), "net_kopecks": one.net_kopecks} for one in claim.subtotals
        ],
    }
