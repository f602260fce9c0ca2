"""Enrolment at a real gateway: who gets a certificate, who does not, and what it is good for."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.registry.keys.codes import Code
from gateway.registry.keys.operating import revoke_owner
from gateway.registry.keys.owners import Owner
from gateway.registry.keys.requests import RENEWAL_CONTEXT
from gateway.registry.pki import fingerprint_of
from gateway.runtime.database import make_engine
from merchant_sdk.enrollment import enroll
from merchant_sdk.enrollment_files import CredentialsFolder
from tests import wire_kit
from tests.door_kit import Door, Refused, door_on
from tests.keys_kit import OPERATOR, Enrollment, enrollment_on, keep, leaf_of, new_key, reason_of, request_of
from tillgate.v1 import enrollment_service_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

WRONG, SPENT, IN_USE = "ENROLLMENT_CODE_WRONG", "ENROLLMENT_CODE_SPENT", "KEY_IN_USE"


@pytest_asyncio.fixture
async def door(tmp_path: Path, database_url: str, redis_url: str) -> AsyncIterator[Door]:
    """A gateway whose registry this test may change."""
    async with door_on(tmp_path, database_url, redis_url) as running:
        yield running


@pytest_asyncio.fixture
async def enrollment(door: Door) -> AsyncIterator[Enrollment]:
    """Enrolment beside it."""
    ports = {"grpc_port": door.gateway.grpc_port, "json_port": door.gateway.json_port}
    async with enrollment_on(door.settings.model_copy(update=ports)) as running:
        yield running


@pytest.fixture
def owner(door: Door) -> Owner:
    """The first terminal."""
    return Owner(terminal_id=door.fixture.terminals[0].terminal_ids[0])


async def asked(enrollment: Enrollment, method: str, request: Any) -> Any:
    """The answer of a bare call, or the reason of its refusal."""
    async with enrollment.stub() as stub:
        try:
            return (await getattr(stub, method)(request, timeout=30)).enrollment
        except grpc.aio.AioRpcError as error:
            return reason_of(error) or error.code().name


async def enrolled(enrollment: Enrollment, code: str, key: Any, name: str = "till") -> Any:
    """What a code is worth for a key."""
    request = wire.EnrollTerminalRequest(code=code, certificate_request=request_of(key, name))
    return await asked(enrollment, "EnrollTerminal", request)


async def renewed(enrollment: Enrollment, granted: Any, key: Any, new: Any, signer: Any = None) -> Any:
    """What a certificate is worth for a new key; signed by its own, or by another."""
    der = request_of(new)
    signature = (signer or key).sign(RENEWAL_CONTEXT + der, ECDSA(SHA256()))
    in_use = leaf_of(granted).public_bytes(Encoding.DER)
    request = wire.RenewCertificateRequest(certificate=in_use, certificate_request=der, signature=signature)
    return await asked(enrollment, "RenewCertificate", request)


async def served(door: Door, folder: Path) -> str:
    """Whether the door serves a client whose keys lie in a folder: "" or the reason why not."""
    client = door.till(replace(door.fixture.terminals[0], folder=folder))
    # Whatever decides reads the registry's epoch first; so nobody has to wait for the next look.
    await door.till(door.tills_of(1)[0]).call(wire_kit.quote(card=wire_kit.card()))
    try:
        await client.call(service.GetBalanceRequest(card=wire_kit.card()))
    except Refused as error:
        return error.reason
    return ""


async def test_a_till_enrols_through_the_sdk_and_buys(
    door: Door, enrollment: Enrollment, owner: Owner, tmp_path: Path
) -> None:
    """With nothing but a code: its key is made by itself, and what it was given before ends at once."""
    folder = tmp_path / "till-1"
    code = await enrollment.code(owner)
    credentials = await enrollment.with_client(lambda client: enroll(client, folder, code))
    assert owner.terminal_id == credentials.terminal_id
    assert f"localhost:{door.gateway.grpc_port}" == credentials.endpoint
    assert "" == await served(door, folder)
    assert "CLIENT_REVOKED" == await served(door, door.fixture.terminals[0].folder)
    # As after a crash: the same code, the same key, the same certificate.
    before = CredentialsFolder(folder).certificate()
    await enrollment.with_client(lambda client: enroll(client, folder, code))
    assert before == CredentialsFolder(folder).certificate()


async def test_a_concentrator_enrols_for_its_terminals(
    door: Door, enrollment: Enrollment, tmp_path: Path
) -> None:
    """And is told which those are."""
    rows = await enrollment.change(lambda connection: connection.execute(text("SELECT id FROM concentrator")))
    code = await enrollment.code(Owner(concentrator_id=rows.scalar_one()))
    credentials = await enrollment.with_client(lambda client: enroll(client, tmp_path / "chain", code))
    assert (0, 0) == (credentials.terminal_id, credentials.outlet_id)
    said = CredentialsFolder(tmp_path / "chain").description()
    assert list(door.fixture.concentrator.terminal_ids) == said["terminal_ids"]


async def test_a_code_serves_one_key_alone(enrollment: Enrollment, owner: Owner) -> None:
    """Whoever overhears it afterwards gets nothing; its owner gets the same again."""
    code, key = await enrollment.code(owner), new_key()
    granted = await enrolled(enrollment, code, key)
    assert SPENT == await enrolled(enrollment, code, new_key())
    assert granted.certificate_chain == (await enrolled(enrollment, code, key)).certificate_chain


async def test_names_in_a_request_are_ignored(enrollment: Enrollment, owner: Owner) -> None:
    """The code says whose it is, whatever the request claims."""
    granted = await enrolled(enrollment, await enrollment.code(owner), new_key(), name="terminal-999")
    assert owner.terminal_id == granted.client.terminal_id
    assert f"CN={owner.name}" in leaf_of(granted).subject.rfc4514_string()


async def test_a_code_has_five_tries_however_they_are_made(enrollment: Enrollment, owner: Owner) -> None:
    """Guesses at the same moment over many connections are counted one by one."""
    code = await enrollment.code(owner)
    other = await enrollment.code(Owner(concentrator_id=1))
    right, stranger = Code.read(code), Code.read(other)
    assert right is not None
    assert stranger is not None
    guess = Code(right.name, stranger.secret).text
    said = await asyncio.gather(*(enrolled(enrollment, guess, new_key()) for _ in range(12)))
    assert {WRONG} == set(said)
    assert WRONG == await enrolled(enrollment, code, new_key())
    left = await enrollment.change(
        lambda connection: connection.execute(
            text("SELECT tries_left FROM enrollment_code WHERE name = :name"), {"name": right.name}
        )
    )
    assert 0 == left.scalar_one()


async def test_four_wrong_tries_leave_the_fifth(enrollment: Enrollment, owner: Owner) -> None:
    """An honest merchant may mistake one code for another."""
    code = await enrollment.code(owner)
    right, wrong = Code.read(code), Code.make()
    assert right is not None
    for _ in range(4):
        assert WRONG == await enrolled(enrollment, Code(right.name, wrong.secret).text, new_key())
    assert owner.terminal_id == (await enrolled(enrollment, code, new_key())).client.terminal_id


async def test_unknown_expired_and_withdrawn_codes_are_worth_nothing(
    enrollment: Enrollment, owner: Owner
) -> None:
    """A new code withdraws the one before; who knows a code is told that it ended, others are not."""
    assert WRONG == await enrolled(enrollment, Code.make().text, new_key())
    assert WRONG == await enrolled(enrollment, "no code at all", new_key())
    first = await enrollment.code(owner)
    second = await enrollment.code(owner, timedelta(milliseconds=1))
    assert [SPENT, SPENT] == [await enrolled(enrollment, code, new_key()) for code in (first, second)]


async def test_a_key_that_is_known_is_not_certified_again(enrollment: Enrollment, owner: Owner) -> None:
    """Two clients never share a key; a revoked one does not come back by a new code."""
    key = new_key()
    await enrolled(enrollment, await enrollment.code(owner), key)
    neighbour = Owner(terminal_id=(owner.terminal_id or 0) + 1)
    assert IN_USE == await enrolled(enrollment, await enrollment.code(neighbour), key)
    await enrollment.change(lambda connection: revoke_owner(connection, owner, "stolen", by=OPERATOR))
    assert IN_USE == await enrolled(enrollment, await enrollment.code(owner), key)


async def test_requests_that_cannot_be_granted_cost_no_try(enrollment: Enrollment, owner: Owner) -> None:
    """And name what is wrong."""
    code = await enrollment.code(owner)
    for der in (b"", b"\x30\x03\x02\x01\x00", bytes(5000)):
        request = wire.EnrollTerminalRequest(code=code, certificate_request=der)
        assert "CERTIFICATE_REQUEST_INVALID" == await asked(enrollment, "EnrollTerminal", request)
    huge = wire.EnrollTerminalRequest(code=code, certificate_request=bytes(600_000))
    assert "MESSAGE_TOO_LARGE" == await asked(enrollment, "EnrollTerminal", huge)
    beyond = wire.EnrollTerminalRequest(code=code, certificate_request=bytes(2_000_000))
    assert "RESOURCE_EXHAUSTED" == await asked(enrollment, "EnrollTerminal", beyond)
    assert owner.terminal_id == (await enrolled(enrollment, code, new_key())).client.terminal_id


async def test_a_renewed_certificate_follows_its_predecessor(
    door: Door, enrollment: Enrollment, owner: Owner, tmp_path: Path
) -> None:
    """Both are served for a while; asked again, the same new key gets the same certificate."""
    key, new = new_key(), new_key()
    first = await enrolled(enrollment, await enrollment.code(owner), key)
    second = await renewed(enrollment, first, key, new)
    again = await renewed(enrollment, first, key, new)
    assert second.certificate_chain == again.certificate_chain
    assert owner.terminal_id == second.client.terminal_id
    for number, (granted, own) in enumerate(((first, key), (second, new))):
        assert "" == await served(door, keep(granted, own, tmp_path / str(number)))
    ends = await enrollment.change(
        lambda connection: connection.execute(
            text("SELECT ends_at - tillgate_now() FROM client_key WHERE fingerprint = :is"),
            {"is": leaf_of(first).fingerprint(SHA256())},
        )
    )
    assert timedelta(hours=23) < ends.scalar_one() <= timedelta(hours=24)


async def test_a_certificate_whose_time_beside_its_successor_is_over_gets_nothing(
    door: Door, enrollment: Enrollment, owner: Owner, tmp_path: Path
) -> None:
    """Also on a connection that stands, which TLS does not look at again; and it renews nothing."""
    key = new_key()
    granted = await enrolled(enrollment, await enrollment.code(owner), key)
    folder = keep(granted, key, tmp_path / "till")
    assert "" == await served(door, folder)
    await enrollment.change(
        lambda connection: connection.execute(
            text("UPDATE client_key SET ends_at = tillgate_now() WHERE fingerprint = :is"),
            {"is": leaf_of(granted).fingerprint(SHA256())},
        )
    )
    assert "CLIENT_REVOKED" == await served(door, folder)
    assert "CLIENT_REVOKED" == await renewed(enrollment, granted, key, new_key())


async def test_only_the_key_in_use_renews_and_only_once(enrollment: Enrollment, owner: Owner) -> None:
    """Neither a thief of the certificate alone, nor with its old key after the owner has renewed."""
    key = new_key()
    granted = await enrolled(enrollment, await enrollment.code(owner), key)
    assert "ENROLLMENT_PROOF_WRONG" == await renewed(enrollment, granted, key, new_key(), signer=new_key())
    assert IN_USE == await renewed(enrollment, granted, key, key)
    await renewed(enrollment, granted, key, new_key())
    assert "ENROLLMENT_PROOF_WRONG" == await renewed(enrollment, granted, key, new_key())


async def test_a_signature_for_one_request_renews_no_other(enrollment: Enrollment, owner: Owner) -> None:
    """What was overheard is worth what it already got."""
    key, new, thief = new_key(), new_key(), new_key()
    granted = await enrolled(enrollment, await enrollment.code(owner), key)
    signature = key.sign(RENEWAL_CONTEXT + request_of(new), ECDSA(SHA256()))
    in_use = leaf_of(granted).public_bytes(Encoding.DER)
    request = wire.RenewCertificateRequest(
        certificate=in_use, certificate_request=request_of(thief), signature=signature
    )
    assert "ENROLLMENT_PROOF_WRONG" == await asked(enrollment, "RenewCertificate", request)


async def test_unknown_and_revoked_certificates_renew_nothing(enrollment: Enrollment, owner: Owner) -> None:
    """One of our own authority that the registry does not know is as good as none."""
    key = new_key()
    granted = await enrolled(enrollment, await enrollment.code(owner), key)
    await enrollment.change(lambda connection: revoke_owner(connection, owner, "stolen", by=OPERATOR))
    assert "CLIENT_REVOKED" == await renewed(enrollment, granted, key, new_key())
    request = wire.RenewCertificateRequest(certificate=b"\x30\x00", certificate_request=request_of(new_key()))
    assert "CLIENT_UNKNOWN" == await asked(enrollment, "RenewCertificate", request)


async def test_the_key_set_is_told_to_anybody(door: Door, enrollment: Enrollment) -> None:
    """What verifies an answer is no secret."""
    keys = await enrollment.with_client(lambda client: client.outcome_keys())
    till = door.till()
    answer = await till.call(wire_kit.authorize(card=await door.card(100_00)))
    assert [answer.answer.key_id] == [key.key_id for key in keys]


async def test_who_asks_too_often_is_told_when_to_come_again(enrollment: Enrollment) -> None:
    """Codes cannot be tried by the thousand, and the others' turn comes."""
    async with enrollment.stub() as stub:
        calls = (stub.GetKeySet(wire.GetKeySetRequest(), timeout=30) for _ in range(60))
        said = await asyncio.gather(*calls, return_exceptions=True)
    refused = [error for error in said if isinstance(error, grpc.aio.AioRpcError)]
    assert {(grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")} == {(e.code(), reason_of(e)) for e in refused}
    assert 20 <= len(said) - len(refused) <= 40


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM card",
        "SELECT count(*) FROM outcome",
        "INSERT INTO enrollment_code (name, terminal_id, salt, secret_hash, issued_by, ends_at)"
        " VALUES ('A', 1, '\\x00', '\\x00', 'me', now())",
        "UPDATE enrollment_code SET tries_left = 5, ends_at = now() + '1 day'",
        "UPDATE client_key SET terminal_id = 1",
        "DELETE FROM client_key",
        "UPDATE merchant SET state = 'ACTIVE'",
        "INSERT INTO outcome_key (key_id, public_key) VALUES ('mine', '\\x00')",
    ],
)
async def test_whoever_breaks_into_enrolment_has_its_rights_alone(
    enrollment: Enrollment, statement: str
) -> None:
    """No card, no purchase, no code of his own making, no key of outcomes."""
    engine = make_engine(enrollment.settings.database_enrollment_url, pool_size=1)
    try:
        async with engine.begin() as connection:
            with pytest.raises(DBAPIError, match="permission denied"):
                await connection.execute(text(statement))
    finally:
        await engine.dispose()


async def test_a_purchase_worker_reads_no_code(enrollment: Enrollment) -> None:
    """Not even its hash."""
    url = enrollment.settings.database_enrollment_url.replace("tillgate_enrollment", "tillgate_gateway")
    engine = make_engine(url, pool_size=1)
    try:
        async with engine.begin() as connection:
            with pytest.raises(DBAPIError, match="permission denied"):
                await connection.execute(text("SELECT count(*) FROM enrollment_code"))
    finally:
        await engine.dispose()


async def test_what_is_revoked_stays_revoked_for_whoever_asks(enrollment: Enrollment, owner: Owner) -> None:
    """The database itself refuses to take it back."""
    await enrollment.change(lambda connection: revoke_owner(connection, owner, "stolen", by=OPERATOR))
    with pytest.raises(DBAPIError, match="never changed"):
        await enrollment.change(
            lambda connection: connection.execute(text("UPDATE client_key SET revoked_at = NULL"))
        )


async def test_certificates_end_and_are_said_to(enrollment: Enrollment, owner: Owner) -> None:
    """The till is told when to renew: two thirds of the way."""
    granted = await enrolled(enrollment, await enrollment.code(owner), new_key())
    leaf = leaf_of(granted)
    ends, renew_from = (t.ToDatetime(UTC) for t in (granted.not_after, granted.renew_from))
    assert leaf.not_valid_after_utc == ends
    assert datetime.now(UTC) < renew_from < ends
    pem = leaf.public_bytes(Encoding.PEM)
    assert fingerprint_of(pem) == leaf.fingerprint(SHA256())
