"""Lines that points paid are judged once more: by the evidence stored with them, under the list they name.

What a classifier guessed can't be asked again here; but a guess only refuses, or names what nothing else does
(design section 6), and that much is checked of it.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Final

import asyncpg
import msgspec
from msgspec import Struct

from gateway.domain.judging import Edition, Evidence, Source, is_denied, judge
from gateway.domain.reasons import LineReason

# Lines of one kind are judged once: there are as many kinds as shops sell, and not as many as they sold.
# Earlier versions kept the evidence in the line that the till sent.
PAID_LINES: Final = """
SELECT l.list_version, l.subject, l.evidence, l.reason, l.rule_id, l.source, l.okpd2,
  count(*) AS lines, min(format('purchase %s line %s', p.id, l.number)) AS example
FROM purchase p
CROSS JOIN LATERAL (
  SELECT (i -> 'line' ->> 'line_number')::int AS number,
    coalesce((i -> 'line' ->> 'payment_subject')::int, 0) AS subject,
    v ->> 'list_version' AS list_version, (v ->> 'reason')::int AS reason, v ->> 'rule_id' AS rule_id,
    v ->> 'source' AS source, v ->> 'okpd2' AS okpd2,
    coalesce((
      SELECT jsonb_agg(jsonb_build_object('source', e -> 'source', 'okpd2', e -> 'okpd2') ORDER BY n)
      FROM jsonb_array_elements(coalesce(i -> 'evidence', i -> 'line' -> 'evidence'))
        WITH ORDINALITY AS told(e, n)), '[]')::text AS evidence
  FROM jsonb_array_elements(p.lines::jsonb) i CROSS JOIN LATERAL (SELECT i -> 'verdict' AS v) verdict
  WHERE jsonb_array_length(i -> 'shares') > 0
  OFFSET 0) l
GROUP BY 1, 2, 3, 4, 5, 6, 7"""

_read_evidence = msgspec.json.Decoder(tuple[Evidence, ...]).decode


class Misjudged(Struct, frozen=True):
    """One kind of line that is not decided as its evidence decides: how many there are, and one of them."""

    lines: int
    example: str
    problem: str


async def misjudged(
    connection: asyncpg.Connection, editions: Mapping[str, Edition], prefix: str = ""
) -> AsyncIterator[tuple[int, Misjudged | None]]:
    """Of every kind of paid line how many there are, and what is wrong with them if anything is.

    `editions` is by the version of the prohibited list; `prefix` is that of the archive. Raises what the
    database raises.
    """
    async for row in connection.cursor(prefix + PAID_LINES, prefetch=500):
        problem = _problem(row, editions.get(row["list_version"]))
        found = Misjudged(row["lines"], row["example"], problem) if problem is not None else None
        yield row["lines"], found


def _problem(row: asyncpg.Record, edition: Edition | None) -> str | None:
    if edition is None:
        return f"no list of version {row['list_version']} is given"
    try:
        evidence = _read_evidence(row["evidence"])
    except msgspec.ValidationError as error:
        return f"its evidence cannot be read: {error}"
    firm = tuple(item for item in evidence if item.source != Source.NAME)
    again = judge(firm, row["subject"], edition)
    stored = (row["source"], row["okpd2"])
    if again.reason is LineReason.ALLOWED:
        if (again.rule_id, again.source, again.okpd2) == (row["rule_id"], *stored):
            return None
        return f"{again.source} {again.okpd2} decides by {again.rule_id}, not {' '.join(stored)}"
    if again.reason is not LineReason.GOODS_UNKNOWN:
        return f"{again.source} {again.okpd2} is {again.reason.name} by {again.rule_id}".replace("  ", " ")
    if row["reason"] == LineReason.GOODS_UNKNOWN:
        return None
    named = [(item.source, item.okpd2) for item in evidence if item.source == Source.NAME]
    if stored in named and not is_denied(row["okpd2"], edition.prohibited):
        return None
    return f"nothing that is stored with it allows {' '.join(stored)}"
