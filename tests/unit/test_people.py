"""Roles, passwords, codes and markup by themselves."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.people.approvals import payload_text
from gateway.people.attempts import address_key, login_key
from gateway.people.errors import PeopleCode, PeopleError
from gateway.people.passwords import Passwords, check_password
from gateway.people.roles import PERMISSIONS, Permission, Role, Signatory, permissions_of
from gateway.people.second_factor import (
    SealedSecretError,
    SealingKey,
    address_of,
    code_at,
    fitting_step,
    shown_secret,
)
from gateway.people.sessions import csrf_token, is_csrf_token
from gateway.web.people.html import rendered, tag
from gateway.web.people.readable import plain, shown_fields, shown_rubles
from gateway.web.people.texts import Words
from tests.people_kit import LIGHT

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECRET = b"12345678901234567890"
ALLOWED = {
    (Role.OPERATOR, Permission.SEE_PROPOSALS),
    (Role.OPERATOR, Permission.PROPOSE),
    (Role.OPERATOR, Permission.EXECUTE),
    (Role.APPROVER, Permission.SEE_PROPOSALS),
    (Role.APPROVER, Permission.DECIDE),
    (Role.AUDITOR, Permission.SEE_PROPOSALS),
    (Role.AUDITOR, Permission.READ_AUDIT),
    (Role.MERCHANT_MANAGER, Permission.SEE_OWN_MERCHANTS),
}


def test_every_role_may_exactly_what_the_table_says() -> None:
    """All pairs of role and permission, so that a new one of either has to be decided here."""
    assert {(role, p) for role in Role for p in Permission if p in permissions_of([role])} == ALLOWED
    assert set(PERMISSIONS) == set(Role)
    assert frozenset() == permissions_of([])


def test_nobody_but_an_approver_decides_and_an_approver_proposes_nothing() -> None:
    """One role alone never makes and approves."""
    for role in Role:
        assert not {Permission.PROPOSE, Permission.DECIDE} <= permissions_of([role])


def test_a_named_person_is_one_however_the_name_is_written() -> None:
    """Blanks and capitals make no second person."""
    assert Signatory.named("Operator-1") == Signatory.named("  operator-1 ")
    with pytest.raises(PeopleError) as refused:
        Signatory.named("  ")
    assert PeopleCode.NOBODY_NAMED is refused.value.code


# RFC 6238, appendix B, the six last digits of SHA-1's.
@pytest.mark.parametrize(
    ("at_s", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(at_s: int, code: str) -> None:
    """An authenticator that keeps to it shows the same."""
    assert code == code_at(SECRET, datetime.fromtimestamp(at_s, UTC))


def test_a_code_fits_one_step_around_now_and_none_that_was_taken() -> None:
    """Half a minute to either side; a step that was taken takes all older ones with it."""
    step = int(NOW.timestamp()) // 30
    for off, fits in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        code = code_at(SECRET, NOW + timedelta(seconds=30 * off))
        assert (step + off if fits else None) == fitting_step(SECRET, code, NOW, None)
    assert fitting_step(SECRET, code_at(SECRET, NOW), NOW, step) is None
    assert fitting_step(SECRET, code_at(SECRET, NOW - timedelta(seconds=30)), NOW, step) is None
    assert step + 1 == fitting_step(SECRET, code_at(SECRET, NOW + timedelta(seconds=30)), NOW, step)


@pytest.mark.parametrize("code", ["", "28708", "2870822", "٢٨٧٠٨٢", "abcdef", " ", "0" * 1000])
def test_what_is_no_code_fits_nothing(code: str) -> None:
    """Also digits of other scripts."""
    assert fitting_step(SECRET, code, datetime.fromtimestamp(59, UTC), None) is None


def test_a_sealed_secret_is_one_persons_and_one_keys() -> None:
    """A row that is copied to another person, a changed byte and another key open nothing."""
    key = SealingKey(bytes(32))
    sealed = key.seal(SECRET, 7)
    assert SECRET == key.unseal(sealed, 7)
    assert SECRET not in sealed
    assert sealed != key.seal(SECRET, 7)
    for other_key, other_sealed, person_id in (
        (key, sealed, 8),
        (key, sealed[:-1] + bytes([sealed[-1] ^ 1]), 7),
        (SealingKey(bytes([1] * 32)), sealed, 7),
        (key, b"", 7),
    ):
        with pytest.raises(SealedSecretError):
            other_key.unseal(other_sealed, person_id)
    assert "key" not in repr(key)


def test_an_authenticator_can_be_told_the_secret() -> None:
    """As letters in groups, and as an address."""
    assert "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ" == shown_secret(SECRET)
    assert address_of(SECRET, "a.b").startswith("otpauth://totp/Tillgate%3Aa.b?secret=GEZDGNBVGY3TQOJQ")


@pytest.mark.parametrize("password", ["короткий", "a" * 40, "ababababababab", "x" * 129, "my-first-secret"])
def test_weak_passwords_are_refused(password: str) -> None:
    """Short, long, of few characters, or with the login in it."""
    with pytest.raises(PeopleError) as refused:
        check_password(password, "first")
    assert PeopleCode.PASSWORD_WEAK is refused.value.code


async def test_a_password_fits_its_hash_however_its_letters_were_composed() -> None:
    """й in one character or in two; another password and no hash at all don't fit."""
    passwords = Passwords(LIGHT)
    stored = await passwords.hash("мой длинный пароль")
    assert stored.startswith("$argon2id$")
    assert await passwords.verify(stored, "мой длинный пароль")
    assert not await passwords.verify(stored, "мой длинный парол")
    assert not await passwords.verify(None, "nobody has this password")
    assert not await passwords.verify("$not-a-hash", "x")
    assert not passwords.is_outdated(stored)
    assert Passwords().is_outdated(stored)


def test_a_forms_token_is_of_one_session() -> None:
    """Another session's, an empty one and a strange one don't fit."""
    assert is_csrf_token("a", csrf_token("a"))
    assert not is_csrf_token("a", csrf_token("b"))
    assert not is_csrf_token("a", "")
    assert not is_csrf_token("a", "\ud800")


def test_attempts_are_counted_by_what_is_the_same_person_or_network() -> None:
    """A login in any case; an IPv6 network as one; no login is stored as it was typed."""
    assert login_key("First ") == login_key("first")
    assert "first" not in login_key("first")
    assert address_key("2001:db8::1") == address_key("2001:db8::ffff:1") != address_key("2001:db8:1::1")
    assert "192.0.2.1" == address_key("192.0.2.1") == address_key("::ffff:192.0.2.1")
    assert 64 == len(address_key("x" * 500))


def test_texts_never_become_tags() -> None:
    """In content and in attributes."""
    made = rendered(tag("p", "<script>", ["&", tag("b", '"')], title='" onload="x'))
    assert '<p title="&quot; onload=&quot;x">&lt;script&gt;&amp;<b>&quot;</b></p>' == made


def test_a_payload_is_shown_as_people_read_it() -> None:
    """Labels, rubles and Moscow time; what hides is shown by its number."""
    payload = {"total_kopecks": 123456789, "announced_at": "2026-11-23T12:00:00+00:00", "is_urgent": True}
    text = rendered(shown_fields({**payload, "act": {"number": "1\u202e7"}}, Words("ru")))
    assert "1\u00a0234\u00a0567,89" in text
    assert "23.11.2026 15:00" in text
    assert "<dd>да</dd>" in text
    assert r"1\u202e7" in text
    assert "−0,05\u00a0₽" == shown_rubles(-5)
    assert r"a\u200bb" == plain("a\u200bb")


@pytest.mark.parametrize(
    "payload",
    [
        {"sum": 1.5},
        {"password": "x"},
        {"card": "9643 1000 0000 0000 001"},
        {"text": "x" * 70_000},
        {"text": "\0"},
        {"rows": ["x" * 1000] * 70},
        {"at": NOW},
    ],
)
def test_a_payload_that_can_not_be_kept_as_it_is_is_refused(payload: dict[str, object]) -> None:
    """Fractions, secrets, card numbers, novels and what JSON can't hold."""
    with pytest.raises(PeopleError) as refused:
        payload_text(payload)
    assert PeopleCode.PAYLOAD_UNFIT is refused.value.code


def test_a_payload_has_one_canonical_text() -> None:
    """The order of its keys does not matter."""
    assert '{"a":[1,null],"b":"Ж"}' == payload_text({"b": "Ж", "a": [1, None]})
