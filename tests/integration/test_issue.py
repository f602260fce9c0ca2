"""Bulk issue through the committer: every row answered, none twice credited, no bad row in the way."""

import asyncio
import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.commands import Issue
from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError, StoredAnswer
from gateway.ledger.issuing import (
    CARD_OF_ANOTHER_ACCOUNT,
    ROW_INVALID,
    Answer,
    Answered,
    BulkIssuer,
    IssuingStoppedError,
)
from gateway.ledger.issuing.cells import Row, read_row
from gateway.ledger.issuing.results import COLUMNS, Results
from gateway.ledger.verify import verify
from tests.issuing_kit import cells, token_of
from tests.ledger_kit import Kit, authorize, line, must

CARD, OTHER_CARD = "9643100000000000001", "9643100000000000002"


def rows(*several: Mapping[str, str]) -> list[Row]:
    """Rows as a file would give them."""
    return [read_row(number, each, token_of) for number, each in enumerate(several, start=2)]


async def issuer(kit: Kit, batch: int = 8) -> BulkIssuer:
    """A bulk issuer with small chunks and a committer of its own."""
    committer = await kit.committer(batch=batch)
    return BulkIssuer(committer.submit, kit.connect, committer.rules, "key-1", batch)


async def load(bulk: BulkIssuer, these: Iterable[Row]) -> list[Answer]:
    """All answers, in their order."""
    return [answer async for chunk in bulk.load(these) for answer in chunk]


def told(answers: Iterable[Answer]) -> list[tuple[Answered, str, str]]:
    """(answered, reason, column) of each answer."""
    return [(a.answered, a.reason, a.problem.column if a.problem else "") for a in answers]


async def count(kit: Kit, table: str) -> int:
    """Rows of a table."""
    async with kit.connect() as connection:
        found: int = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
    return found


async def test_every_row_is_credited_and_answered_in_order(kit: Kit) -> None:
    """More rows than a chunk holds; each answer has its own certificate."""
    answers = await load(await issuer(kit), rows(*(cells(n) for n in range(30))))
    assert [f"ref-{n}" for n in range(30)] == [answer.row.issue_ref for answer in answers]
    assert {Answered.ISSUED} == {answer.answered for answer in answers}
    async with kit.connect() as connection:
        stored = await connection.fetch("SELECT issue_ref, id FROM certificate")
        assert (await verify(connection)).is_clean
    assert {(r["issue_ref"], r["id"]) for r in stored} == {
        (answer.row.issue_ref, answer.certificate_id) for answer in answers
    }


async def test_a_file_loaded_twice_credits_once(kit: Kit) -> None:
    """The second time each row is answered with the certificate of the first, without a decision."""
    bulk = await issuer(kit)
    these = rows(*(cells(n) for n in range(12)), cells(90, program="NONE"))
    first = await load(bulk, these)
    outcomes = await count(kit, "outcome")
    again = await load(bulk, these)
    assert [Answered.REPLAYED] * 12 + [Answered.REFUSED] == [answer.answered for answer in again]
    assert [answer.certificate_id for answer in first] == [answer.certificate_id for answer in again]
    assert told(first)[-1] == told(again)[-1]
    assert (12, outcomes) == (await count(kit, "certificate"), await count(kit, "outcome"))


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("holder_id", "holder-2"),
        ("program", "CHILDREN"),
        ("program_version", "2"),
        ("nominal_rubles", "500.01"),
        ("first_day", "2026-01-02"),
        ("last_day", "2999-12-30"),
        ("act_body", "Отдел"),
        ("act_number", "18"),
        ("act_date", "2026-11-02"),
        ("own_nominal", "yes"),
        ("card_number", OTHER_CARD),
        ("card_series", "02"),
    ],
)
async def test_a_changed_row_is_refused_by_the_column_that_differs(kit: Kit, column: str, text: str) -> None:
    """An issue_ref stands for one row; the certificate stays as it was, and no card is linked."""
    bulk = await issuer(kit)
    row = cells(1, card_number=CARD, card_series="01")
    await load(bulk, rows(row))
    cards = await count(kit, "card")
    [answer] = await load(bulk, rows({**row, column: text}))
    expected = "card_number" if column == "card_series" else column
    assert [(Answered.REFUSED, Reason.REQUEST_ID_CONFLICT.name, expected)] == told([answer])
    assert (1, cards) == (await count(kit, "certificate"), await count(kit, "card"))


async def test_a_row_repeated_inside_a_file_finds_itself_answered(kit: Kit) -> None:
    """Next to each other, chunks apart, and changed; only the first of each is credited."""
    bulk = await issuer(kit, batch=2)
    several = (cells(1), cells(1), cells(2), cells(3), cells(1), cells(3, act_number="18"), cells(4))
    answers = await load(bulk, rows(*several))
    words = [answer.answered.value[:3] for answer in answers]
    assert ["ISS", "REP", "ISS", "ISS", "REP", "REF", "ISS"] == words
    assert 4 == await count(kit, "certificate")


async def test_bad_rows_never_stop_the_good_ones(kit: Kit) -> None:
    """Wrong cells and declined commands are refused by name, those around them credited."""
    today = "2026-01-01"
    answers = await load(
        await issuer(kit, batch=3),
        rows(
            cells(1),
            cells(2, nominal_rubles="five"),
            cells(3, program="NONE"),
            cells(4, nominal_rubles="77.00"),
            cells(5, nominal_rubles="77.00", own_nominal="yes"),
            cells(6, last_day="2026-01-02", first_day=today),
            cells(7),
        ),
    )
    issued = (Answered.ISSUED, "", "")
    assert [
        issued,
        (Answered.REFUSED, ROW_INVALID, "nominal_rubles"),
        (Answered.REFUSED, "PROGRAM_UNKNOWN", ""),
        (Answered.REFUSED, "NOMINAL_NOT_PUBLISHED", ""),
        issued,
        (Answered.REFUSED, "VALIDITY_INVALID", ""),
        issued,
    ] == told(answers)


async def test_a_card_is_linked_with_its_row_and_can_pay(kit: Kit) -> None:
    """Under its token and the token's key; several rows of one holder share account and card."""
    bulk = await issuer(kit)
    again = cells(2, holder_id="holder-1", card_number=CARD)
    await load(bulk, rows(cells(1, card_number=CARD), again))
    token = token_of(CARD, "")
    async with kit.connect() as connection:
        stored = await connection.fetch("SELECT token, token_key_id FROM card")
    assert [(token, "key-1")] == [tuple(row) for row in stored]
    paid = must(await (await kit.committer()).submit(authorize(token, line(1, 700_00))))
    assert paid.is_approved
    assert 2 == len(await kit.balances(token))


async def test_a_card_of_another_account_is_refused_by_name(kit: Kit) -> None:
    """Whether it was linked long ago or by a row of the same chunk; nothing is credited for it."""
    bulk = await issuer(kit)
    await load(bulk, rows(cells(1, card_number=CARD)))
    answers = await load(
        bulk,
        rows(cells(2, card_number=CARD), cells(3, card_number=OTHER_CARD), cells(4, card_number=OTHER_CARD)),
    )
    refused = (Answered.REFUSED, CARD_OF_ANOTHER_ACCOUNT, "card_number")
    assert [refused, (Answered.ISSUED, "", ""), refused] == told(answers)
    assert 2 == await count(kit, "certificate")


async def test_a_declined_row_links_no_card(kit: Kit) -> None:
    """A card never changes accounts: a row with several mistakes in it must not bind one for good."""
    bulk = await issuer(kit)
    [declined] = await load(bulk, rows(cells(1, card_number=CARD, program="NONE")))
    assert "PROGRAM_UNKNOWN" == declined.reason
    assert 0 == await count(kit, "card")
    [issued] = await load(bulk, rows(cells(2, card_number=CARD)))
    assert Answered.ISSUED == issued.answered


async def test_a_re_issued_card_joins_the_account_with_the_next_row(kit: Kit) -> None:
    """The account outlives a card: a new row may bring another one."""
    bulk = await issuer(kit)
    await load(bulk, rows(cells(1, card_number=CARD)))
    answers = await load(bulk, rows(cells(2, holder_id="holder-1", card_number=OTHER_CARD)))
    assert [Answered.ISSUED] == [answer.answered for answer in answers]
    assert 2 == len(await kit.balances(token_of(OTHER_CARD, "")))


async def test_two_loaders_of_one_file_at_once_credit_once(kit: Kit) -> None:
    """Each row is issued by one of them and replayed by the other, with the same certificate."""
    these = rows(*(cells(n, card_number=f"96431000000{n:08}") for n in range(40)))
    one, two = await asyncio.gather(
        load(await issuer(kit), these), load(await issuer(kit, 5), list(reversed(these)))
    )
    by_ref = {answer.row.issue_ref: answer for answer in two}
    for answer in one:
        other = by_ref[answer.row.issue_ref]
        assert {Answered.ISSUED, Answered.REPLAYED} == {answer.answered, other.answered}
        assert answer.certificate_id == other.certificate_id
    assert 40 == await count(kit, "certificate")


async def test_a_run_that_broke_off_is_simply_repeated(kit: Kit) -> None:
    """What was answered stays answered; the rest is credited by the second run."""
    bulk = await issuer(kit, batch=4)
    these = rows(*(cells(n) for n in range(20)))
    chunks = 0
    async for _ in bulk.load(these):
        chunks += 1
        if chunks == 2:
            break
    answers = await load(bulk, these)
    assert {Answered.ISSUED, Answered.REPLAYED} == {answer.answered for answer in answers}
    assert [Answered.REPLAYED] * 8 == [answer.answered for answer in answers[:8]]
    assert 20 == await count(kit, "certificate")
    async with kit.connect() as connection:
        assert (await verify(connection)).is_clean


async def test_a_ledger_that_takes_no_more_stops_the_run_by_line(kit: Kit) -> None:
    """A row that could not be asked is neither refused nor passed over."""
    bulk = await issuer(kit, batch=2)

    async def submit(command: Issue) -> StoredAnswer:
        if command.issue_ref == "ref-5":
            raise CommandError(Reason.UNAVAILABLE, retry_after_s=0.001)
        return await bulk.submit(command)

    answered: list[Answer] = []

    async def load_until_it_stops() -> None:
        async for chunk in replace(bulk, submit=submit).load(rows(*(cells(n) for n in range(8)))):
            answered.extend(chunk)

    with pytest.raises(IssuingStoppedError, match="line 7"):
        await load_until_it_stops()
    assert 4 == len(answered)
    assert 8 == len(await load(bulk, rows(*(cells(n) for n in range(8)))))


async def test_a_busy_ledger_is_asked_again(kit: Kit) -> None:
    """OVERLOADED is not the row's fault."""
    bulk = await issuer(kit)
    refusals = iter((True, True, False))

    async def submit(command: Issue) -> StoredAnswer:
        if next(refusals):
            raise CommandError(Reason.OVERLOADED, retry_after_s=0.001)
        return await bulk.submit(command)

    answers = await load(replace(bulk, submit=submit), rows(cells()))
    assert [Answered.ISSUED] == [answer.answered for answer in answers]


async def test_certificates_issued_in_bulk_are_like_all_others(kit: Kit) -> None:
    """They lapse with their last day, and the sweep and verify know them."""
    bulk = await issuer(kit)
    row = cells(1, card_number=CARD, last_day="2026-12-31")
    await load(bulk, rows(row))
    await kit.shift_clock(timedelta(days=60))
    purchase = authorize(token_of(CARD, ""), line(1, 1_00))
    declined = must(await (await kit.committer()).submit(purchase))
    assert Reason.NO_USABLE_CERTIFICATE == declined.reason


async def test_results_answer_row_by_row_without_the_card(kit: Kit) -> None:
    """A header, one line a row in the order of the file, counts, and nowhere the number of a card."""
    bulk = await issuer(kit)
    out = io.StringIO()
    results = Results(out, ";")
    several = rows(cells(1, card_number=CARD), cells(2, card_number=f"{CARD}x"), cells(3, program="NONE"))
    async for chunk in bulk.load(several):
        results.write(chunk)
    header, *lines = csv.reader(io.StringIO(out.getvalue()), delimiter=";")
    assert list(COLUMNS) == header
    assert [["2", "ref-1", "ISSUED"], ["3", "ref-2", "REFUSED"], ["4", "ref-3", "REFUSED"]] == [
        line[:3] for line in lines
    ]
    assert (1, 2) == (results.counts[Answered.ISSUED], results.counts[Answered.REFUSED])
    assert {ROW_INVALID: 1, "PROGRAM_UNKNOWN": 1} == results.reasons
    assert not results.is_complete
    assert CARD not in out.getvalue()
