"""Two officials at once: one of them decides, the other is told; nothing is done twice or lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.registry.accounts import account_of, accounts_of, confirm_account, propose_account
from gateway.registry.agreement_terms import Terms
from gateway.registry.agreements import add_agreement, list_agreements
from gateway.registry.bic.directory import import_directory
from gateway.registry.bic.file import parse_bic_file
from gateway.registry.enrolment_errors import EnrolmentError
from gateway.registry.history import Subject, history_of
from gateway.registry.merchants import exclude, name_successor, suspend
from gateway.registry.outlets import list_outlets
from gateway.registry.terminals import add_terminal, fiscal_numbers_of, set_fiscal_numbers
from loadtests.demo.applicants import BANK, account
from tests.enrolment_kit import WHO, Office, bank_xml, directory_xml, entity, office_on

Work = Callable[[AsyncConnection], Awaitable[object]]


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    """An office at an empty register."""
    async with office_on(database_url) as made:
        yield made


async def at_once(office: Office, *works: Work) -> list[str]:
    """Each in a transaction of its own, all at the same time: "" or the name of the refusal, sorted."""

    async def one(work: Work) -> str:
        try:
            async with office.work() as connection:
                await work(connection)
        except EnrolmentError as error:
            return error.code.name
        return ""

    return sorted(await asyncio.gather(*map(one, works)))


async def test_an_account_is_confirmed_once(office: Office) -> None:
    """Of three who confirm; and of three who propose, one account waits."""
    merchant_id = await office.enrol(entity())

    def propose(n: int) -> Work:
        return lambda c: propose_account(
            c, merchant_id, bic=BANK, account=account(n), by="Первый", reason="письмо"
        )

    assert ["", *["ACCOUNT_PROPOSED"] * 2] == await at_once(office, *map(propose, (5, 6, 7)))
    async with office.work() as connection:
        (_, waiting) = await accounts_of(connection, merchant_id)

    def confirm(name: str) -> Work:
        return lambda c: confirm_account(c, waiting.id, by=name)

    confirmed = await at_once(office, *map(confirm, ("Второй", "Третий", "Орлова")))
    assert ["", *["STEP_NOT_ALLOWED"] * 2] == confirmed
    async with office.work() as connection:
        current = await account_of(connection, merchant_id)
        steps = await history_of(connection, Subject.ACCOUNT, waiting.id)
    assert current is not None
    assert (waiting.id, ["propose", "confirm"]) == (current.id, [step.step for step in steps])


async def test_of_two_agreements_on_the_same_days_one_is_drafted(office: Office) -> None:
    """Whatever the order of their programs."""
    merchant_id = await office.enrol(entity())

    def draft(number: str, *codes: str) -> Work:
        terms = Terms(number=number, first_day=date(2026, 1, 1), program_codes=codes)
        return lambda c: add_agreement(c, merchant_id, terms, by="Первый")

    done = await at_once(office, draft("1", "a", "b"), draft("2", "b", "a"), draft("3", "c", "b"))
    assert ["", "AGREEMENT_OVERLAP", "AGREEMENT_OVERLAP"] == done
    async with office.work() as connection:
        assert 1 == len(await list_agreements(connection))


async def test_a_fiscal_drive_goes_to_one_till(office: Office) -> None:
    """Of three tills that want it on the same day."""
    merchant_id = await office.enrol(entity())
    async with office.work() as connection:
        (shop, _) = await list_outlets(connection, merchant_id=merchant_id)
        tills = [await add_terminal(connection, shop.id, name=str(n), by="Первый") for n in range(3)]

    def fit(terminal_id: int) -> Work:
        return lambda c: set_fiscal_numbers(
            c, terminal_id, kkt_number=f"{terminal_id:016}", drive_number="1" * 16,
            first_day=date(2026, 1, 1), by="Первый",
        )  # fmt: skip

    assert ["", "FISCAL_OVERLAP", "FISCAL_OVERLAP"] == await at_once(office, *map(fit, tills))
    async with office.work() as connection:
        assert 1 == sum([len(await fiscal_numbers_of(connection, till)) for till in tills])


async def test_steps_of_a_merchant_follow_each_other(office: Office) -> None:
    """A suspension and an exclusion at once end with the exclusion; successors never close a circle."""
    one, two, three = [await office.enrol(entity(n)) for n in (1, 2, 3)]
    why = {"by": "Первый", "reason": "проверка"}
    done = await at_once(office, lambda c: suspend(c, one, **why), lambda c: exclude(c, one, **why))
    assert done in (["", ""], ["", "STEP_NOT_ALLOWED"])

    def succeed(heir: int, predecessor: int) -> Work:
        return lambda c: name_successor(
            c, heir, predecessor, by=WHO["by"], approved_by=WHO["approved_by"], reason="слияние"
        )

    pairs = ((one, two), (two, three), (three, one))
    assert ["", "", "SUCCESSOR_CIRCLE"] == await at_once(office, *(succeed(*pair) for pair in pairs))


async def test_of_two_imports_of_one_directory_one_does_it(office: Office) -> None:
    """The other finds that it is done."""
    file = parse_bic_file(directory_xml(bank_xml()))
    found: list[bool] = []

    async def bring(connection: AsyncConnection) -> None:
        found.append((await import_directory(connection, file, by="Первый")).is_new)

    assert ["", "", ""] == await at_once(office, bring, bring, bring)
    assert [False, False, True] == sorted(found)
