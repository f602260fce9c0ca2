"""What people decide about goods, in the audit log."""

import asyncpg

from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import record


async def note(
    connection: asyncpg.Connection, action: Action, kind: SubjectKind, number: int, by: str, **details: str
) -> None:
    """Record a decision in its transaction, which does nothing more after it."""
    subject = Subject(kind, str(number))
    await record(connection, actor=Actor.person(by), action=action, subject=subject, details=details)
