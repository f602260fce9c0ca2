"""Making the documents of a claim in one pass over its lines, in memory that does not grow with them."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from settlement.claims.model import Claim, ClaimLine
from settlement.claims.states import ClaimState
from settlement.documents.claim_json import JsonClaim
from settlement.documents.claim_pdf import claim_pdf
from settlement.documents.control import Tally
from settlement.documents.forms import Form
from settlement.documents.register_csv import CsvRegister
from settlement.documents.register_xlsx import XlsxRegister
from settlement.documents.rows import Details, Names, Seal, Summary, rows_of

Progress = Callable[[int], None]
"""Hears how many lines more are done."""

DIRECTORY_MODE: Final = 0o750


class MadeDocuments(Struct, frozen=True):
    """What was made: one control sum, and the files."""

    control_sum: str
    register_xlsx: Path
    register_csv: Path
    claim_json: Path
    claim_pdf: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them."""
        return (self.claim_pdf, self.register_xlsx, self.register_csv, self.claim_json)


async def make_documents(
    claim: Claim,
    pages: AsyncIterator[Sequence[ClaimLine]],
    *,
    details_of: Callable[[Sequence[ClaimLine]], Awaitable[Details]],
    names: Names,
    seals: Sequence[Seal],
    form: Form,
    folder: Path,
    is_reviewed: bool = False,
    progress: Progress = lambda _: None,
) -> MadeDocuments:
    """Write register (XLSX, CSV), claim (PDF) and JSON into a folder; they appear together, or none does.

    They say what was filed and stay the same; `is_reviewed` adds what was decided since, in files of other
    names. Files of an earlier run are replaced. Raises SettlementError LINES_DIFFER if the lines are not
    those that the claim was made of, and what `print_form` raises.
    """
    os.makedirs(folder, mode=DIRECTORY_MODE, exist_ok=True)
    stem = stem_of(claim, is_reviewed=is_reviewed)
    claim = claim if is_reviewed else _as_filed(claim)
    with TemporaryDirectory(prefix=f".{stem}-", dir=folder) as temporary, ExitStack() as files:
        work = Path(temporary)
        xlsx_path, csv_path = work / f"{stem}-register.xlsx", work / f"{stem}-register.csv"
        json_path, pdf_path = work / f"{stem}.json", work / f"{stem}.pdf"
        tally = Tally(claim)
        xlsx = XlsxRegister(xlsx_path, claim, work)
        files.callback(xlsx.close)
        csv = CsvRegister(files.enter_context(csv_path.open("w", encoding="utf-8", newline="")))
        json = JsonClaim(files.enter_context(json_path.open("wb")))
        async for lines in pages:
            tally.take(lines)
            lines = lines if is_reviewed else [_line_as_filed(line) for line in lines]
            details = await details_of(lines)
            rows = list(rows_of(lines, details, names))
            xlsx.write(rows)
            csv.write(rows)
            json.write(lines, details)
            progress(len(lines))
        summary = Summary(claim, tally.finish(), seals, names.programs)
        pdf_path.write_bytes(claim_pdf(form, summary))
        csv.finish(summary)
        json.finish(summary)
        xlsx.finish(summary)
        files.close()
        moved = []
        for path in (xlsx_path, csv_path, json_path, pdf_path):
            os.replace(path, folder / path.name)
            moved.append(folder / path.name)
    return MadeDocuments(summary.control_sum, *moved)


def stem_of(claim: Claim, *, is_reviewed: bool = False) -> str:
    """The beginning of the names of a claim's files: of numbers alone, so that it leads nowhere else."""
    return f"claim-{claim.id}-{claim.correction_number}" + ("-reviewed" if is_reviewed else "")


def _as_filed(claim: Claim) -> Claim:
    state = ClaimState.DRAFT if claim.filed_at is None else ClaimState.FILED
    return replace(claim, state=state, approved_kopecks=None, paid_kopecks=0)


def _line_as_filed(line: ClaimLine) -> ClaimLine:
    return replace(line, verdict=None, verdict_reason="") if line.verdict else line
