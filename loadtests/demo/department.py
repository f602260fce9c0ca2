"""The department's part: a file of certificates, credited by the bulk command."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final
from uuid import UUID

from gateway.ledger.issuing import Answered
from gateway.ledger.issuing.cells import OPTIONAL, REQUIRED
from gateway.ledger.issuing.results import result_path
from gateway.spreadsheets import SpreadsheetWriter
from loadtests.demo.holders import Credit, Holder, bad_credits
from loadtests.demo.money import count
from loadtests.demo.view import View
from loadtests.demo.world import DemoError, World

_BODY: Final = "Пример: отдел социальной защиты"


def credit_all(world: World, holders: Sequence[Holder], today: date, view: View) -> Mapping[str, UUID]:
    """Write the file, run the bulk command on it, and read its answers: certificate ids by `issue_ref`.

    A few bad rows stand among the good ones. Raises DemoError unless these alone were refused.
    """
    path = world.settings.data_dir / "certificates.csv"
    good = [(holder, credit) for holder in holders for credit in holder.credits]
    bad = [(holders[0], credit) for credit in bad_credits(today)]
    halfway = len(good) // 2
    _write(path, (_row(*pair, today) for pair in (*good[:halfway], *bad, *good[halfway:])))
    view.say(
        f"{count(len(holders))} made-up holders with made-up card numbers are to get {count(len(good))}"
        f" certificates; {len(bad)} rows of the file are wrong on purpose"
    )
    code = world.command("certificates", "issue", str(path))
    issued, refused = _answers(result_path(path))
    if issued.keys() != {credit.issue_ref for _, credit in good} or len(refused) != len(bad):
        raise DemoError(f"exit code {code}, {len(issued)} certificates issued, {len(refused)} rows refused")
    return issued


def _answers(path: Path) -> tuple[dict[str, UUID], list[str]]:
    issued, refused = {}, []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["answer"] == Answered.ISSUED:
                issued[row["issue_ref"]] = UUID(row["certificate_id"])
            else:
                refused.append(row["issue_ref"])
    return issued, refused


def _row(holder: Holder, credit: Credit, today: date) -> dict[str, str]:
    rubles, kopecks = divmod(credit.nominal_kopecks, 100)
    return {
        "issue_ref": credit.issue_ref,
        "holder_id": holder.holder_ref,
        "program": credit.program_code,
        "program_version": str(credit.program_version),
        "nominal_rubles": f"{rubles}.{kopecks:02}",
        "first_day": credit.first_day.isoformat(),
        "last_day": credit.last_day.isoformat(),
        "act_body": _BODY,
        "act_number": credit.act_number,
        "act_date": today.isoformat(),
        "card_number": holder.card.number,
        "card_series": holder.card.series,
        "own_nominal": "yes" if credit.names_own_nominal else "",
    }


def _write(path: Path, rows: Iterable[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        columns = (*REQUIRED, *OPTIONAL)
        writer = SpreadsheetWriter(file, delimiter=",")
        writer.row(columns)
        writer.rows([row.get(name, "") for name in columns] for row in rows)
