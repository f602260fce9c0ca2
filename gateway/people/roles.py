"""Who may do what: roles and their permissions, as data. What stands in no row is not allowed."""

from collections.abc import Iterable, Mapping
from enum import StrEnum, unique
from typing import Final, Self

from msgspec import Struct

from gateway.people.errors import PeopleCode, PeopleError


@unique
class Role(StrEnum):
    """What somebody is at the department or at merchants."""

    OPERATOR = "OPERATOR"
    APPROVER = "APPROVER"
    AUDITOR = "AUDITOR"
    MERCHANT_MANAGER = "MERCHANT_MANAGER"


@unique
class Permission(StrEnum):
    """One thing that somebody may do."""

    SEE_PROPOSALS = "SEE_PROPOSALS"
    PROPOSE = "PROPOSE"
    DECIDE = "DECIDE"
    EXECUTE = "EXECUTE"
    READ_AUDIT = "READ_AUDIT"
    SEE_OWN_MERCHANTS = "SEE_OWN_MERCHANTS"


PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.OPERATOR: frozenset({Permission.SEE_PROPOSALS, Permission.PROPOSE, Permission.EXECUTE}),
    Role.APPROVER: frozenset({Permission.SEE_PROPOSALS, Permission.DECIDE}),
    Role.AUDITOR: frozenset({Permission.SEE_PROPOSALS, Permission.READ_AUDIT}),
    Role.MERCHANT_MANAGER: frozenset({Permission.SEE_OWN_MERCHANTS}),
}


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """What somebody with these roles may do."""
    return frozenset[Permission]().union(*(PERMISSIONS[role] for role in roles))


class Signatory(Struct, frozen=True):
    """Who stands behind an act: a login, and what it may do."""

    login: str
    permissions: frozenset[Permission]

    @classmethod
    def named(cls, name: str) -> Self:
        """Whom a command line names where nobody signs in (development): may do everything but be two.

        A name with blanks around it or in other case is the same person. Raises PeopleError NOBODY_NAMED.
        """
        login = " ".join(name.split()).casefold()
        if not login:
            raise PeopleError(PeopleCode.NOBODY_NAMED)
        return cls(login, frozenset(Permission))

    def require(self, permission: Permission) -> None:
        """Raise PeopleError NOT_PERMITTED without the permission."""
        if permission not in self.permissions:
            raise PeopleError(PeopleCode.NOT_PERMITTED, login=self.login, permission=permission.value)
