"""Claims as they travel: the messages of ClaimService."""

from datetime import datetime
from typing import cast

from google.protobuf.timestamp_pb2 import Timestamp

from settlement.claims.model import Claim, ClaimLine, Subtotal
from settlement.claims.states import ClaimState
from tillgate.v1 import claim_service_pb2 as wire


def instant_message(instant: datetime) -> Timestamp:
    """An aware instant."""
    message = Timestamp()
    message.FromDatetime(instant)
    return message


def state_on_wire(state: ClaimState) -> wire.ClaimState:
    """A state on the wire: names are the same there."""
    return cast("wire.ClaimState", wire.ClaimState.Value(f"CLAIM_STATE_{state.name}"))


def claim_message(claim: Claim) -> wire.Claim:
    """A claim without its lines."""
    return wire.Claim(
        claim_id=claim.id,
        agreement_number=claim.agreement_number,
        first_day=claim.first_day.isoformat(),
        last_day=claim.last_day.isoformat(),
        correction_number=claim.correction_number,
        state=state_on_wire(claim.state),
        built_at=instant_message(claim.built_at),
        filed_at=None if claim.filed_at is None else instant_message(claim.filed_at),
        lines_sha256=claim.lines_sha256,
        line_count=claim.line_count,
        sale_kopecks=claim.sale_kopecks,
        returned_kopecks=claim.returned_kopecks,
        carried_kopecks=claim.carried_kopecks,
        over_limit_kopecks=claim.over_limit_kopecks,
        unmatched_kopecks=claim.unmatched_kopecks,
        approved_kopecks=claim.approved_kopecks,
        paid_kopecks=claim.paid_kopecks,
    )


def subtotal_message(subtotal: Subtotal) -> wire.ClaimSubtotal:
    """A subtotal of an outlet and program."""
    return wire.ClaimSubtotal(
        outlet_id=subtotal.outlet_id,
        outlet_name=subtotal.outlet_name,
        program_code=subtotal.program_code,
        line_count=subtotal.line_count,
        sale_kopecks=subtotal.sale_kopecks,
        returned_kopecks=subtotal.returned_kopecks,
    )


def line_message(line: ClaimLine) -> wire.ClaimLine:
    """A line of a claim."""
    drive, document = line.receipt or ("", 0)
    return wire.ClaimLine(
        number=line.n,
        operation_id=str(line.operation_id),
        purchase_id=str(line.purchase_id),
        program_code=line.program_code,
        kind=line.kind,
        sale_date=line.sale_date.isoformat(),
        decided_at=instant_message(line.decided_at),
        outlet_id=line.outlet_id,
        terminal_id=line.terminal_id,
        amount_kopecks=line.amount_kopecks,
        treatment=line.treatment,
        mismatches=line.mismatches,
        verdict=line.verdict or "",
        verdict_reason=line.verdict_reason,
        fiscal_drive_number=drive,
        fiscal_document_number=document,
        is_earlier=line.is_earlier,
    )
