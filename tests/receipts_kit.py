"""Receipts as the tax service's files tell them, made up: drives and tills of the tests."""

import json
from pathlib import Path
from typing import Any

INN = "7707083893"
"""An INN whose check digits are right."""
OTHER_INN = "7736050003"
DRIVE = "9999078900000011"
TILL = "0000000000000011"


def tax_receipt(document: int = 1, *sums: int, **changes: Any) -> dict[str, Any]:
    """A receipt in the tax service's flat JSON, of lines of these kopecks (one of 10000)."""
    sums = sums or (100_00,)
    total = sum(sums)
    made = {
        "code": 3,
        "user": "ООО",
        "userInn": f"{INN}  ",
        "kktRegId": f"{TILL}    ",
        "fiscalDriveNumber": DRIVE,
        "fiscalDocumentNumber": document,
        "fiscalDocumentFormatVer": 4,
        "fiscalSign": 1_000 + document,
        "operationType": 1,
        "dateTime": "2026-11-02T12:05:00",
        "totalSum": total,
        "cashTotalSum": 0,
        "ecashTotalSum": total,
        "prepaidSum": 0,
        "creditSum": 0,
        "provisionSum": 0,
        "items": [{"name": f"Товар {n}", "quantity": 1, "price": k, "sum": k} for n, k in enumerate(sums, 1)],
    }
    return {name: value for name, value in {**made, **changes}.items() if value is not None}


def qr(document: int = 1, rubles: str = "100.00", *, time: str = "20261102T1205", kind: int = 1) -> str:
    """The QR string of such a receipt."""
    return f"t={time}&s={rubles}&fn={DRIVE}&i={document}&fp={1_000 + document}&n={kind}"


def json_lines(path: Path, *receipts: Any) -> Path:
    """A file of JSON lines."""
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in receipts), encoding="utf-8")
    return path
