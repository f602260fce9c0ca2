"""Changes of persons: whoever may sign is added, changed or invited anew by two persons, like what they sign.

Otherwise one operator could add an approver, or invite one anew, and approve by the other login.
"""

from enum import StrEnum, unique
from typing import Final

import asyncpg
from msgspec import Struct
from msgspec.structs import replace

from gateway.people import persons
from gateway.people.roles import Permission, Role, Signatory, permissions_of
from gateway.people.second_factor import SealingKey
from gateway.record.words import Actor

_SIGNING: Final = frozenset({Permission.PROPOSE, Permission.DECIDE, Permission.EXECUTE})


@unique
class PersonAction(StrEnum):
    """What is done to a person."""

    ADD = "ADD"
    ROLES = "ROLES"
    INVITE = "INVITE"
    RESET_TOTP = "RESET_TOTP"


class PersonChange(Struct, frozen=True):
    """One change of a person, as it is proposed; `roles_before` are those the person has had until then."""

    action: PersonAction
    login: str
    full_name: str = ""
    roles: tuple[Role, ...] = ()
    merchants: tuple[int, ...] = ()
    roles_before: tuple[Role, ...] = ()

    @property
    def is_of_a_signatory(self) -> bool:
        """Whether the person may sign for the department, before it or after."""
        return bool(_SIGNING & permissions_of({*self.roles, *self.roles_before}))


async def as_it_stands(connection: asyncpg.Connection, change: PersonChange) -> PersonChange:
    """The change with the roles that the person has now. Raises PeopleError UNKNOWN_PERSON."""
    if change.action is PersonAction.ADD:
        return change
    person = await persons.person_by_login(connection, change.login)
    return replace(change, login=person.login, roles_before=tuple(sorted(person.roles)))


async def proposer_of(connection: asyncpg.Connection, change: PersonChange, by: str) -> Signatory | None:
    """Who has to propose a change instead of making it, or None if there is nobody else to approve it.

    So one person alone makes the first approver, and invites the only one anew.
    """
    if not change.is_of_a_signatory:
        return None
    active = [one for one in await persons.persons(connection) if one.state == "ACTIVE"]
    proposer = next((one for one in active if one.login == by and one.may(Permission.PROPOSE)), None)
    others = [one for one in active if one.login not in (by, change.login) and one.may(Permission.DECIDE)]
    return proposer.signatory if proposer and others else None


async def apply(
    connection: asyncpg.Connection,
    change: PersonChange,
    *,
    sealing: SealingKey,
    by: Actor,
    approved_by: str | None = None,
) -> str | None:
    """Make a change in the caller's transaction; returns the code of the invitation, if there is one.

    Raises what `add_person`, `set_roles` and `invite` raise.
    """
    if change.action is PersonAction.ROLES:
        await persons.set_roles(
            connection, change.login, roles=change.roles, merchant_ids=change.merchants, by=by,
            approved_by=approved_by,
        )  # fmt: skip
        return None
    if change.action is PersonAction.ADD:
        await persons.add_person(
            connection, login=change.login, full_name=change.full_name, roles=change.roles,
            merchant_ids=change.merchants, by=by, approved_by=approved_by,
        )  # fmt: skip
    return await persons.invite(
        connection, change.login, sealing=sealing, by=by, approved_by=approved_by,
        resets_totp=change.action is PersonAction.RESET_TOTP,
    )  # fmt: skip
