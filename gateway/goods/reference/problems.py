"""What was wrong with the rows of an imported file: counted by kind of problem, and told row by row."""

from collections import Counter
from typing import Final, TextIO

from gateway.goods.importing.problems import RowProblem
from gateway.spreadsheets import SpreadsheetWriter

COLUMNS: Final = ("line", "column", "problem_ru", "problem_en", "value")


class Problems:
    """Counts problems and, if there is a file, writes each as a row of CSV (`;`, UTF-8 with BOM)."""

    def __init__(self, out: TextIO | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self._writer = None if out is None else SpreadsheetWriter(out, has_mark=True)
        if self._writer is not None:
            self._writer.row(COLUMNS)

    def add(self, problem: RowProblem) -> None:
        """One more problem."""
        self.counts[f"{problem.column}: {problem.en}" if problem.column else problem.en] += 1
        if self._writer is not None:
            self._writer.row((problem.line, problem.column, problem.ru, problem.en, problem.value))
