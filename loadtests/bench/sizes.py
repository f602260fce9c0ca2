"""What a purchase is in bytes: on the wire, and in the database beside what pgbench wrote."""

import statistics
from collections.abc import Sequence
from typing import Any

from loadtests.bench.baskets import Cards
from loadtests.bench.sql import query

_WRITTEN = """
SELECT count(*) AS purchases,
       sum((SELECT count(*) FROM entry e WHERE e.operation_id = p.id))::float / count(*) AS entries,
       avg(octet_length(p.lines::text))::float AS lines_bytes,
       avg(octet_length(o.canonical))::float AS canonical_bytes,
       avg(octet_length(o.signed_payload))::float AS payload_bytes,
       avg(pg_column_size(p.*))::float AS purchase_row_bytes,
       avg(pg_column_size(o.*))::float AS outcome_row_bytes
FROM purchase p JOIN outcome o ON o.operation_id = p.id
WHERE p.account_id BETWEEN $1 AND $2 AND p.state = 'AUTHORIZED'"""

Sampled = tuple[int, int, int, int, bool]
"""A basket that was tried: index, lines, bytes of request and answer, whether points paid something."""


def purchase_sizes(sampled: Sequence[Sampled]) -> dict[str, Any]:
    """Mean and extremes of lines and bytes of baskets."""
    columns = {
        "lines": [row[1] for row in sampled],
        "request_bytes": [row[2] for row in sampled],
        "answer_bytes": [row[3] for row in sampled],
    }
    return {
        name: {"mean": statistics.mean(values), "min": min(values), "max": max(values)}
        for name, values in columns.items()
    }


def written(url: str, cards: Cards) -> dict[str, float]:
    """Rows and bytes a purchase of these cards, as they lie in the tables."""
    last = cards.first_account + cards.count - 1
    return dict(query(url, _WRITTEN, cards.first_account, last)[0])
