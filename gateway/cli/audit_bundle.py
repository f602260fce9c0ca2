"""tillgate audit bundle: all evidence of a claim in one package, and its verification."""

import sys
from collections.abc import Mapping
from pathlib import Path

import asyncpg
import click

from gateway.cli.claims_documents import documents_of
from gateway.cli.claims_support import with_claims
from gateway.cli.progress import progress_bar
from gateway.cli.support import FAILED, keys_option, public_keys
from gateway.runtime.keys import load_signer
from gateway.runtime.settings import Settings
from settlement.claims.reading import read_claim
from settlement.documents.bundle import write_bundle
from settlement.documents.bundle_checking import check_bundle
from settlement.documents.making import MadeDocuments
from settlement.ledger_reader.archived_months import lock_ledger

PLACE = click.Path(path_type=Path)


@click.command("bundle")
@click.argument("claim_id", metavar="[CLAIM]", type=int, required=False)
@click.option("--to", "target", type=PLACE, help="A folder that is not there yet, or a file NAME.zip.")
@click.option(
    "--verify", "package", type=click.Path(exists=True, path_type=Path), help="Verify this bundle instead."
)
@keys_option()
def bundle_command(
    claim_id: int | None, target: Path | None, package: Path | None, keys_file: Path | None
) -> None:
    """Pack everything behind a claim, or --verify such a package without a database.

    The package holds agreement, documents, receipts, decisions, signed answers, day seals, approvals and
    payments, and tells in Russian how to verify it by hand. Prints the SHA-256 of its manifest: note it
    elsewhere. Verification names what was tampered with, with exit code 1. docs/documents.md tells more.
    """
    keys = public_keys(keys_file) if keys_file else None
    if package is not None:
        if claim_id is not None or target is not None:
            raise click.UsageError("--verify goes without CLAIM and --to")
        _verify(package, keys)
    elif claim_id is None or target is None:
        raise click.UsageError("either CLAIM and --to, or --verify")
    else:
        _write(claim_id, target, keys)


def _write(claim_id: int, target: Path, keys: Mapping[str, bytes] | None) -> None:
    async def work(connection: asyncpg.Connection, settings: Settings) -> str:
        signer = load_signer(settings)
        known = keys or {signer.key_id: signer.public_key}
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await lock_ledger(connection)
            claim = await read_claim(connection, claim_id)

            async def documents(folder: Path, is_reviewed: bool) -> MadeDocuments:
                return await documents_of(connection, claim, folder, is_reviewed=is_reviewed)

            with progress_bar() as bar:
                task = bar.add_task(f"claim {claim_id}", total=claim.line_count, told="")
                return await write_bundle(
                    connection,
                    claim,
                    target,
                    documents_of=documents,
                    keys=known,
                    progress=lambda lines: bar.update(task, advance=lines),
                )

    manifest_sha256 = with_claims(work)
    click.echo(target)
    click.echo(f"manifest {manifest_sha256}")


def _verify(package: Path, keys: Mapping[str, bytes] | None) -> None:
    try:
        with progress_bar() as bar:
            task = bar.add_task("audit bundle", total=None, told="")
            checked = check_bundle(package, keys, lambda name: bar.update(task, told=name))
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    for problem in checked.problems:
        click.echo(f"{problem.file}: {problem.what}")
    if checked.problems:
        sys.exit(FAILED)
    counts = (
        f"{checked.lines:,} lines, {checked.outcomes:,} signed answers, {checked.sealed:,} of them sealed"
    )
    click.echo(f"whole: claim {checked.claim_id}, {counts}")
    if keys is None:
        click.echo("the keys are the bundle's own: bring those of the department as --keys")
    click.echo(f"control sum {checked.control_sum}")
    click.echo(f"manifest {checked.manifest_sha256}")
