"""Persons: how they come, how they change, and who in the database may see them."""

import asyncio

import pytest

from gateway.people.errors import PeopleCode
from gateway.people.persons import disable, invite, persons, set_roles
from gateway.people.roles import Role
from gateway.people.second_factor import code_at
from tests.people_kit import FOUNDER, HERE, PASSWORD, Member, Office, refused


@pytest.fixture
async def first(office: Office) -> Member:
    """An approver."""
    return await office.member("first", Role.APPROVER)


async def test_an_invitation_is_used_once_and_in_time(office: Office) -> None:
    """A newer one replaces it; a wrong code or a weak password leave it open."""
    first = await office.invited("second", Role.OPERATOR)
    async with office.owned() as connection:
        second = await invite(connection, "second", sealing=office.sealing, by=FOUNDER)
    assert PeopleCode.INVITATION_UNFIT is await refused(office.sign_in.invitation_of(first, HERE))
    secret = (await office.sign_in.invitation_of(second, HERE)).totp_secret
    code = code_at(secret, await office.now())
    assert PeopleCode.CODE_WRONG is await refused(office.sign_in.join(second, PASSWORD, "000000", HERE))
    assert PeopleCode.PASSWORD_WEAK is await refused(office.sign_in.join(second, "second", code, HERE))
    results = await asyncio.gather(
        *(office.sign_in.join(second, PASSWORD, code, HERE) for _ in range(3)), return_exceptions=True
    )
    assert 1 == results.count("second")
    assert PeopleCode.INVITATION_UNFIT is await refused(office.sign_in.invitation_of(second, HERE))
    third = await office.invited("third", Role.OPERATOR)
    await office.pass_time(3 * 24 * 3600)
    assert PeopleCode.INVITATION_UNFIT is await refused(office.sign_in.invitation_of(third, HERE))


async def test_the_code_that_joined_does_not_sign_in(office: Office) -> None:
    """It was taken."""
    invitation = await office.invited("second", Role.OPERATOR)
    secret = (await office.sign_in.invitation_of(invitation, HERE)).totp_secret
    code = code_at(secret, await office.now())
    await office.sign_in.join(invitation, PASSWORD, code, HERE)
    token = await office.sign_in.by_password("second", PASSWORD, HERE)
    assert PeopleCode.SIGN_IN_REFUSED is await refused(office.sign_in.by_code(token, code, HERE))


async def test_what_changes_a_person_ends_their_sessions(office: Office, first: Member) -> None:
    """Other roles, another password, a reset of the second factor, the end."""
    person = await office.sign_in.person_of(await office.session(first))
    assert person is not None

    async def changed(step: str) -> None:
        async with office.owned() as connection:
            if step == "roles":
                await set_roles(connection, "first", roles=[Role.AUDITOR], by=FOUNDER)
            elif step == "password":
                new = "совсем-другой-пароль"
                code = await office.code(first)
                await office.sign_in.change_password(person, first.password, new, code, HERE)
                first.password = new
            elif step == "invite":
                await invite(connection, "first", sealing=office.sealing, by=FOUNDER, resets_totp=True)
            else:
                await disable(connection, "first", by=FOUNDER, reason="уволен")

    for step in ("roles", "password", "disable"):
        token = await office.session(first)
        first_stage = await office.sign_in.by_password("first", first.password, HERE)
        await changed(step)
        assert await office.sign_in.person_of(token) is None, step
        code = await office.code(first)
        assert PeopleCode.SIGN_IN_REFUSED is await refused(office.sign_in.by_code(first_stage, code, HERE))
    await changed("invite")
    assert PeopleCode.SIGN_IN_REFUSED is await refused(
        office.sign_in.by_password("first", first.password, HERE)
    )


async def test_persons_are_added_as_the_rules_say(office: Office) -> None:
    """Logins of one form, never twice; managers with merchants, which the registry knows."""
    for code, attempt in (
        (PeopleCode.LOGIN_UNFIT, office.invited("First", Role.AUDITOR)),
        (PeopleCode.LOGIN_UNFIT, office.invited("i'; --", Role.AUDITOR)),
        (PeopleCode.ROLES_MISSING, office.invited("second")),
        (PeopleCode.MERCHANTS_UNFIT, office.invited("second", Role.MERCHANT_MANAGER)),
        (PeopleCode.MERCHANTS_UNFIT, office.invited("second", Role.AUDITOR, merchant_ids=(1,))),
        (PeopleCode.UNKNOWN_MERCHANT, office.invited("second", Role.MERCHANT_MANAGER, merchant_ids=(99,))),
    ):
        assert code is await refused(attempt)
    await office.invited("second", Role.AUDITOR)
    assert PeopleCode.LOGIN_TAKEN is await refused(office.invited("second", Role.AUDITOR))
    async with office.owned() as connection:
        assert ["second"] == [person.login for person in await persons(connection)]


@pytest.mark.parametrize("role", ["tillgate_gateway", "tillgate_reader"])
@pytest.mark.parametrize(
    "table", ["person", "person_role", "person_invitation", "person_session", "sign_in_attempts"]
)
async def test_roles_that_serve_tills_or_read_see_no_persons(office: Office, role: str, table: str) -> None:
    """Not one column of them."""
    assert not await office.sql("SELECT has_any_column_privilege($1, $2, 'SELECT')", role, table)


@pytest.mark.parametrize(
    ("table", "privilege"),
    [
        ("entry", "SELECT"), ("outcome", "SELECT"), ("card", "SELECT"), ("card_account", "UPDATE"),
        ("person_role", "INSERT"), ("person", "INSERT"), ("person", "DELETE"), ("merchant", "UPDATE"),
        ("proposal", "INSERT"), ("proposal", "DELETE"), ("audit_entry", "UPDATE"), ("client_key", "SELECT"),
    ],
)  # fmt: skip
async def test_the_doors_role_has_no_right_that_pages_do_not_need(
    office: Office, table: str, privilege: str
) -> None:
    """Whoever breaks the door makes no person, gives no role, proposes nothing, and sees no money."""
    assert not await office.sql("SELECT has_table_privilege('tillgate_people', $1, $2)", table, privilege)
