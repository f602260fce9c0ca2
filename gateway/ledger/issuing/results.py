"""The result file of a bulk issue: one line for each row, in their order, and a count of the answers."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

from gateway.ledger.issuing import Answer, Answered
from gateway.spreadsheets import SpreadsheetWriter

COLUMNS: Final = (
    "row", "issue_ref", "answer", "reason", "column", "detail_ru", "detail_en", "certificate_id",
)  # fmt: skip


def result_path(path: Path) -> Path:
    """Where the answers to a file go: beside it, certificates.csv → certificates.csv.result.csv."""
    return path.with_name(f"{path.name}.result.csv")


@dataclass
class Results:
    """Writes answers as they come; `counts` has the answers and, of refusals, the reasons."""

    file: TextIO
    delimiter: str
    counts: Counter[Answered] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._writer = SpreadsheetWriter(self.file, delimiter=self.delimiter, line_end="\n")
        self._writer.row(COLUMNS)

    def write(self, answers: Iterable[Answer]) -> None:
        """Write answers and let them reach the disk's cache, so that a broken run leaves what it did."""
        for answer in answers:
            self.counts[answer.answered] += 1
            if answer.reason:
                self.reasons[answer.reason] += 1
            self._writer.row(_cells(answer))
        self.file.flush()

    @property
    def is_complete(self) -> bool:
        """True if no row was refused."""
        return self.counts[Answered.REFUSED] == 0


def _cells(answer: Answer) -> tuple[object, ...]:
    problem = answer.problem
    told = (problem.column, problem.ru, problem.en) if problem else ("", "", "")
    row = answer.row
    return (
        row.number, row.issue_ref, answer.answered, answer.reason, *told, answer.certificate_id or "",
    )  # fmt: skip
