"""A head office sees, signs and disputes its claims through the SDK, at the real gateway."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from gateway.cli.claims_sealing import sealed
from gateway.domain.policy import moscow_date
from gateway.record.words import Actor
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.settings import Settings
from merchant_sdk import (
    ClaimDocument,
    ClaimState,
    FiscalReceipt,
    NotFoundError,
    PermissionDeniedError,
    Reason,
    ReceiptKind,
    RefusedError,
    SyncTillClient,
)
from settlement.claims.building import build
from settlement.claims.filing import file
from settlement.claims.states import ClaimState as DeskState
from settlement.review.deciding import take_up
from tests.review_desk import FIRST, Review
from tests.review_kit import Archive
from tests.sdk_support.real import RealGateway
from tests.sdk_support.tills import FLAVOURS, HOLDER, MILK_AND_BEER, Till, till_of

CLERK = Actor.person("clerk")
FIRST_DAY = moscow_date(datetime.now(UTC)).replace(day=1)
PAPER = b"%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n"


@dataclass(frozen=True)
class Office:
    """A head office, one of its tills, and the database as the department sees it."""

    chain: Till
    till: Till
    connection: asyncpg.Connection
    settings: Settings
    agreement_id: int

    async def file(self) -> int:
        """Build and file the claim of this month once it is over; its number."""
        claim = await build(self.connection, self.agreement_id, FIRST_DAY, by=CLERK)
        await file(self.connection, claim.id, by=CLERK)
        await sealed(self.connection, self.settings, claim.id, CLERK)
        return claim.id


@pytest.fixture(params=[name for name in FLAVOURS if name != "stream"])
async def office(
    request: pytest.FixtureRequest, gateway: RealGateway, database_url: str, tmp_path: Path
) -> AsyncIterator[Office]:
    """A month in which a till sold once with its receipt and once without, and that is over."""
    engine = make_engine(database_url, pool_size=1)
    async with (
        till_of(request.param, gateway.straight) as till,
        till_of(request.param, gateway.concentrator) as chain,
        driver_connection(engine) as connection,
    ):
        inn = await connection.fetchval("SELECT inn FROM merchant")
        for receipts in ([receipt(inn, 1)], []):
            await till.sale(HOLDER, MILK_AND_BEER, accept_partial=True, receipts=receipts)
        await connection.execute(
            """UPDATE agreement SET settings = '{"settlement": {"signature": "PAPER"}}'"""
        )
        ahead = (FIRST_DAY + timedelta(days=40)).replace(day=5) - date.today()  # noqa: DTZ011 far apart
        await connection.execute(
            "CREATE OR REPLACE FUNCTION tillgate_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS"
            f" 'SELECT clock_timestamp() + interval ''{ahead.days} days'''"
        )
        agreement_id = await connection.fetchval("SELECT id FROM agreement")
        yield Office(chain, till, connection, Settings(data_dir=tmp_path), agreement_id)
    await engine.dispose()


def receipt(inn: str, document: int) -> FiscalReceipt:
    """A receipt of the basket that is sold here."""
    return FiscalReceipt(
        kind=ReceiptKind.SALE,
        fiscal_drive_number="9999078900000001",
        fiscal_document_number=document,
        fiscal_sign=1,
        kkt_registration_number="0000000001000001",
        seller_inn=inn,
        shift_number=1,
        issued_at=datetime.now(UTC),
        total_kopecks=MILK_AND_BEER.total_kopecks,
    )


async def every(of: Till, method: str, *arguments: object, **options: object) -> list[Any]:
    """Everything that a listing yields, by either client."""
    listing = getattr(of.client, method)
    if isinstance(of.client, SyncTillClient):
        return await asyncio.to_thread(lambda: list(listing(*arguments, **options)))
    return [one async for one in listing(*arguments, **options)]


async def test_a_claim_is_seen_with_its_lines_and_documents(office: Office) -> None:
    """What matches is claimed, what lacks its receipt is told of; documents are those that were sealed."""
    claim_id = await office.file()
    [claim] = await every(office.chain, "list_claims", page_size=1)
    details = await office.chain.claim(claim_id)
    assert details.claim == claim
    assert (claim_id, ClaimState.FILED, FIRST_DAY) == (claim.claim_id, claim.state, claim.first_day)
    assert claim.net_kopecks > 0
    assert claim.unmatched_kopecks > 0
    lines = await every(office.chain, "claim_lines", claim_id, page_size=1)
    assert ["INCLUDED", "UNMATCHED"] == sorted(line.treatment for line in lines)
    assert [("NO_RECEIPT",)] == [line.mismatches for line in lines if line.treatment == "UNMATCHED"]
    assert ["BUILD", "FILE"] == [event.step for event in details.events]
    assert ["REVIEW"] == [term.kind for term in details.terms]
    seal = await office.chain.claim_document(claim_id, ClaimDocument.SEAL)
    for kind, magic in (
        (ClaimDocument.CLAIM_PDF, b"%PDF"),
        (ClaimDocument.REGISTER_XLSX, b"PK"),
        (ClaimDocument.REGISTER_CSV, "\ufeff".encode()),
        (ClaimDocument.JSON, b"{"),
    ):
        document = await office.chain.claim_document(claim_id, kind)
        assert document.content.startswith(magic)
        assert sha256(document.content).hexdigest().encode() in seal.content


async def test_a_claim_is_signed_once_however_often_it_is_sent(office: Office) -> None:
    """A scan where the agreement says so; until somebody looks at it it is unverified, and shown so."""
    claim_id = await office.file()
    for _ in range(2):
        assert "SIGNATURE_UNVERIFIED" == await office.chain.sign_claim(claim_id, paper_scan=PAPER)
    assert "SIGNATURE_UNVERIFIED" == (await office.chain.claim(claim_id)).signature_state
    assert 1 == await office.connection.fetchval("SELECT count(*) FROM claim_signature")


async def test_an_objection_goes_to_the_department_and_its_answer_comes_back(office: Office) -> None:
    """Said twice it is one; until it is answered it is open, and then the answer can be read."""
    claim_id = await office.file()
    await office.chain.sign_claim(claim_id, paper_scan=PAPER)
    review = Review(Archive(office.connection, 0, office.agreement_id), claim_id)
    async with office.connection.transaction():
        await take_up(office.connection, claim_id, by=FIRST)
    await review.refuse()
    assert DeskState.REFUSED is await review.decide()
    [number] = [n for n, verdict, _ in await review.lines() if verdict]
    said = [
        await office.chain.object_to_claim(claim_id, "Чек приложен.", line_numbers=[number]) for _ in range(2)
    ]
    assert said[0] == said[1]
    [asked] = (await office.chain.claim(claim_id)).objections
    assert (said[0].objection_id, (number,), "Чек приложен.", said[0].answer_due_on, "OPEN", "", None) == (
        asked.objection_id, asked.line_numbers, asked.text, asked.answer_due_on, asked.state, asked.answer,
        asked.answered_at,
    )  # fmt: skip
    await review.answer(asked.objection_id, is_upheld=False)
    [answered] = (await office.chain.claim(claim_id)).objections
    assert ("DISMISSED", "рассмотрено") == (answered.state, answered.answer)
    assert answered.answered_at is not None
    assert answered.answered_at >= asked.made_at


async def test_what_cannot_be_done_is_refused_by_name(office: Office) -> None:
    """A signature that is none, an objection to nothing, a claim of nobody; nothing is changed."""
    claim_id = await office.file()
    with pytest.raises(RefusedError, match="CMS_MALFORMED"):
        await office.chain.sign_claim(claim_id, qualified_signature=b"no signature")
    with pytest.raises(RefusedError, match="NOTHING_TO_OBJECT"):
        await office.chain.object_to_claim(claim_id, "Чек приложен.")
    with pytest.raises(NotFoundError) as unknown:
        await office.chain.claim(claim_id + 1)
    assert Reason.CLAIM_UNKNOWN is unknown.value.reason
    assert 0 == await office.connection.fetchval("SELECT count(*) FROM claim_signature")


async def test_another_merchants_claim_is_unknown(office: Office) -> None:
    """As if it were not there."""
    claim_id = await office.file()
    other = await office.connection.fetchval(
        "INSERT INTO merchant (inn, name) VALUES ('7707083893', 'other') RETURNING id"
    )
    await office.connection.execute("UPDATE claim SET merchant_id = $1", other)
    assert [] == await every(office.chain, "list_claims")
    for asked in (
        office.chain.claim(claim_id),
        office.chain.claim_document(claim_id, ClaimDocument.JSON),
        office.chain.sign_claim(claim_id, paper_scan=PAPER),
        office.chain.object_to_claim(claim_id, "Чек приложен."),
    ):
        with pytest.raises(NotFoundError):
            await asked


async def test_a_till_is_told_nothing(office: Office) -> None:
    """Claims are the head office's."""
    with pytest.raises(PermissionDeniedError) as refused:
        await office.till.receivables()
    assert Reason.CLAIMS_NOT_FOR_TILLS is refused.value.reason


async def test_operations_and_receivables_agree_with_the_claim(office: Office) -> None:
    """Each operation once, and every kopeck in one column."""
    before = await every(office.chain, "list_claim_operations", page_size=1)
    assert ["UNCLAIMED", "UNMATCHED"] == sorted(one.standing for one in before)
    claim_id = await office.file()
    after = await every(office.chain, "list_claim_operations", page_size=1)
    assert {("UNDER_REVIEW", claim_id)} == {
        (one.standing, one.claim_id) for one in after if one.standing != "UNMATCHED"
    }
    claim = (await office.chain.claim(claim_id)).claim
    [owed] = [one for one in await office.chain.receivables() if one.under_review_kopecks]
    assert claim.net_kopecks == owed.under_review_kopecks
    assert claim.unmatched_kopecks == owed.unmatched_kopecks
