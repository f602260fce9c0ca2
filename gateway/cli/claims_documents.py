"""tillgate claims documents, forms: what is printed and exported of a claim, and by which templates."""

from pathlib import Path

import asyncpg
import click
from rich.table import Table

from gateway.cli.claims_support import with_claims
from gateway.cli.people_support import actor, signed
from gateway.cli.progress import progress_bar
from gateway.cli.support import console
from gateway.runtime.settings import Settings
from settlement.claims.model import Claim
from settlement.claims.reading import claim_lines, read_claim
from settlement.documents.claim_pdf import dated_at
from settlement.documents.forms import Form, add_form, form_at, forms
from settlement.documents.making import MadeDocuments, Progress, make_documents
from settlement.documents.sample import check_printable
from settlement.documents.shelf import take_from_shelf
from settlement.ledger_reader.archived_months import lock_ledger
from settlement.ledger_reader.documents import details_of, names_of, seals_of

FOLDER = click.Path(file_okay=False, path_type=Path)
LINES_AT_ONCE = 2000
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


async def documents_of(
    connection: asyncpg.Connection,
    claim: Claim,
    folder: Path,
    *,
    is_reviewed: bool = False,
    progress: Progress = lambda _: None,
) -> MadeDocuments:
    """The documents of a claim: those that were sealed, else made now.

    The caller is in a transaction that sees one state of it.
    """
    if not is_reviewed and (sealed := await take_from_shelf(connection, claim, folder)):
        progress(claim.line_count)
        return sealed
    return await drawn_up(connection, claim, folder, is_reviewed=is_reviewed, progress=progress)


async def drawn_up(
    connection: asyncpg.Connection,
    claim: Claim,
    folder: Path,
    *,
    is_reviewed: bool = False,
    progress: Progress = lambda _: None,
    lines_at_once: int = LINES_AT_ONCE,
) -> MadeDocuments:
    """The documents of a claim, made now; the caller's transaction sees one state of it."""
    return await make_documents(
        claim,
        claim_lines(connection, claim.id, lines_at_once),
        details_of=lambda lines: details_of(connection, claim.agreement_id, lines),
        names=await names_of(connection, claim.participant.merchant_id, dated_at(claim)),
        seals=await seals_of(connection, claim.id, dated_at(claim)),
        form=await form_at(connection, claim.terms.form, dated_at(claim)),
        folder=folder,
        is_reviewed=is_reviewed,
        progress=progress,
    )


@click.command("documents")
@click.argument("claim_id", metavar="CLAIM", type=int)
@click.option(
    "--to", "folder", required=True, type=FOLDER, help="Where to; files of a run before are replaced."
)
@click.option("--reviewed", "is_reviewed", is_flag=True, help="With what the review decided of each line.")
def documents_command(claim_id: int, folder: Path, is_reviewed: bool) -> None:
    """Write a claim's register (XLSX, CSV), the claim on paper (PDF) and both as JSON, with one control sum.

    They say what was filed, and are the same bytes whenever they are written.
    """

    async def work(connection: asyncpg.Connection, _: Settings) -> MadeDocuments:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await lock_ledger(connection)
            claim = await read_claim(connection, claim_id)
            with progress_bar() as bar:
                task = bar.add_task(f"claim {claim_id}", total=claim.line_count, told="")
                return await documents_of(
                    connection,
                    claim,
                    folder,
                    is_reviewed=is_reviewed,
                    progress=lambda lines: bar.update(task, advance=lines),
                )

    made = with_claims(work)
    for path in made.files:
        click.echo(path)
    click.echo(f"control sum {made.control_sum}")


@click.group("forms")
def forms_group() -> None:
    """The templates of documents; an agreement's terms name one. docs/documents.md tells more."""


@forms_group.command("list")
def forms_list_command() -> None:
    """All versions; version 0 comes with the program."""

    async def work(connection: asyncpg.Connection, _: Settings) -> list[Form]:
        return await forms(connection)

    table = Table("form", "version", "SHA-256", title="Forms of documents")
    for form in with_claims(work):
        table.add_row(form.name, str(form.version), form.sha256)
    console().print(table, markup=False)


@forms_group.command("add")
@click.argument("name")
@click.argument("file", type=FILE)
@signed()
def forms_add_command(name: str, file: Path, by: str) -> None:
    """Add a Typst text as the next version of a form. A sample is printed by it first."""
    try:
        form = Form(name, 0, file.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise click.BadParameter(f"{file} is not UTF-8: {error}", param_hint="FILE") from error

    async def work(connection: asyncpg.Connection, _: Settings) -> Form:
        check_printable(form)
        async with connection.transaction():
            return await add_form(connection, form, by=actor(by).id)

    added = with_claims(work)
    click.echo(f"{added.name} {added.version} {added.sha256}")


@forms_group.command("show")
@click.argument("name")
@click.option("--version", type=click.IntRange(0), help="Which one.  [default: the newest]")
def forms_show_command(name: str, version: int | None) -> None:
    """The text of a form."""

    async def work(connection: asyncpg.Connection, _: Settings) -> list[Form]:
        return await forms(connection)

    found = [form for form in with_claims(work) if form.name == name and version in (None, form.version)]
    if not found:
        raise click.ClickException(f"there is no form {name}" + ("" if version is None else f" {version}"))
    click.echo(found[-1].body, nl=False)
