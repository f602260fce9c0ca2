"""Goods cases, collected beside the tills' work: what counts, from where, how much at a time."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from gateway.domain.judging import Edition
from gateway.goods.cases.collecting import LATE_MARGIN, Collector
from gateway.ledger.ids import lowest_uuid7
from gateway.ledger.judged import judged_baskets
from gateway.runtime.settings import Settings

COLLECT_INTERVAL_S: Final = 5.0

PAGE: Final = 100
"""Baskets of four lines cost 0.07 ms of a worker each, a quarter more in pages of 50: 7 ms a page."""

PAGES_MAX: Final = 10
"""So a worker counts at most 200 baskets a second, more than a city sells, for 1.5 % of its time."""

PAGE_ALONE: Final = 500
"""For a process that does nothing else."""


def collector_of(
    connect: Callable[[], AbstractAsyncContextManager[asyncpg.Connection]],
    edition_at: Callable[[datetime], Edition],
    settings: Settings,
    *,
    is_whole: bool = False,
    nobody_decides: bool = False,
) -> Collector:
    """A collector of the cases of one database; `is_whole`: a run goes on until nothing is left.

    `nobody_decides`: all gateways have ended, so nothing of the last minute can still be under way.
    """
    delay = timedelta(seconds=settings.decision_max_age_s) + LATE_MARGIN
    return Collector(
        connect,
        judged_baskets,
        edition_at,
        lowest_uuid7,
        timedelta(0) if nobody_decides else delay,
        page=PAGE_ALONE if is_whole else PAGE,
        pages_max=None if is_whole else PAGES_MAX,
    )
