"""Sealing a filed claim: its documents are made and kept, and one signature vouches for all of it."""

from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg

from gateway.cli.claims_documents import documents_of
from gateway.cli.progress import progress_bar
from gateway.record.words import Actor
from gateway.runtime.keys import load_signer
from gateway.runtime.settings import Settings
from settlement.claims.reading import read_claim
from settlement.documents.shelf import Document, put_on_shelf
from settlement.signing.seal import Seal, read_seal, seal_claim


async def sealed(connection: asyncpg.Connection, settings: Settings, claim_id: int, by: Actor) -> Seal:
    """The seal of a filed claim, made if there is none yet; raises SettlementError, such as NOT_FILED."""
    seal = await read_seal(connection, claim_id)
    if seal is not None:
        return seal
    with TemporaryDirectory(prefix="tillgate-claim-") as folder, progress_bar() as bar:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            claim = await read_claim(connection, claim_id)
            task = bar.add_task(f"documents of claim {claim_id}", total=claim.line_count, told="")
            made = await documents_of(
                connection, claim, Path(folder), progress=lambda lines: bar.update(task, advance=lines)
            )
        async with connection.transaction():
            digests = await put_on_shelf(
                connection,
                claim_id,
                {
                    Document.CLAIM_PDF: made.claim_pdf,
                    Document.REGISTER_XLSX: made.register_xlsx,
                    Document.REGISTER_CSV: made.register_csv,
                    Document.JSON: made.claim_json,
                },
            )
            return await seal_claim(connection, claim_id, load_signer(settings), documents=digests, by=by)
