"""Signing in: two factors, each code once, no way to learn who exists, no way to guess on."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Literal

import pytest
from argon2 import PasswordHasher

from gateway.people.attempts import ADDRESS_MAX, LOGIN_MAX
from gateway.people.errors import PeopleCode, PeopleError
from gateway.people.passwords import Passwords
from gateway.people.persons import disable, unlock
from gateway.people.roles import Role
from gateway.people.second_factor import SealedSecretError, SealingKey, code_at
from gateway.people.sessions import SessionLimits
from gateway.people.signing_in import SignIn
from tests.people_kit import FOUNDER, HERE, PASSWORD, Member, Office, office_on, refused

ELSEWHERE = "198.51.100.9"
LIMITS = SessionLimits(idle=timedelta(minutes=10), longest=timedelta(hours=1))


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    """An office with short sessions."""
    async with office_on(database_url, LIMITS) as made:
        yield made


@pytest.fixture
async def first_one(office: Office) -> Member:
    """An approver."""
    return await office.member("first_one", Role.APPROVER)


async def test_password_and_code_make_a_session(office: Office, first_one: Member) -> None:
    """It is the person's, with their roles; signing out ends it."""
    token = await office.session(first_one)
    person = await office.sign_in.person_of(token)
    assert person is not None
    assert ("first_one", frozenset({Role.APPROVER})) == (person.login, person.roles)
    await office.sign_in.sign_out(token)
    await office.sign_in.sign_out(token)
    assert await office.sign_in.person_of(token) is None
    assert ["person.added", "person.invited", "person.joined", "session.begun", "session.ended"] == (
        await office.actions()
    )


async def test_neither_factor_alone_is_a_session(office: Office, first_one: Member) -> None:
    """The token of the first stage opens nothing; the second stage needs it."""
    token = await office.sign_in.by_password("first_one", PASSWORD, HERE)
    assert await office.sign_in.person_of(token) is None
    code = await office.code(first_one)
    for bad in ("", "x", "' OR 1=1 --", token[:-1]):
        assert PeopleCode.SIGN_IN_REFUSED is await refused(office.sign_in.by_code(bad, code, HERE))
    signed_in = await office.sign_in.by_code(token, code, HERE)
    assert signed_in != token
    assert await office.sign_in.person_of(token) is None
    assert PeopleCode.SIGN_IN_REFUSED is await refused(office.sign_in.by_code(token, code, HERE))


async def test_tokens_and_invitations_are_stored_as_hashes_alone(office: Office, first_one: Member) -> None:
    """Whoever reads the database can sign in as nobody."""
    token = await office.session(first_one)
    invitation = await office.invited("second_one", Role.OPERATOR)
    async with office.owned() as connection:
        tables = ("person", "person_session", "person_invitation", "sign_in_attempts", "audit_entry")
        stored = ""
        for table in tables:
            rows = await connection.fetch(f"SELECT t::text AS row FROM {table} t")  # noqa: S608
            stored += "".join(row["row"] for row in rows)
    for secret in (token, invitation, PASSWORD, first_one.secret.hex(), token.encode().hex()):
        assert secret not in stored
    assert "$argon2id$" in stored


async def test_a_code_is_taken_once(office: Office, first_one: Member) -> None:
    """Neither again in the same session of a thief, nor an older one that is still near."""
    first = await office.sign_in.by_password("first_one", PASSWORD, HERE)
    second = await office.sign_in.by_password("first_one", PASSWORD, ELSEWHERE)
    code = await office.code(first_one)
    older = code_at(first_one.secret, await office.now() - timedelta(seconds=30))
    await office.sign_in.by_code(first, code, HERE)
    for replayed in (code, older):
        assert PeopleCode.SIGN_IN_REFUSED is await refused(
            office.sign_in.by_code(second, replayed, ELSEWHERE)
        )
    await office.sign_in.by_code(second, await office.code(first_one), ELSEWHERE)


async def test_of_two_who_bring_one_code_at_one_moment_one_gets_in(office: Office, first_one: Member) -> None:
    """The step is taken by one statement."""
    tokens = [await office.sign_in.by_password("first_one", PASSWORD, HERE) for _ in range(4)]
    code = await office.code(first_one)
    results = await asyncio.gather(
        *(office.sign_in.by_code(token, code, HERE) for token in tokens), return_exceptions=True
    )
    assert 1 == sum(isinstance(result, str) for result in results)


async def test_whoever_does_not_exist_is_refused_in_the_same_words(office: Office, first_one: Member) -> None:
    """A wrong password, an unknown login, one who has not joined, one who is disabled: one answer."""
    await office.invited("second_one", Role.OPERATOR)
    await office.member("third_one", Role.OPERATOR)
    async with office.owned() as connection:
        await disable(connection, "third_one", by=FOUNDER, reason="уволен")
    said = set()
    for login, password in (
        ("first_one", "wrong"), ("nobody", PASSWORD), ("second_one", PASSWORD), ("third_one", PASSWORD),
        ("", ""), ("' OR '1'='1", "x"), ("a\0b", "x"), ("x" * 10_000, "x"),
    ):  # fmt: skip
        with pytest.raises(PeopleError) as error:
            await office.sign_in.by_password(login, password, HERE)
        said.add(str(error.value))
    assert 1 == len(said)


async def test_an_unknown_login_takes_a_hash_of_the_same_work(office: Office, first_one: Member) -> None:
    """Counted, not timed: one verification each, of hashes with equal parameters."""
    verified: list[str] = []

    class Watched(PasswordHasher):
        """Tells what it verifies."""

        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002
            verified.append(str(hash).rpartition("$")[0].rpartition("$")[0])
            return super().verify(hash, password)

    sign_in = SignIn(
        office.sign_in.connect, Passwords(Watched(time_cost=1, memory_cost=64, parallelism=1)), office.sealing
    )
    for login in ("first_one", "nobody"):
        await refused(sign_in.by_password(login, "wrong", HERE))
    assert 2 == len(verified)
    assert verified[0] == verified[1]


async def test_what_an_unknown_login_was_is_not_kept(office: Office, first_one: Member) -> None:
    """People type passwords where logins belong."""
    await refused(office.sign_in.by_password("my-secret-password", "x", HERE))
    await refused(office.sign_in.by_password("first_one", "x", HERE))
    async with office.owned() as connection:
        rows = await connection.fetch(
            "SELECT subject_kind, subject_id FROM audit_entry ORDER BY id DESC LIMIT 2"
        )
        kept = await connection.fetch("SELECT a::text || e::text FROM sign_in_attempts a, audit_entry e")
    assert [("PERSON", "first_one"), ("ADDRESS", HERE)] == [tuple(row) for row in rows]
    assert not any("my-secret-password" in row[0] for row in kept)


@pytest.mark.parametrize("login", ["first_one", "nobody"])
async def test_guessing_locks_a_login_whoever_has_it(office: Office, first_one: Member, login: str) -> None:
    """After so many attempts the right password is refused too, and then time unlocks it."""
    for _ in range(LOGIN_MAX):
        assert PeopleCode.SIGN_IN_REFUSED is await refused(office.sign_in.by_password(login, "wrong", HERE))
    for address in (HERE, ELSEWHERE):
        for spelled in (login, f" {login.upper()} "):
            attempt = office.sign_in.by_password(spelled, PASSWORD, address)
            assert PeopleCode.LOCKED_OUT is await refused(attempt)
    assert 1 == (await office.actions()).count("session.locked_out")
    await office.pass_time(15 * 60)
    if login == "first_one":
        await office.session(first_one)
    else:
        assert PeopleCode.SIGN_IN_REFUSED is await refused(office.sign_in.by_password(login, PASSWORD, HERE))


async def test_guesses_at_one_moment_do_not_share_a_count(office: Office, first_one: Member) -> None:
    """However many come at once, so many are looked at."""
    codes = await asyncio.gather(
        *(refused(office.sign_in.by_password("first_one", "wrong", HERE)) for _ in range(4 * LOGIN_MAX))
    )
    assert LOGIN_MAX == codes.count(PeopleCode.SIGN_IN_REFUSED)


async def test_a_known_password_does_not_buy_guesses_of_codes(office: Office, first_one: Member) -> None:
    """Signing in anew with the password between guesses lifts no count."""
    for _ in range(LOGIN_MAX):
        token = await office.sign_in.by_password("first_one", PASSWORD, HERE)
        assert PeopleCode.SIGN_IN_REFUSED is await refused(office.sign_in.by_code(token, "000000", HERE))
    assert PeopleCode.LOCKED_OUT is await refused(office.sign_in.by_password("first_one", PASSWORD, HERE))


async def test_a_session_of_the_first_stage_is_locked_out_too(office: Office, first_one: Member) -> None:
    """One that has begun before the lock brings no more codes."""
    token = await office.sign_in.by_password("first_one", PASSWORD, HERE)
    for _ in range(LOGIN_MAX):
        await refused(office.sign_in.by_code(token, "000000", HERE))
    assert PeopleCode.LOCKED_OUT is await refused(
        office.sign_in.by_code(token, await office.code(first_one), HERE)
    )


async def test_one_address_can_not_try_everybody(office: Office, first_one: Member) -> None:
    """One guess for each of many logins: the address is locked, other addresses are not."""
    for number in range(ADDRESS_MAX):
        await refused(office.sign_in.by_password(f"user{number}", "wrong", HERE))
    assert PeopleCode.LOCKED_OUT is await refused(office.sign_in.by_password("first_one", PASSWORD, HERE))
    await office.sign_in.by_password("first_one", PASSWORD, ELSEWHERE)


async def test_an_operator_unlocks(office: Office, first_one: Member) -> None:
    """Before the time is over, and it is recorded."""
    for _ in range(LOGIN_MAX + 1):
        await refused(office.sign_in.by_password("first_one", "wrong", HERE))
    async with office.owned() as connection:
        await unlock(connection, "first_one", by=FOUNDER)
    await office.session(first_one)
    assert "person.unlocked" in await office.actions()


async def test_signing_in_forgets_the_failures_before(office: Office, first_one: Member) -> None:
    """A few mistakes a day lock nobody out."""
    for _ in range(3):
        for _ in range(LOGIN_MAX - 2):
            await refused(office.sign_in.by_password("first_one", "wrong", HERE))
        await office.session(first_one)


async def test_time_ends_sessions(office: Office, first_one: Member) -> None:
    """Idle, or at all, however busy."""
    token = await office.session(first_one)
    await office.pass_time(9 * 60)
    assert await office.sign_in.person_of(token)
    await office.pass_time(10 * 60)
    assert await office.sign_in.person_of(token) is None
    token = await office.session(first_one)
    for _ in range(7):
        assert await office.sign_in.person_of(token)
        await office.pass_time(9 * 60)
    assert await office.sign_in.person_of(token) is None


async def test_the_second_factor_has_to_come_soon(office: Office, first_one: Member) -> None:
    """Five minutes after the password the first stage is over."""
    token = await office.sign_in.by_password("first_one", PASSWORD, HERE)
    await office.pass_time(300)
    code = await office.code(first_one)
    assert PeopleCode.SIGN_IN_REFUSED is await refused(office.sign_in.by_code(token, code, HERE))


async def test_a_hash_of_other_parameters_is_made_anew_at_the_next_sign_in(
    office: Office, first_one: Member
) -> None:
    """And the password stays what it was."""
    before = await office.sql("SELECT password_hash FROM person")
    stronger = Passwords(PasswordHasher(time_cost=2, memory_cost=128, parallelism=1))
    sign_in = SignIn(office.sign_in.connect, stronger, office.sealing)
    await refused(sign_in.by_password("first_one", "wrong", HERE))
    assert before == await office.sql("SELECT password_hash FROM person")
    await sign_in.by_password("first_one", PASSWORD, HERE)
    after = await office.sql("SELECT password_hash FROM person")
    assert "m=128,t=2,p=1" in after
    await sign_in.by_password("first_one", PASSWORD, HERE)
    assert after == await office.sql("SELECT password_hash FROM person")


async def test_without_the_sealing_key_nobody_signs_in(office: Office, first_one: Member) -> None:
    """A database that was carried away has no second factors in it."""
    sign_in = SignIn(office.sign_in.connect, office.sign_in.passwords, SealingKey(bytes(32)))
    token = await sign_in.by_password("first_one", PASSWORD, HERE)
    with pytest.raises(SealedSecretError):
        await sign_in.by_code(token, await office.code(first_one), HERE)
