"""What happened to an entry of the register: who, when, why, and who approved it. Only ever added to."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.registry.enrolment_schema import registry_history


class Subject(StrEnum):
    """What a step was about; its id is that of the table of this name."""

    APPLICATION = "application"
    MERCHANT = "merchant"
    ACCOUNT = "account"
    AGREEMENT = "agreement"
    OUTLET = "outlet"
    TERMINAL = "terminal"


class Step(Struct, frozen=True):
    """One step; `approved_by` is "" where one person is enough."""

    step: str
    from_state: str
    to_state: str
    reason: str
    made_by: str
    approved_by: str
    made_at: datetime


async def record(
    connection: AsyncConnection,
    subject: Subject,
    subject_id: int,
    step: str,
    states: tuple[str, str],
    *,
    by: str,
    reason: str = "",
    approved_by: str = "",
) -> None:
    """Add a step with the state before and after; in the transaction of what it tells."""
    statement = insert(registry_history).values(
        subject=subject,
        subject_id=subject_id,
        step=step,
        from_state=states[0],
        to_state=states[1],
        reason=reason,
        made_by=by,
        approved_by=approved_by,
    )
    await connection.execute(statement)


async def history_of(connection: AsyncConnection, subject: Subject, subject_id: int) -> list[Step]:
    """Every step, the earliest first."""
    t = registry_history.c
    statement = (
        select(t.step, t.from_state, t.to_state, t.reason, t.made_by, t.approved_by, t.made_at)
        .where(t.subject == subject, t.subject_id == subject_id)
        .order_by(t.id)
    )
    return [Step(*row) for row in await connection.execute(statement)]
