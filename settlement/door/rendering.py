"""Claims as they travel: the messages of ClaimService."""

from datetime import date, datetime
from typing import cast

from google.protobuf.timestamp_pb2 import Timestamp

from settlement.claims.model import ClaimLine, Subtotal
from settlement.claims.reading import StepTaken
from settlement.claims.states import ClaimState
from settlement.ledger_reader.own_claims import OwnClaim
from settlement.reports.feed import Operation
from settlement.reports.receivables import Owed
from settlement.review.deadlines import Due
from settlement.review.objections import Objection
from tillgate.v1 import claim_service_pb2 as wire


def instant_message(instant: datetime) -> Timestamp:
    """An aware instant."""
    message = Timestamp()
    message.FromDatetime(instant)
    return message


def state_on_wire(state: ClaimState) -> wire.ClaimState:
    """A state on the wire: names are the same there."""
    return cast("wire.ClaimState", wire.ClaimState.Value(f"CLAIM_STATE_{state.name}"))


def claim_message(claim: OwnClaim) -> wire.Claim:
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


def event_message(step: StepTaken) -> wire.ClaimEvent:
    """A step; who took it is the department's affair."""
    return wire.ClaimEvent(
        step=step.step,
        state=state_on_wire(step.state),
        made_at=instant_message(step.made_at),
        reason=step.reason,
    )


def term_message(due: Due, today: date) -> wire.ClaimTerm:
    """A term that runs, as of a day of Moscow."""
    return wire.ClaimTerm(kind=due.duty, due_on=due.day.isoformat(), is_missed=due.day < today)


def objection_message(objection: Objection) -> wire.ClaimObjection:
    """An objection with its answer; who answered is the department's affair."""
    message = wire.ClaimObjection(
        objection_id=objection.id,
        line_numbers=objection.line_numbers,
        text=objection.text,
        made_at=instant_message(objection.made_at),
        answer_due_on=objection.answer_by.isoformat(),
        state=objection.state,
        answer=objection.answer,
    )
    if objection.answered_at is not None:
        message.answered_at.FromDatetime(objection.answered_at)
    return message


def operation_message(operation: Operation) -> wire.ClaimOperation:
    """An operation and where it stands."""
    return wire.ClaimOperation(
        operation_id=str(operation.operation_id),
        purchase_id=str(operation.purchase_id),
        program_code=operation.program_code,
        kind=operation.kind,
        decided_at=instant_message(operation.decided_at),
        sale_date=operation.sale_date.isoformat(),
        outlet_id=operation.outlet_id,
        terminal_id=operation.terminal_id,
        amount_kopecks=operation.amount_kopecks,
        standing=operation.standing,
        claim_id=operation.claim_id or 0,
        mismatches=operation.mismatches,
        reason=operation.reason,
    )


def receivable_message(owed: Owed) -> wire.Receivable:
    """What is owed for an outlet and age."""
    return wire.Receivable(
        outlet_id=owed.outlet_id,
        age=owed.age,
        unmatched_kopecks=owed.unmatched_kopecks,
        unclaimed_kopecks=owed.unclaimed_kopecks,
        carried_kopecks=owed.carried_kopecks,
        under_review_kopecks=owed.under_review_kopecks,
        approved_kopecks=owed.approved_kopecks,
        refused_kopecks=owed.refused_kopecks,
        paid_kopecks=owed.paid_kopecks,
        demanded_kopecks=owed.demanded_kopecks,
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
