"""Tills print whatever they like into receipts: no card number in a file of them is kept or told."""

from pathlib import Path

from tests.leaks.scene import GOOD, IN_FILE, STOPPED, Scene
from tests.receipts_kit import json_lines, qr, tax_receipt


def files_with_cards(folder: Path) -> tuple[Path, Path]:
    """Receipts with a number in the name of a line or where it is none; QR strings with one.

    Sixteen digits as ФН or РН ККТ are such a number by their form, and are kept.
    """
    grouped = " ".join(STOPPED[start : start + 4] for start in range(0, len(STOPPED), 4))
    named = {"name": f"Оплата картой {GOOD}", "quantity": grouped, "price": 100_00, "sum": 100_00}
    receipts = json_lines(
        folder / "receipts.jsonl",
        tax_receipt(1, items=[named], user=GOOD),
        *(
            tax_receipt(number, **{field: GOOD})
            for number, field in enumerate(
                ("dateTime", "userInn", "totalSum", "cashTotalSum", "items", "code"), start=2
            )
        ),
        GOOD,
        {GOOD: IN_FILE},
    )
    strings = folder / "strings.txt"
    strings.write_text(
        "\n".join((qr(20, rubles=GOOD), qr(21, time=GOOD), f"t={GOOD}", f"{GOOD}", f"{qr(22)}&{GOOD}={GOOD}"))
    )
    return receipts, strings


async def test_receipts_with_card_numbers_leave_none(scene: Scene) -> None:
    """In no table, log or answer, nor in the file of what was refused; the right receipt is there."""
    receipts, strings = files_with_cards(scene.folder)
    problems = scene.folder / "problems.csv"
    import_files = ("claims", "receipts", "import", receipts, strings, "--problems", problems)
    assert 1 == await scene.run(*import_files, "--by", "operator")
    scene.answers.append(problems.read_bytes())
    async with scene.town.connect() as connection:
        lines = await connection.fetchval(
            "SELECT lines::text FROM receipt_evidence WHERE fiscal_document_number = 1"
        )
    assert '"Оплата картой [card]"' in lines
    assert b"TIME_UNREADABLE" in problems.read_bytes()
    receipts.unlink()
    strings.unlink()
    assert [] == scene.findings()
