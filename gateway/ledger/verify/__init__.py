"""`tillgate ledger verify`: recomputes everything that the ledger says, in one snapshot, beside live load.

Balances are derived (design section 2.2): entries are the truth, and every column, purchase, refund and
outcome must say the same. The database adds up, in bounded memory; here a bounded list is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import asyncpg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.domain.category import ListBook
from gateway.domain.judging import editions_of
from gateway.ledger.archive import archive_prefix
from gateway.ledger.partitions import PARTITIONED
from gateway.ledger.verify import certificates, entries, lines, outcomes, purchases, references
from gateway.ledger.verify.judging import misjudged

FINDINGS_MAX: Final = 100
"""How many findings of one check are named; all are counted."""

CHECKS: Final[Mapping[str, str]] = {
    **certificates.CHECKS,
    **entries.CHECKS,
    **purchases.CHECKS,
    **lines.CHECKS,
    **outcomes.CHECKS,
    **references.CHECKS,
}

COUNTED: Final = (
    "card_account",
    "certificate",
    "entry",
    "purchase",
    "refund",
    "receipt",
    "outcome",
    "closed_shift",
    "review_case",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One discrepancy: which rule is broken, by what, and how."""

    check: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was found and how much was looked at.

    `total` counts every discrepancy, of which `findings` names the first of each check; `counted` has the
    rows of each table, the signatures that were verified and the lines that were judged again.
    """

    findings: tuple[Finding, ...]
    total: int
    counted: Mapping[str, int]

    @property
    def is_clean(self) -> bool:
        """True if nothing at all is wrong."""
        return self.total == 0


async def verify(
    connection: asyncpg.Connection,
    *,
    keys: Mapping[str, bytes] | None = None,
    lists: ListBook | None = None,
) -> Report:
    """Recompute the whole ledger at one instant, archived months too; needs no more rights than to read.

    `keys` maps key ids to Ed25519 public keys of 32 bytes: with them every outcome's signature is
    verified too. With `lists`, every version that lines were judged by, each paid line is judged again by
    its stored evidence. Raises what the database raises; a row that cannot be read is a finding.
    """
    findings: list[Finding] = []
    total = 0
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        # Each statement runs once over whole tables: compiling it costs more than it saves.
        await connection.execute("SET LOCAL jit = off; SET LOCAL work_mem = '64MB'")
        # Before the snapshot is taken, so that no month goes to the archive between the two.
        await connection.execute(f"LOCK TABLE {', '.join(PARTITIONED)} IN ACCESS SHARE MODE")
        prefix = await archive_prefix(connection)
        counted: dict[str, int] = {
            table: await connection.fetchval(f"{prefix}SELECT count(*) FROM {table}") for table in COUNTED
        }
        for title, sql in CHECKS.items():
            found, count = await _run(connection, title, sql, prefix)
            findings += found
            total += count
        if keys is not None:
            found, count, counted["signature"] = await _verify_signatures(connection, keys)
            findings += found
            total += count
        if lists is not None:
            found, count, counted["paid line"] = await _judge_again(connection, lists, prefix)
            findings += found
            total += count
    return Report(tuple(findings), total, counted)


async def _run(
    connection: asyncpg.Connection, title: str, sql: str, prefix: str
) -> tuple[list[Finding], int]:
    """One check's named findings and how many there are in all."""
    bounded = (
        f"{prefix}SELECT what, subject, detail, count(*) OVER () AS total FROM ({sql}) f LIMIT {FINDINGS_MAX}"
    )
    try:
        async with connection.transaction():
            rows = await connection.fetch(bounded)
    except (asyncpg.DataError, asyncpg.InternalServerError) as error:
        # A document that is not what it should be stops its check, which then is the finding.
        return [Finding("unreadable", title, str(error))], 1
    named = [Finding(row["what"], row["subject"], row["detail"]) for row in rows]
    return named, rows[0]["total"] if rows else 0


async def _verify_signatures(
    connection: asyncpg.Connection, keys: Mapping[str, bytes]
) -> tuple[list[Finding], int, int]:
    public = {key_id: Ed25519PublicKey.from_public_bytes(raw) for key_id, raw in keys.items()}
    findings: list[Finding] = []
    wrong = count = 0
    async for row in connection.cursor(
        "SELECT merchant_id, request_id, signed_payload, signature, key_id FROM outcome", prefetch=500
    ):
        count += 1
        key = public.get(row["key_id"])
        problem = _problem(key, row["signature"], row["signed_payload"])
        if problem is not None:
            wrong += 1
            if len(findings) < FINDINGS_MAX:
                subject = f"outcome {row['merchant_id']}/{row['request_id']}"
                findings.append(Finding("outcome.signature", subject, f"{problem}: key {row['key_id']}"))
    return findings, wrong, count


async def _judge_again(
    connection: asyncpg.Connection, lists: ListBook, prefix: str
) -> tuple[list[Finding], int, int]:
    """Findings by kind of line, how many lines they are of, and how many were judged."""
    findings: list[Finding] = []
    wrong = count = 0
    try:
        async with connection.transaction():
            async for lines_of_kind, found in misjudged(connection, editions_of(lists), prefix):
                count += lines_of_kind
                if found is not None:
                    wrong += found.lines
                    if len(findings) < FINDINGS_MAX:
                        detail = f"{found.problem}; {found.lines} such lines"
                        findings.append(Finding("line.judged", found.example, detail))
    except (asyncpg.DataError, asyncpg.InternalServerError) as error:
        return [Finding("unreadable", "judgements of lines", str(error))], 1, count
    return findings, wrong, count


def _problem(key: Ed25519PublicKey | None, signature: bytes, payload: bytes) -> str | None:
    if key is None:
        return "no such key is given"
    try:
        key.verify(signature, payload)
    except InvalidSignature:
        return "the signature does not fit the payload"
    return None
