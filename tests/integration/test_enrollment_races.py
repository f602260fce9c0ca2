"""Enrolment, renewal and revocation at the same moment: one key a code, and nobody slips through."""

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from sqlalchemy import text

from gateway.registry.keys.enrolling import Enroller, EnrollmentRefusedError, Granted
from gateway.registry.keys.operating import issue_code, revoke_fingerprint, revoke_owner
from gateway.registry.keys.owners import Owner
from gateway.registry.keys.requests import RENEWAL_CONTEXT
from gateway.registry.pki import IssuingAuthority
from tests.keys_kit import OPERATOR, new_key, request_of
from tests.registry_kit import Shop, shop_on
from tests.unit.test_pki import NOW

ROUNDS = 8


@pytest_asyncio.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    """The smallest registry."""
    async with shop_on(database_url) as made:
        yield made


@pytest_asyncio.fixture
async def enroller(shop: Shop, tmp_path: Path) -> Enroller:
    """Whoever admits clients."""
    return Enroller(shop.engine, IssuingAuthority.create(tmp_path / "ca", NOW).certify_client)


async def code_of(shop: Shop) -> str:
    """A new code of the shop's till."""
    async with shop.engine.begin() as connection:
        issued = await issue_code(connection, Owner(terminal_id=shop.terminal_id), "Первый")
    return issued.code.text


def der_of(granted: Granted) -> bytes:
    """The certificate that was granted."""
    return load_pem_x509_certificate(granted.chain_pem).public_bytes(Encoding.DER)


async def renewed(enroller: Enroller, granted: Granted, key: EllipticCurvePrivateKey) -> Granted | None:
    """Its successor; None if it gets none."""
    request = request_of(new_key())
    signature = key.sign(RENEWAL_CONTEXT + request, ECDSA(SHA256()))
    try:
        return await enroller.renew(der_of(granted), request, signature)
    except EnrollmentRefusedError:
        return None


async def active(shop: Shop) -> int:
    """How many keys of the till may still be used."""
    async with shop.engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT count(*) FROM client_key WHERE terminal_id = :id AND revoked_at IS NULL"),
            {"id": shop.terminal_id},
        )
    count: int = rows.scalar_one()
    return count


async def test_one_code_for_several_keys_at_once_admits_one(shop: Shop, enroller: Enroller) -> None:
    """The same key is answered alike, however often it comes at the same moment."""
    code, mine = await code_of(shop), request_of(new_key())
    requests = [mine, request_of(new_key()), mine, request_of(new_key()), mine]
    said = await asyncio.gather(*(enroller.enroll(code, r) for r in requests), return_exceptions=True)
    granted = {answer.chain_pem for answer in said if isinstance(answer, Granted)}
    refused = [answer for answer in said if not isinstance(answer, Granted)]
    assert (1, 1) == (len(granted), await active(shop))
    assert all(isinstance(error, EnrollmentRefusedError) for error in refused)


async def test_one_certificate_is_renewed_once_at_the_same_moment(shop: Shop, enroller: Enroller) -> None:
    """Of two copies of a folder one loses, and is found out."""
    key = new_key()
    first = await enroller.enroll(await code_of(shop), request_of(key))
    said = await asyncio.gather(*(renewed(enroller, first, key) for _ in range(4)))
    assert 1 == len([answer for answer in said if answer is not None])
    assert 2 == await active(shop)


async def test_nobody_renews_himself_past_a_revocation(shop: Shop, enroller: Enroller) -> None:
    """Whichever of the two comes first, no key of a revoked client is left."""
    owner = Owner(terminal_id=shop.terminal_id)

    async def revoke() -> None:
        async with shop.engine.begin() as connection:
            await revoke_owner(connection, owner, "stolen", by=OPERATOR)

    for _ in range(ROUNDS):
        key = new_key()
        first = await enroller.enroll(await code_of(shop), request_of(key))
        await asyncio.gather(renewed(enroller, first, key), revoke())
        assert 0 == await active(shop)


async def test_a_revoked_key_takes_its_successors_along(shop: Shop, enroller: Enroller) -> None:
    """A thief who has renewed what he stole is out all the same, also if he does so at that very moment."""

    async def revoke(granted: Granted) -> None:
        async with shop.engine.begin() as connection:
            await revoke_fingerprint(connection, sha256(der_of(granted)).digest(), "stolen", by=OPERATOR)

    for _ in range(ROUNDS):
        key, next_key = new_key(), new_key()
        first = await enroller.enroll(await code_of(shop), request_of(key))
        request = request_of(next_key)
        signature = key.sign(RENEWAL_CONTEXT + request, ECDSA(SHA256()))
        second = await enroller.renew(der_of(first), request, signature)
        await asyncio.gather(renewed(enroller, second, next_key), revoke(second))
        await revoke(first)
        assert 0 == await active(shop)
