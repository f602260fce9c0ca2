"""The yardstick of the database: PostgreSQL's own pgbench writes what an Authorize writes.

One transaction each. The rows are those of purchases that the gateway has just written: the same columns, the
same JSON lines, the same payload bytes, sent anew as parameters each time. It reads nothing and decides
nothing first, which the gateway must; what remains is what PostgreSQL asks for such a purchase when nobody
thinks.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import asyncpg
from sqlalchemy import make_url

from gateway.ledger import schema
from gateway.runtime.embedded import EmbeddedPostgres
from gateway.runtime.settings import Settings
from loadtests.bench.baskets import Cards
from loadtests.bench.cloning import UUID7_SQL
from loadtests.bench.processes import child
from loadtests.bench.sql import query

T = TypeVar("T")

CLIENTS: Final = 16
THREADS: Final = 2
SAMPLES: Final = 12
TEXTS: Final = ("lines", "canonical", "payload", "signature")
"""What differs from purchase to purchase in size: sent as parameters, as the gateway sends it."""

_SAMPLES = """
SELECT o.operation_id AS id, p.lines::text AS lines, p.approved_kopecks::text AS held, o.canonical,
       '\\x' || encode(o.signed_payload, 'hex') AS payload, '\\x' || encode(o.signature, 'hex') AS signature
FROM purchase p JOIN outcome o ON o.operation_id = p.id
WHERE p.state = 'AUTHORIZED' AND p.account_id < $1 ORDER BY length(o.signed_payload), p.id"""

_PROGRESS = re.compile(rb"progress: ([\d.]+) s, ([\d.]+) tps, lat ([\d.]+) ms")


@dataclass(frozen=True, slots=True)
class Interval:
    """pgbench's own report of one second."""

    at_s: float
    tps: float
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Sample:
    """A purchase that the gateway wrote: its texts by their names, and its rows as SQL literals by column."""

    texts: Mapping[str, str]
    held: str
    rows: Mapping[str, Mapping[str, str]]


class Pgbench:
    """Scripts and parameters for a database; `running` starts one run of them."""

    def __init__(self, url: str, folder: Path, samples: Sequence[Sample], cards: Cards) -> None:
        address = make_url(url)
        self._command = [
            str(EmbeddedPostgres().bin_dir / "pgbench"), "--no-vacuum", "--protocol=prepared",
            f"--client={CLIENTS}", f"--jobs={THREADS}", "--progress=1",
            f"--host={address.query['host']}", f"--username={address.username}",
            f"--define=first={cards.first_account}", f"--define=last={cards.first_account + cards.count - 1}",
        ]  # fmt: skip
        for n, sample in enumerate(samples):
            script = folder / f"purchase_{n}.sql"
            script.write_text(purchase_script(n, sample), encoding="utf-8")
            self._command += [
                f"--file={script}",
                *(f"--define={name}{n}={text}" for name, text in sample.texts.items()),
            ]
        self._database = str(address.database)

    @contextmanager
    def running(self, seconds: int) -> Iterator[tuple["subprocess.Popen[bytes]", Iterator[Interval]]]:
        """A run of so many seconds: its process, and its report of each second as it comes."""
        # Statements are planned once, as those of the gateway are; otherwise each session would plan each
        # of them five times over.
        options = {"PGOPTIONS": "-c plan_cache_mode=force_generic_plan"}
        command = [*self._command, f"--time={seconds}", self._database]
        with child(command, variables=options, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            yield process, _intervals(process)


def make_pgbench(settings: Settings, gateway_cards: Cards, cards: Cards) -> Pgbench:
    """Scripts that write for `cards` the like of what the gateway wrote for its own."""
    query(settings.database_migrator_url, UUID7_SQL)
    url = settings.database_reader_url
    written = query(url, _SAMPLES, gateway_cards.first_account + gateway_cards.count)
    if len(written) < SAMPLES:
        raise RuntimeError(f"the gateway has written {len(written)} purchases, too few to choose from")
    samples = [_sample(url, row) for row in spread(written, SAMPLES)]
    folder = settings.data_dir / "pgbench"
    folder.mkdir()
    return Pgbench(settings.database_url, folder, samples, cards)


def _sample(url: str, row: asyncpg.Record) -> Sample:
    rows = {}
    for table, key in (
        (schema.purchase, "id"),
        (schema.entry, "operation_id"),
        (schema.outcome, "operation_id"),
    ):
        literals = ", ".join(f"quote_nullable({column.name}::text) AS {column.name}" for column in table.c)
        found = query(url, f"SELECT {literals} FROM {table.name} WHERE {key} = $1", row["id"])  # noqa: S608
        if len(found) != 1:
            raise RuntimeError(f"{table.name} has {len(found)} rows of purchase {row['id']}, and not one")
        rows[table.name] = dict(found[0])
    return Sample({name: row[name] for name in TEXTS}, row["held"], rows)


def spread(ordered: Sequence[T], count: int) -> list[T]:
    """So many of an ordered sequence, each from the middle of its equal part: few, with the mean of all."""
    return [ordered[(2 * n + 1) * len(ordered) // (2 * count)] for n in range(count)]


def _intervals(process: "subprocess.Popen[bytes]") -> Iterator[Interval]:
    said = b""
    if process.stderr is None:
        raise RuntimeError("pgbench was started without a pipe")
    for line in process.stderr:
        said += line
        if found := _PROGRESS.match(line):
            yield Interval(*map(float, found.groups()))
    if process.wait() != 0:
        raise RuntimeError(f"pgbench failed: {said.decode(errors='replace')}")


def purchase_script(n: int, sample: Sample) -> str:
    """What one Authorize writes: the columns that differ each time are variables, the rest is a real row's.

    The account's row is locked and its version bumped first, which is all the guard that it needs.
    """
    inserts = [
        _insert(table, {**sample.rows[table], **{name: f":{variable}" for name, variable in fresh.items()}})
        for table, fresh in _fresh(n).items()
    ]
    return "\n".join(
        [
            "\\set account random(:first, :last)",
            "BEGIN;",
            "UPDATE card_account SET version = version + 1, last_decided_at = tillgate_now()"
            " WHERE id = :account RETURNING bench_uuid7(last_decided_at) AS id, last_decided_at AS now,"
            " gen_random_uuid() AS request \\gset",
            f"UPDATE certificate SET available_kopecks = available_kopecks - {sample.held},"  # noqa: S608
            f" held_kopecks = held_kopecks + {sample.held}"
            " WHERE account_id = :account RETURNING id AS certificate \\gset",
            *inserts,
            "COMMIT;\n",
        ]
    )


def _fresh(n: int) -> dict[str, dict[str, str]]:
    """By table: which columns of sample n are not copied, and the variable that each takes its value from."""
    return {
        "purchase": {
            "id": "id", "account_id": "account", "request_id": "request", "authorized_at": "now",
            "lines": f"lines{n}",
        },
        "entry": {
            "operation_id": "id", "account_id": "account", "certificate_id": "certificate",
            "purchase_id": "id", "decided_at": "now",
        },
        "outcome": {
            "request_id": "request", "account_id": "account", "purchase_id": "id", "operation_id": "id",
            "canonical": f"canonical{n}", "signed_payload": f"payload{n}", "signature": f"signature{n}",
            "decided_at": "now",
        },
    }  # fmt: skip


def _insert(table: str, values: Mapping[str, str]) -> str:
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())});"  # noqa: S608
