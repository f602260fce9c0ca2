"""tillgate certificates issue: a file of certificates, credited row by row, by one person or by two."""

import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from msgspec import Struct

from gateway.cli.ledger_commands import proposed, reason_option
from gateway.cli.ledger_support import with_ledger
from gateway.cli.people_support import by_option, noted, signatory, told_refusals
from gateway.cli.progress import progress_bar
from gateway.cli.support import FAILED
from gateway.ledger.issuing import BATCH, Answered, BulkIssuer, IssuingStoppedError
from gateway.ledger.issuing.files import CertificateFile, FileError
from gateway.ledger.issuing.results import Results, result_path
from gateway.people.approvals import ProposalKind
from gateway.people.roles import Permission, Signatory
from gateway.record.words import Action, Subject, SubjectKind
from gateway.registry.cards import ring_token
from gateway.runtime.bootstrap import LedgerParts
from gateway.runtime.database import driver_connection
from gateway.runtime.keys import load_card_keys
from gateway.runtime.settings import Settings

BROKEN_OFF = 2
"""Exit code of a bulk issue that could not go on: the same file is to be loaded again."""


class Issued(Struct, frozen=True):
    """What came of a file: its results, and why the run broke off if it did."""

    results: Results
    stopped: str | None

    @property
    def told(self) -> str:
        """The counts in one line."""
        return ", ".join(f"{self.results.counts[answered]:,} {answered.lower()}" for answered in Answered)


@click.command("issue")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--result",
    "result_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the answer of each row goes.  [default: FILE.result.csv]",
)
@reason_option
@by_option
def issue_command(file: Path, result_file: Path | None, reason: str | None, by: str) -> None:
    """Credit the certificates of FILE (CSV or JSON lines), row by row. Takes two persons in production.

    A row is known by its issue_ref: a file that is loaded again credits nothing twice, and a run that
    broke off is simply repeated. Exit code 1 if rows were refused, 2 if the run broke off.
    """
    result = result_of(file, result_file)

    async def work(parts: LedgerParts, settings: Settings) -> Issued | str:
        who = await signatory(settings, by)
        if settings.enforces_four_eyes:
            payload = described(file, settings)
            return await proposed(settings, ProposalKind.ISSUE_CERTIFICATES, payload, who, reason)
        return await issued(file, result, parts, settings, by=who)

    with told_refusals():
        done = with_ledger(work, batch_limit=BATCH)
    if isinstance(done, str):
        click.echo(done)
    else:
        tell(done)


def result_of(file: Path, result_file: Path | None) -> Path:
    """Where the answers go. Raises click.BadParameter for the file itself."""
    result = result_file or result_path(file)
    if result.resolve() == file.resolve():
        raise click.BadParameter("is the file itself", param_hint="--result")
    return result


def tell(done: Issued) -> None:
    """Print the counts; exits with 1 if rows were refused, with 2 if the run broke off."""
    click.echo(done.told)
    for why, count in done.results.reasons.most_common():
        click.echo(f"  {count:,} {why}")
    if done.stopped:
        click.echo(f"{done.stopped}\nload the same file again: what is answered stays answered", err=True)
        sys.exit(BROKEN_OFF)
    if not done.results.is_complete:
        sys.exit(FAILED)


def described(file: Path, settings: Settings) -> dict[str, Any]:
    """What a proposal says of a file: its SHA-256, and how many points it credits under which programs."""
    counts: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    unreadable = 0
    with copied(file) as (copy, sha256):
        for row in _opened(copy, settings).rows():
            if row.command is None:
                unreadable += 1
                continue
            program = f"{row.command.program_code}/{row.command.program_version}"
            counts[program] += 1
            sums[program] += row.command.nominal_kopecks
    return {
        "file_name": file.name,
        "file_sha256": sha256,
        "row_count": counts.total() + unreadable,
        "unreadable_row_count": unreadable,
        "total_kopecks": sums.total(),
        "programs": [
            {"program": program, "certificate_count": counts[program], "nominal_kopecks": sums[program]}
            for program in sorted(counts)
        ],
    }


@contextmanager
def copied(file: Path) -> Iterator[tuple[Path, str]]:
    """A copy of a file that nobody else changes, with its SHA-256 in hex: what is hashed is what is read."""
    with TemporaryDirectory(prefix="tillgate-") as folder:
        copy = Path(folder) / f"file{file.suffix}"
        shutil.copyfile(file, copy)
        with copy.open("rb") as opened:
            yield copy, file_digest(opened, "sha256").hexdigest()


async def issued(
    file: Path,
    result: Path,
    parts: LedgerParts,
    settings: Settings,
    *,
    by: Signatory,
    approved_by: str | None = None,
) -> Issued:
    """Load a file; that it was begun, and what came of it, stands in the audit log."""
    by.require(Permission.EXECUTE)
    with file.open("rb") as opened:
        subject = Subject(SubjectKind.CERTIFICATE_FILE, file_digest(opened, "sha256").hexdigest())
    note = partial(noted, parts.engine, subject=subject, by=by, approved_by=approved_by)
    source = _opened(file, settings)
    await note(Action.CERTIFICATES_ORDERED, details={"result": result.name})
    async with _loading(source, result, parts, settings) as (issuer, results):
        stopped = await _load(issuer, source, results)
    counts = {answered.value.lower(): results.counts[answered] for answered in Answered}
    await note(Action.CERTIFICATES_ISSUED, details={**counts, "broke_off": stopped})
    return Issued(results, stopped)


@asynccontextmanager
async def _loading(
    source: CertificateFile, result: Path, parts: LedgerParts, settings: Settings
) -> AsyncIterator[tuple[BulkIssuer, Results]]:
    issuer = BulkIssuer(
        parts.committer.submit,
        partial(driver_connection, parts.engine),
        parts.committer.rules,
        load_card_keys(settings).key_id,
    )
    with result.open("w", encoding="utf-8", newline="") as out:
        yield issuer, Results(out, source.delimiter)


async def _load(issuer: BulkIssuer, source: CertificateFile, results: Results) -> str | None:
    """Load the rows; returns why the run broke off if it did."""
    with progress_bar() as progress:
        task = progress.add_task(source.path.name, total=source.size_bytes, told="")
        try:
            async for answers in issuer.load(source.rows()):
                results.write(answers)
                told = f"{results.counts.total():,} rows"
                progress.update(task, completed=source.position_bytes, told=told)
        except IssuingStoppedError as error:
            return str(error)
    return None


def _opened(file: Path, settings: Settings) -> CertificateFile:
    keys = load_card_keys(settings)
    try:
        return CertificateFile(file, lambda number, series: ring_token(number, series, keys))
    except FileError as error:
        raise click.BadParameter(str(error), param_hint="FILE") from error
