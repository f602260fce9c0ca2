"""Builders for tests of documents and bundles: a sealed month of claims on a real ledger."""

from pathlib import Path

from gateway.cli.claims_documents import drawn_up
from gateway.ledger.seals.making import seal_due_days
from gateway.registry.signing import OutcomeSigner
from settlement.claims.model import Claim
from settlement.documents.bundle import write_bundle
from settlement.documents.making import MadeDocuments
from settlement.documents.shelf import Document, put_on_shelf
from settlement.signing.seal import seal_claim
from tests.claims_kit import CLERK, Town, month_from


async def sign_outcomes(town: Town, signer: OutcomeSigner) -> None:
    """Sign what the town's ledger answered, which has a stand-in for a signature."""
    rows = await town.connection.fetch("SELECT merchant_id, request_id, signed_payload FROM outcome")
    await town.connection.executemany(
        "UPDATE outcome SET signature = $3, key_id = $4 WHERE merchant_id = $1 AND request_id = $2",
        [
            (row["merchant_id"], row["request_id"], signer.sign(row["signed_payload"]), signer.key_id)
            for row in rows
        ],
    )


async def month_of(town: Town, signer: OutcomeSigner) -> Claim:
    """Two sales, a refund and a sale without a receipt; claimed and filed when the month is sealed."""
    await town.sell(100_00)
    await town.refund(await town.sell(50_00, 12), 4)
    await town.sell(7_00, has_receipt=False)
    month = town.month
    await sign_outcomes(town, signer)
    await town.on(month_from(month, 1))
    await seal_due_days(town.connection, signer)
    return await town.file(await town.build(month))


async def seal(town: Town, claim: Claim, signer: OutcomeSigner, folder: Path) -> None:
    """Make a claim's documents, keep them, and seal both."""
    made = await documents_of(town, claim, folder)
    files = (made.claim_pdf, made.register_xlsx, made.register_csv, made.claim_json)
    kinds = (Document.CLAIM_PDF, Document.REGISTER_XLSX, Document.REGISTER_CSV, Document.JSON)
    async with town.connection.transaction():
        digests = await put_on_shelf(town.connection, claim.id, dict(zip(kinds, files, strict=True)))
        await seal_claim(town.connection, claim.id, signer, documents=digests, by=CLERK)


async def documents_of(town: Town, claim: Claim, folder: Path, is_reviewed: bool = False) -> MadeDocuments:
    """The claim's documents as the command makes them, from its lines two by two."""
    return await drawn_up(town.connection, claim, folder, is_reviewed=is_reviewed, lines_at_once=2)


async def bundled(town: Town, claim: Claim, target: Path, signer: OutcomeSigner) -> str:
    """The claim's bundle; the manifest's SHA-256."""

    async def documents(folder: Path, is_reviewed: bool) -> MadeDocuments:
        return await documents_of(town, claim, folder, is_reviewed)

    keys = {signer.key_id: signer.public_key}
    return await write_bundle(town.connection, claim, target, documents_of=documents, keys=keys)
