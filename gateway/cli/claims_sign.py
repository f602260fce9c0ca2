"""tillgate claims sign: the seal of a filed claim, and the merchant's signature under it."""

import shlex
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import asyncpg
import click
from rich.markup import escape
from rich.table import Table

from gateway.cli.claims_operator import bytes_of, operator
from gateway.cli.claims_sealing import sealed
from gateway.cli.claims_support import with_claims
from gateway.cli.people_support import by_option
from gateway.cli.registry_support import FILE, json_option, print_json, shown_since
from gateway.cli.support import console, keys_option, public_keys
from gateway.domain.settlement_terms import SignatureForm
from gateway.runtime.keys import load_signer
from gateway.runtime.settings import Settings
from settlement.errors import SettlementError
from settlement.signing import authority as xml
from settlement.signing import cms, keeping, scans
from settlement.signing.errors import SigningCode
from settlement.signing.seal import Seal, read_seal, verify_seal
from settlement.signing.verifier import TIMEOUT_S, Answer, CommandVerifier, Verdict

_CLAIM = click.argument("claim_id", metavar="CLAIM", type=int)
_DOCUMENTS = click.option("--document", "documents", type=FILE, multiple=True, help="A document of it.")


@click.group("sign")
def sign_group() -> None:
    """Seals and signatures under claims. See docs/review.md."""


@sign_group.command("seal")
@_CLAIM
@by_option
def seal_command(claim_id: int, by: str) -> None:
    """Make the documents of a filed claim and seal both with the gateway's key of outcomes.

    Filing does so itself; this is for a claim whose filing was broken off in between.
    """

    async def work(connection: asyncpg.Connection, settings: Settings) -> Seal:
        return await sealed(connection, settings, claim_id, await operator(settings, by))

    click.echo(f"claim {claim_id} is sealed by {with_claims(work).key_id}")


@sign_group.command("statement")
@_CLAIM
@click.option("--to", "file", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where.")
def statement_command(claim_id: int, file: Path) -> None:
    """Write the text that the merchant signs, byte for byte."""

    async def work(connection: asyncpg.Connection, _: Settings) -> Seal | None:
        return await read_seal(connection, claim_id)

    seal = with_claims(work, reads_only=True)
    if seal is None:
        raise click.ClickException(str(SettlementError(SigningCode.NOT_SEALED, claim_id=claim_id)))
    file.write_bytes(seal.statement.encode())


@sign_group.command("verify")
@_CLAIM
@_DOCUMENTS
@keys_option()
def verify_command(claim_id: int, documents: tuple[Path, ...], keys_file: Path | None) -> None:
    """Verify a seal against the claim and its documents; without --keys only by the present key."""
    given = public_keys(keys_file) if keys_file else None

    async def work(connection: asyncpg.Connection, settings: Settings) -> Seal:
        signer = load_signer(settings)
        keys = given or {signer.key_id: signer.public_key}
        return await verify_seal(connection, claim_id, keys, _digests(documents))

    seal = with_claims(work, reads_only=True)
    click.echo(f"whole: claim {claim_id} as it was sealed at {seal.sealed_at.isoformat(timespec='seconds')}")


@sign_group.command("add")
@_CLAIM
@click.argument("file", type=FILE)
@click.option("--authority", type=FILE, help="The power of attorney (МЧД, XML), where an employee signs.")
@click.option("--paper", "is_paper", is_flag=True, help="FILE is the scan of a claim signed on paper.")
@by_option
def add_command(claim_id: int, file: Path, authority: Path | None, is_paper: bool, by: str) -> None:
    """Take in the merchant's signature: a detached CMS over the statement, or a scan."""

    content = bytes_of(file, scans.BYTES_MAX if is_paper else cms.BYTES_MAX)
    power = bytes_of(authority, xml.BYTES_MAX) if authority else None

    async def work(connection: asyncpg.Connection, settings: Settings) -> keeping.Signature:
        actor = await operator(settings, by)
        async with connection.transaction():
            return await keeping.take_signature(
                connection,
                claim_id,
                content,
                form=SignatureForm.PAPER if is_paper else SignatureForm.QUALIFIED,
                authority=power,
                by=actor,
            )

    taken = with_claims(work)
    click.echo(f"signature {taken.id}: SIGNATURE_{taken.answer.value}")


@sign_group.command("check")
@click.argument("signature_id", metavar="SIGNATURE", type=int)
@click.option("--with", "program", required=True, help="The program that verifies, with its options.")
@click.option("--timeout", "timeout_s", type=float, default=TIMEOUT_S, show_default=True, help="Seconds.")
@by_option
def check_command(signature_id: int, program: str, timeout_s: float, by: str) -> None:
    """Ask a program about a qualified signature. Exit code 1 if it is invalid, or without an answer."""

    async def work(connection: asyncpg.Connection, settings: Settings) -> keeping.Signature:
        actor = await operator(settings, by)
        verifier = CommandVerifier(shlex.split(program), timeout_s)
        return await keeping.ask_verifier(connection, signature_id, verifier, by=actor)

    _tell(with_claims(work))


@sign_group.command("judge")
@click.argument("signature_id", metavar="SIGNATURE", type=int)
@click.option("--valid/--invalid", "is_valid", required=True, help="What the paper shows.")
@click.option("--detail", required=True, help="What was compared with what.")
@by_option
def judge_command(signature_id: int, is_valid: bool, detail: str, by: str) -> None:
    """Say what a person found who compared a scan with the paper."""

    async def work(connection: asyncpg.Connection, settings: Settings) -> keeping.Signature:
        actor = await operator(settings, by)
        verdict = Verdict(Answer.VALID if is_valid else Answer.INVALID, detail)
        async with connection.transaction():
            return await keeping.judge_scan(connection, signature_id, verdict, by=actor)

    _tell(with_claims(work))


@sign_group.command("show")
@_CLAIM
@json_option
def show_command(claim_id: int, as_json: bool) -> None:
    """Every signature under a claim, the newest first: that one counts."""

    async def work(connection: asyncpg.Connection, _: Settings) -> list[keeping.Signature]:
        return await keeping.signatures_of(connection, claim_id)

    found = with_claims(work, reads_only=True)
    if as_json:
        print_json(found)
        return
    table = Table("id", "form", "state", "handed in", "by", "answered", "by", "detail", title="Signatures")
    for one in found:
        table.add_row(
            str(one.id), one.form, f"SIGNATURE_{one.answer.value}", shown_since(one.handed_in_at),
            escape(one.handed_in_by), shown_since(one.answered_at), escape(one.answered_by),
            escape(one.detail),
        )  # fmt: skip
    console().print(table)


def _tell(found: keeping.Signature) -> None:
    told = f"signature {found.id}: SIGNATURE_{found.answer.value} {found.detail}".rstrip()
    if found.answer is not Answer.VALID:
        raise click.ClickException(told)
    click.echo(told)


def _digests(documents: tuple[Path, ...]) -> Mapping[str, bytes]:
    """SHA-256 by the files' names, as they are sealed."""
    return {one.name: sha256(one.read_bytes()).digest() for one in documents}
