"""What was wrong with the rows of an imported file: counted by kind of problem, and told row by row."""

import csv
from collections import Counter
from typing import Final, TextIO

from gateway.goods.importing.problems import RowProblem

COLUMNS: Final = ("line", "column", "problem_ru", "problem_en", "value")


class Problems:
    """Counts problems and, if there is a file, writes each as a row of CSV (`;`, UTF-8 with BOM)."""

    def __init__(self, out: TextIO | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self._writer = None if out is None else csv.writer(out, delimiter=";")
        if out is not None and self._writer is not None:
            # Spreadsheets take a file without the mark for Windows-1251.
            out.write("\ufeff")
            self._writer.writerow(COLUMNS)

    def add(self, problem: RowProblem) -> None:
        """One more problem."""
        self.counts[f"{problem.column}: {problem.en}" if problem.column else problem.en] += 1
        if self._writer is not None:
            self._writer.writerow((problem.line, problem.column, problem.ru, problem.en, problem.value))
