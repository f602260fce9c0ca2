"""Changes of persons as commands make them: at once, or as a proposal that another person approves."""

import asyncpg
import msgspec

from gateway.cli.ledger_commands import proposed
from gateway.cli.people_support import actor
from gateway.people import changing, persons
from gateway.people.approvals import ProposalKind, begin, finish
from gateway.people.changing import PersonAction, PersonChange
from gateway.people.errors import PeopleCode, PeopleError
from gateway.people.roles import Signatory
from gateway.record.words import Actor
from gateway.runtime.people import load_sealing_key
from gateway.runtime.settings import Settings


async def changed(
    connection: asyncpg.Connection, settings: Settings, change: PersonChange, by: str, reason: str
) -> str:
    """Make or propose a change; returns what to tell. What would be refused is refused before it is proposed.

    Raises PeopleError.
    """
    sealing = load_sealing_key(settings)
    change = await changing.as_it_stands(connection, change)
    proposer = await changing.proposer_of(connection, change, by) if settings.enforces_four_eyes else None
    transaction = connection.transaction()
    await transaction.start()
    try:
        code = await changing.apply(connection, change, sealing=sealing, by=actor(by))
    except BaseException:
        await transaction.rollback()
        raise
    if proposer is None:
        await transaction.commit()
        return _told(change, code)
    await transaction.rollback()
    payload = msgspec.to_builtins(change)
    return await proposed(settings, ProposalKind.CHANGE_PERSON, payload, proposer, reason)


async def execute(connection: asyncpg.Connection, settings: Settings, number: int, by: Signatory) -> str:
    """Make an approved change, in the transaction that closes its proposal; returns what to tell.

    Raises PeopleError, also OTHER_CONTENT if the person has other roles by now.
    """
    sealing = load_sealing_key(settings)
    async with connection.transaction():
        approved = await begin(connection, number, kind=ProposalKind.CHANGE_PERSON, by=by)
        change = msgspec.convert(approved.payload, PersonChange)
        if change != await changing.as_it_stands(connection, change):
            raise PeopleError(PeopleCode.OTHER_CONTENT, number=number, what=change.login)
        code = await changing.apply(
            connection, change, sealing=sealing, by=Actor.person(by.login), approved_by=approved.decided_by
        )
        await finish(connection, number, by=by, result=f"{change.action} {change.login}")
    return _told(change, code)


def _told(change: PersonChange, code: str | None) -> str:
    if change.action is PersonAction.ROLES:
        merchants = ", ".join(map(str, sorted(change.merchants)))
        roles = ", ".join(sorted(change.roles))
        return f"{change.login}: {roles} of {merchants}" if merchants else f"{change.login}: {roles}"
    hours = int(persons.INVITATION_LIFETIME.total_seconds()) // 3600
    return f"invitation of {change.login}, for {hours} hours, once: {code}"
