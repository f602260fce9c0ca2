"""A merchant compares a day's seal with what it kept, by every client, at the real gateway."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.policy import day_end, moscow_date
from gateway.ledger.seals.making import seal_due_days
from gateway.registry.signing import OutcomeSigner
from gateway.runtime.database import driver_connection, make_engine
from merchant_sdk import (
    Desk,
    JournalRecord,
    NotFoundError,
    OutcomeArchive,
    Reason,
    SealedDay,
    SealMismatchError,
    SignatureError,
)
from merchant_sdk.day_seals import DaySeal
from merchant_sdk.methods import Method
from merchant_sdk.request_ids import new_request_id
from merchant_sdk.signatures import OutcomeKeys, SignedBytes
from tests.sdk_support.real import RealGateway
from tests.sdk_support.tills import FLAVOURS, HOLDER, MILK_AND_BEER, STRANGER, Till, till_of
from tillgate.v1 import purchase_pb2 as pb
from tillgate.v1 import record_service_pb2 as record_pb

TODAY = moscow_date(datetime.now(UTC))


@dataclass(frozen=True)
class Place:
    """A till with its archive, the concentrator of its merchant, and the gateway's database and key."""

    till: Till
    chain: Till
    archive: OutcomeArchive
    database_url: str
    signer: OutcomeSigner
    keys: OutcomeKeys
    terminal_id: int

    async def seal(self) -> None:
        """Let the day after tomorrow come, and seal."""
        engine = make_engine(self.database_url, pool_size=1)
        ahead = day_end(TODAY) + timedelta(days=1, hours=1) - datetime.now(UTC)
        async with driver_connection(engine) as connection:
            await connection.execute(
                "CREATE OR REPLACE FUNCTION tillgate_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS"
                f" 'SELECT clock_timestamp() + interval ''{ahead.total_seconds()} s'''"
            )
            # The gateway, which has just started, may be at it itself.
            async with asyncio.timeout(20):
                while 2 != await connection.fetchval("SELECT count(*) FROM day_seal"):
                    await seal_due_days(connection, self.signer)
        await engine.dispose()

    def archived(self) -> list[SignedBytes]:
        """What the merchant kept."""
        return list(self.archive)


@pytest.fixture(params=FLAVOURS)
async def at(
    request: pytest.FixtureRequest, gateway: RealGateway, database_url: str, tmp_path: Path
) -> AsyncIterator[Place]:
    """A till of each flavour that has sold twice and been refused once."""
    credentials = gateway.straight
    async with (
        till_of(request.param, credentials) as till,
        till_of(request.param, gateway.concentrator) as chain,
    ):
        archive = OutcomeArchive(tmp_path / "outcomes.jsonl")
        for card in (HOLDER, HOLDER, STRANGER):
            archive.keep((await till.sale(card, MILK_AND_BEER, accept_partial=True)).signed)
        terminal_id = pb.SignedOutcome.FromString(next(iter(archive)).payload).terminal_id
        signer = OutcomeSigner.load(tmp_path / "keys" / "outcome_signing_key.pem")
        yield Place(till, chain, archive, database_url, signer, credentials.outcome_keys, terminal_id)


async def test_what_a_till_kept_is_what_the_day_vouches_for(at: Place) -> None:
    """Declines too; the same by the concentrator; and the next day stands on this one."""
    with pytest.raises(NotFoundError) as unsealed:
        await at.till.day_seal(TODAY)
    assert Reason.DAY_NOT_SEALED is unsealed.value.reason
    await at.seal()
    for client in (at.till, at.chain):
        day = await client.sealed_day(TODAY)
        found = day.compare(at.archive, client.open_requests())
        assert (3, True) == (found.compared, found.is_clean)
        assert {at.terminal_id} == {leaf.terminal_id for leaf in day.leaves}
        tomorrow = await client.day_seal(TODAY + timedelta(days=1))
        assert (0, 0) == (tomorrow.outcome_count, tomorrow.merchant_count)
        assert tomorrow.follows(day.seal)
        assert not day.seal.follows(tomorrow)
        assert (await client.sealed_day(tomorrow.day)).compare(at.archive).is_clean


async def test_what_the_seal_lacks_and_what_the_merchant_lacks_is_named(at: Place) -> None:
    """By request id: the archive's evidence, and what the till should ask for."""
    lost = await at.till.sale(HOLDER, MILK_AND_BEER, accept_partial=True)
    await at.seal()
    day = await at.till.sealed_day(TODAY)
    (unknown,) = day.compare(at.archive).unknown
    assert (lost.request_id, at.terminal_id) == (unknown.request_id, unknown.terminal_id)
    assert day.compare(at.archive, terminal_ids=[at.terminal_id + 1]).is_clean
    record = JournalRecord(lost.request_id, Method.SALE, at.terminal_id)
    still_open = day.compare(at.archive, [record])
    assert ((lost.request_id,), ()) == (tuple(still_open.still_open), tuple(still_open.unknown))

    kept = pb.SignedOutcome.FromString(at.archived()[0].payload)
    kept.request_id = str(new_request_id())
    stranger = SignedBytes(kept.SerializeToString(), at.archived()[0].signature, "key")
    found = day.compare([*at.archived(), lost.signed, stranger])
    assert (4 + 1, [kept.request_id]) == (found.compared, [str(one) for one in found.missing])

    changed = replace(at.archived()[0], signature=b"another")
    found = day.compare([changed, *at.archived()[1:], lost.signed])
    assert [pb.SignedOutcome.FromString(changed.payload).request_id] == [str(one) for one in found.differing]
    assert ([], []) == (found.missing, found.unknown)


async def test_outcomes_of_other_days_and_merchants_are_passed_over(at: Place) -> None:
    """An archive holds years; Moscow's midnight divides it."""
    await at.seal()
    day = await at.till.sealed_day(TODAY)
    other = pb.SignedOutcome.FromString(at.archived()[0].payload)
    other.merchant_id += 1
    later = pb.SignedOutcome.FromString(at.archived()[0].payload)
    later.decided_at.FromDatetime(day_end(TODAY))
    more = [SignedBytes(one.SerializeToString(), b"", "key") for one in (other, later)]
    assert day.compare([*at.archived(), *more]).is_clean
    last_moment = pb.SignedOutcome.FromString(at.archived()[0].payload)
    last_moment.decided_at.FromDatetime(day_end(TODAY) - timedelta(microseconds=1))
    last_moment.request_id = str(new_request_id())
    found = day.compare([*at.archived(), SignedBytes(last_moment.SerializeToString(), b"", "key")])
    assert [last_moment.request_id] == [str(one) for one in found.missing]
    with pytest.raises(SealMismatchError):
        day.compare([SignedBytes(b"\xff", b"", "key")])


async def test_a_gateway_that_tells_another_day_is_not_believed(at: Place) -> None:
    """Neither another text, nor another root of the merchant, nor other leaves."""
    await at.seal()
    day = await at.till.sealed_day(TODAY)
    part = record_pb.MerchantPart(
        merchant_id=day.seal.merchant_id, outcome_count=3, root=day.seal.merchant_root, position=1
    )
    signed = day.seal.signed
    whole = record_pb.GetDaySealResponse(
        seal=record_pb.DaySeal(statement=signed.payload, signature=signed.signature, key_id=signed.key_id),
        merchant=part,
    )
    with pytest.raises(SealMismatchError):  # the way to the root is missing
        DaySeal.opened(whole, TODAY, at.keys, day.seal.merchant_id)
    with pytest.raises(SealMismatchError):
        DaySeal.opened(whole, TODAY + timedelta(days=1), at.keys, day.seal.merchant_id)
    with pytest.raises(SealMismatchError):
        DaySeal.opened(whole, TODAY, at.keys, day.seal.merchant_id + 1)
    whole.seal.statement = signed.payload.replace(b"merchants 2", b"merchants 1")
    with pytest.raises(SignatureError):
        DaySeal.opened(whole, TODAY, at.keys, day.seal.merchant_id)
    outcome = at.archived()[0]
    whole.seal.CopyFrom(
        record_pb.DaySeal(statement=outcome.payload, signature=outcome.signature, key_id=outcome.key_id)
    )
    with pytest.raises(SignatureError):  # signed, and no seal
        DaySeal.opened(whole, TODAY, at.keys, day.seal.merchant_id)

    told = [
        record_pb.DayLeaf(hash=leaf.hash, request_id=str(leaf.request_id), terminal_id=leaf.terminal_id)
        for leaf in day.leaves
    ]
    assert day == SealedDay.of(day.seal, told)
    spoilt = record_pb.DayLeaf(hash=told[0].hash[:-1] + b"\x00\x01")
    moved = record_pb.DayLeaf(hash=b"")
    for leaves in (told[:-1], [*told, told[0]], told[::-1], [spoilt, *told[1:]], [moved, *told[1:]]):
        with pytest.raises(SealMismatchError):
            SealedDay.of(day.seal, leaves)


async def test_a_shift_of_a_terminal_is_in_the_day_too(at: Place) -> None:
    """Every command of a till, not purchases alone."""
    at.archive.keep((await at.till.close_shift(Desk(shift_number=1))).signed)
    await at.seal()
    found = (await at.till.sealed_day(TODAY)).compare(at.archive)
    assert (4, True) == (found.compared, found.is_clean)


async def test_the_day_that_never_was_is_not_sealed(at: Place) -> None:
    """A day is asked for as it is written."""
    with pytest.raises(NotFoundError):
        await at.till.day_seal(date(1970, 1, 1))
