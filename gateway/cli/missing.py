"""tillgate ledger missing: what tills were told and the ledger lacks."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
import click
from rich.table import Table

from gateway.cli.support import FAILED, console, keys_option, public_keys, with_connection, with_settings
from gateway.ledger.missing import accounts_of, stored_payloads
from gateway.rpc.told import Disbelieved, Told, read_told

PAGE: Final = 1_000
LACKING: Final = "lacking"
DIFFERENT: Final = "different"
_COLUMNS: Final = (
    "what", "decided at", "kind", "decision", "points", "own money",
    "merchant", "terminal", "account", "request", "purchase",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """An outcome that the ledger lacks or has decided otherwise; without an account where that is unknown."""

    what: str
    told: Told
    account_id: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What comparing found; `present` outcomes are in the ledger byte for byte."""

    present: int
    discrepancies: Sequence[Discrepancy]
    disbelieved: Sequence[Disbelieved]

    @property
    def is_whole(self) -> bool:
        """True if the ledger has everything and every line could be believed."""
        return not self.discrepancies and not self.disbelieved


@click.command("missing")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@keys_option(required=True)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def missing_command(files: Sequence[Path], keys_file: Path, as_json: bool) -> None:
    """Name what the tills' archives of signed outcomes have and the ledger lacks, or decided otherwise.

    FILES are those of the SDK's OutcomeArchive. Exit code 1 if anything lacks, differs, or is not signed.
    """
    keys = public_keys(keys_file)

    async def compare(connection: asyncpg.Connection) -> Comparison:
        return await _compared(connection, files, keys)

    found = with_settings(lambda settings: with_connection(settings.database_reader_url, compare))
    if as_json:
        click.echo(json.dumps(_as_json(found), ensure_ascii=False, indent=1))
    else:
        _print(found)
    if not found.is_whole:
        sys.exit(FAILED)


async def _compared(
    connection: asyncpg.Connection, files: Iterable[Path], keys: Mapping[str, bytes]
) -> Comparison:
    told: dict[tuple[int, str, bytes], Told] = {}
    disbelieved: list[Disbelieved] = []
    for path in files:
        with path.open("rb") as lines:
            for item in read_told(lines, path.name, keys):
                if isinstance(item, Disbelieved):
                    disbelieved.append(item)
                else:
                    told.setdefault((item.merchant_id, str(item.request_id), item.payload), item)
    in_order = sorted(told.values(), key=lambda item: item.decided_at)
    discrepancies: list[Discrepancy] = []
    for start in range(0, len(in_order), PAGE):
        discrepancies += await _discrepancies(connection, in_order[start : start + PAGE])
    return Comparison(len(in_order) - len(discrepancies), discrepancies, disbelieved)


async def _discrepancies(connection: asyncpg.Connection, page: Sequence[Told]) -> list[Discrepancy]:
    stored = await stored_payloads(connection, [(item.merchant_id, item.request_id) for item in page])
    kept = [(item, stored.get((item.merchant_id, item.request_id))) for item in page]
    wrong = [(item, payload) for item, payload in kept if payload != item.payload]
    accounts = await accounts_of(connection, {share for item, _ in wrong for share in item.certificate_ids})
    return [
        Discrepancy(
            LACKING if payload is None else DIFFERENT,
            item,
            next((accounts[share] for share in item.certificate_ids if share in accounts), None),
        )
        for item, payload in wrong
    ]


def _as_json(found: Comparison) -> dict[str, object]:
    return {
        "whole": found.is_whole,
        "present": found.present,
        "discrepancies": [
            {
                "what": one.what,
                "place": one.told.place,
                "request_id": str(one.told.request_id),
                "kind": one.told.kind,
                "decision": one.told.decision,
                "decided_at": one.told.decided_at.isoformat(),
                "merchant_id": one.told.merchant_id,
                "terminal_id": one.told.terminal_id,
                "purchase_id": one.told.purchase_id or None,
                "account_id": one.account_id,
                "total_kopecks": one.told.total_kopecks,
                "points_kopecks": one.told.points_kopecks,
                "own_money_kopecks": one.told.own_money_kopecks,
            }
            for one in found.discrepancies
        ],
        "disbelieved": [{"place": one.place, "why": one.why} for one in found.disbelieved],
    }


def _print(found: Comparison) -> None:
    out = console()
    out.print(f"{found.present:,} outcomes are in the ledger as they were told")
    if found.discrepancies:
        table = Table(*_COLUMNS, title=f"{len(found.discrepancies):,} are not")
        for one in found.discrepancies:
            told = one.told
            table.add_row(
                one.what, told.decided_at.isoformat(timespec="milliseconds"), told.kind, told.decision,
                f"{told.points_kopecks / 100:.2f}", f"{told.own_money_kopecks / 100:.2f}",
                str(told.merchant_id), str(told.terminal_id), str(one.account_id or ""),
                str(told.request_id), told.purchase_id,
            )  # fmt: skip
        out.print(table)
    if found.disbelieved:
        table = Table("place", "why", title=f"{len(found.disbelieved):,} lines prove nothing")
        for line in found.disbelieved:
            table.add_row(line.place, line.why)
        out.print(table)
