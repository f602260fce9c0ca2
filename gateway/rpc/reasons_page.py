"""The table of reasons as a page: `python -m gateway.rpc.reasons_page` prints docs/reasons.md."""

import sys
from collections.abc import Iterable
from enum import IntEnum

from gateway.domain.reasons import LINE_TEXTS, REASONS, LineReason, ReasonRow, Texts

_HEAD = """# Reasons

Printed from `gateway/domain/reasons.py` by `python -m gateway.rpc.reasons_page`; a test keeps it fresh.

The number is the order of precedence: when several reasons hold, the lowest is answered. An **error** has a
gRPC code and leaves the request id free: the same id may be sent again. A **decline** is an answer with gRPC
code OK, recorded under its request id for ever: the same request gets the same answer.
"""


def markdown() -> str:
    """The page."""
    errors = [row for row in REASONS.values() if not row.is_recorded]
    declines = [row for row in REASONS.values() if row.is_recorded]
    return "\n".join(
        [
            _HEAD,
            "## Errors",
            "",
            *_table(("No.", "Reason", "gRPC code", "Recorded", "Cashier", "Buyer"), map(_error, errors)),
            "",
            "## Declines",
            "",
            *_table(("No.", "Reason", "Recorded", "Cashier", "Buyer"), map(_decline, declines)),
            "",
            "## Reasons of lines",
            "",
            *_table(("No.", "Reason", "Cashier", "Buyer"), map(_line, LineReason)),
            "",
        ]
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows)]


def _error(row: ReasonRow) -> tuple[str, ...]:
    return *_name(row.reason), row.grpc_code or "", "no", *_cells(row.texts)


def _decline(row: ReasonRow) -> tuple[str, ...]:
    return *_name(row.reason), "yes", *_cells(row.texts)


def _line(reason: LineReason) -> tuple[str, ...]:
    return *_name(reason), *_cells(LINE_TEXTS[reason])


def _name(reason: IntEnum) -> tuple[str, str]:
    return str(int(reason)), f"`{reason.name}`"


def _cells(texts: Texts) -> tuple[str, str]:
    return f"{texts.cashier_ru}<br>{texts.cashier_en}", f"{texts.buyer_ru}<br>{texts.buyer_en}"


if __name__ == "__main__":
    sys.stdout.write(markdown())
