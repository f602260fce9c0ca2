"""The end of the day: what the tills' own books say is held against what the gateway says, to the kopeck."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from loadtests.demo.books import Books
from loadtests.demo.fate import Fate
from loadtests.demo.holders import Holder
from loadtests.demo.till import Till
from merchant_sdk import Balance, CommandKind, Operation, Reason

PAGE_SIZE: Final = 500
LISTING_TRIES: Final = 30
LISTING_PAUSE_S: Final = 0.5


@dataclass(slots=True)
class Proof:
    """What was compared, and what disagreed."""

    shifts: int = 0
    operations: int = 0
    cards: int = 0
    stopped_cards: int = 0
    spent_kopecks: int = 0
    held_kopecks: int = 0
    disagreements: list[str] = field(default_factory=list)


async def prove(tills: Sequence[Till], holders: Iterable[Holder], issued: Mapping[str, UUID]) -> Proof:
    """Close every shift, read every operation and every card, and compare.

    `issued` has the certificate that each `issue_ref` became. A revoked till can neither close its shift nor
    read its operations; what it took from cards is compared with the others'.
    """
    proof = Proof()
    served = [till for till in tills if till.fate is not Fate.REVOKED]
    async with asyncio.TaskGroup() as group:
        closings = [group.create_task(till.close_shift()) for till in served]
    proof.shifts = len(closings)
    now = max(closing.result().decided_at for closing in closings)
    await _compare_cards(tills, holders, issued, now, proof)
    async with asyncio.TaskGroup() as group:
        for till in served:
            group.create_task(_compare_operations(till, proof))
    for till in tills:
        where = f"{till.place.merchant_name}, {till.place.outlet_name}, {till.place.terminal_name}"
        proof.disagreements += [f"{where}: {problem}" for problem in till.books.wrong]
        if unsettled := till.client.open_requests():
            proof.disagreements.append(f"{where}: {len(unsettled)} requests were never settled")
    return proof


async def _compare_operations(till: Till, proof: Proof) -> None:
    listed = await _listed(till)
    compare_operations(till.books, listed)
    proof.operations += len(listed)


def compare_operations(books: Books, listed: Mapping[UUID, Operation]) -> None:
    """Every answer that the till got is listed, with the same bytes, and nothing that it never asked for."""
    books.wrong += [f"request {lost} is not listed" for lost in books.answers.keys() - listed.keys()]
    for request_id, operation in listed.items():
        if request_id not in books.answers:
            if not _is_explained(operation, books.undone):
                books.wrong.append(
                    f"operation {request_id} ({operation.result.kind.name}) is not in the books"
                )
        elif books.answers[request_id] != operation.result.signed.payload:
            books.wrong.append(f"operation {request_id} is listed with another answer")


async def _listed(till: Till) -> dict[UUID, Operation]:
    """The till's operations, read on from where the last look ended until all that it knows of are there.

    The gateway lists an outcome some seconds after its decision, so that a reader never skips one.
    """
    listed: dict[UUID, Operation] = {}
    since = None
    for _ in range(LISTING_TRIES):
        async for operation in till.back_office.list_operations(page_size=PAGE_SIZE, decided_from=since):
            listed[operation.request_id] = operation
            since = operation.decided_at
        if till.books.answers.keys() <= listed.keys():
            break
        await asyncio.sleep(LISTING_PAUSE_S)
    return listed


def _is_explained(operation: Operation, undone: set[UUID]) -> bool:
    """An undone request leaves its own outcome; a Void of the SDK that was refused changed nothing."""
    if operation.request_id in undone:
        return True
    return operation.result.kind is CommandKind.VOID and operation.result.is_declined


async def _compare_cards(
    tills: Sequence[Till],
    holders: Iterable[Holder],
    issued: Mapping[str, UUID],
    now: datetime,
    proof: Proof,
) -> None:
    gone, held = taken_of_all([till.books for till in tills], now)
    proof.spent_kopecks, proof.held_kopecks = gone.total(), held.total()
    queue = iter(holders)

    async def compare(till: Till) -> None:
        for holder in queue:
            balance = await till.back_office.get_balance(holder.card)
            if balance.reason is Reason.CARD_STOPPED:
                proof.stopped_cards += 1
            else:
                proof.cards += 1
            proof.disagreements += compare_holder(holder, issued, balance, gone, held)

    async with asyncio.TaskGroup() as group:
        for till in tills:
            if till.fate is not Fate.REVOKED:
                group.create_task(compare(till))


def taken_of_all(books: Iterable[Books], now: datetime) -> tuple[Counter[UUID], Counter[UUID]]:
    """What all tills together took from each certificate for good, and what they hold of it now."""
    gone: Counter[UUID] = Counter()
    held: Counter[UUID] = Counter()
    for one in books:
        till_gone, till_held = one.taken(now)
        gone.update(till_gone)
        held.update(till_held)
    return gone, held


def compare_holder(
    holder: Holder,
    issued: Mapping[str, UUID],
    balance: Balance,
    gone: Mapping[UUID, int],
    held: Mapping[UUID, int],
) -> Iterator[str]:
    """What `compare_card` finds on a holder's card; `issued` has the certificate of each `issue_ref`."""
    credited = {issued[credit.issue_ref]: credit.nominal_kopecks for credit in holder.credits}
    for problem in compare_card(credited, balance, gone, held):
        yield f"{holder.holder_ref}: {problem}"


def compare_card(
    credited: Mapping[UUID, int], balance: Balance, gone: Mapping[UUID, int], held: Mapping[UUID, int]
) -> Iterator[str]:
    """For each certificate: what was credited = available + held + what the tills took for good."""
    if balance.reason is Reason.CARD_STOPPED:
        if balance.certificates:
            yield "a stopped card shows its points"
        return
    shown = {certificate.certificate_id: certificate for certificate in balance.certificates}
    if shown.keys() != credited.keys():
        yield f"certificates {sorted(shown)} instead of {sorted(credited)}"
        return
    for certificate_id, nominal in credited.items():
        certificate = shown[certificate_id]
        there = certificate.available_kopecks + certificate.held_kopecks
        taken = gone.get(certificate_id, 0)
        if there + taken != nominal:
            yield f"certificate {certificate_id}: {there} there and {taken} taken of {nominal} kopecks"
        if certificate.held_kopecks != held.get(certificate_id, 0):
            yield (
                f"certificate {certificate_id}: {certificate.held_kopecks} kopecks held,"
                f" the tills hold {held.get(certificate_id, 0)}"
            )
