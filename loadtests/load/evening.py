"""The end of the day: what the tills' own books say is held against what the gateway says, to the kopeck."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import gevent
from gevent.pool import Pool

from loadtests.demo.holders import Holder
from loadtests.demo.proof import (
    LISTING_PAUSE_S,
    LISTING_TRIES,
    PAGE_SIZE,
    compare_holder,
    compare_operations,
    taken_of_all,
)
from loadtests.load.tally import Tally
from loadtests.load.till import Till
from merchant_sdk import Operation

_AT_ONCE: Final = 16


def prove(tills: Sequence[Till], holders: Sequence[Holder], issued: Mapping[str, UUID], tally: Tally) -> None:
    """Close every shift, read every card and every operation, and note in `tally` what disagrees.

    `issued` has the certificate that each `issue_ref` became.
    """
    pool = Pool(_AT_ONCE)
    closed = []
    for shift in pool.imap_unordered(Till.close_shift, tills):
        closed.append(shift.decided_at)
        tally.shifts_compared += 1
    _compare_cards(pool, tills, holders, issued, max(closed), tally)
    for listed in pool.imap_unordered(_compare_operations, tills):
        tally.operations_compared += listed
    for till in tills:
        where = f"terminal {till.place.terminal_id}"
        tally.disagreements += [f"{where}: {problem}" for problem in till.books.wrong]
        if unsettled := (*till.client.open_requests(), *till.back_office.open_requests()):
            tally.disagreements.append(f"{where}: {len(unsettled)} requests were never settled")


def _compare_operations(till: Till) -> int:
    """Every answer that the till got is listed, and nothing that it never asked for; returns how many are."""
    listed: dict[UUID, Operation] = {}
    since = None
    for _ in range(LISTING_TRIES):
        for operation in till.back_office.list_operations(page_size=PAGE_SIZE, decided_from=since):
            listed[operation.request_id] = operation
            since = operation.decided_at
        # The gateway lists an outcome some seconds after its decision, so that a reader never skips one.
        if till.books.answers.keys() <= listed.keys():
            break
        gevent.sleep(LISTING_PAUSE_S)
    compare_operations(till.books, listed)
    return len(listed)


def _compare_cards(
    pool: Pool,
    tills: Sequence[Till],
    holders: Sequence[Holder],
    issued: Mapping[str, UUID],
    now: datetime,
    tally: Tally,
) -> None:
    gone, held = taken_of_all([till.books for till in tills], now)

    def compare(n: int) -> None:
        """One till asks for every so-manieth card."""
        for holder in holders[n :: len(tills)]:
            balance = tills[n].back_office.get_balance(holder.card)
            tally.disagreements += compare_holder(holder, issued, balance, gone, held)
            tally.cards_compared += 1

    pool.map(compare, range(len(tills)))
