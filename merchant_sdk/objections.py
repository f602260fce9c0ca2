"""Objections to claims as they are answered: what was said, until when, and what the department says."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from tillgate.v1 import claim_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class ClaimObjection:
    """An objection and its answer; `state` is OPEN, UPHELD or DISMISSED.

    Without `line_numbers` it is about all that was refused.
    """

    objection_id: int
    line_numbers: tuple[int, ...]
    text: str
    made_at: datetime
    answer_due_on: date
    state: str
    answer: str
    answered_at: datetime | None


def objection_of(message: pb.ClaimObjection) -> ClaimObjection:
    """An objection as it was answered."""
    return ClaimObjection(
        objection_id=message.objection_id,
        line_numbers=tuple(message.line_numbers),
        text=message.text,
        made_at=message.made_at.ToDatetime(UTC),
        answer_due_on=date.fromisoformat(message.answer_due_on),
        state=message.state,
        answer=message.answer,
        answered_at=message.answered_at.ToDatetime(UTC) if message.HasField("answered_at") else None,
    )
