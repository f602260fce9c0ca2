"""The department's part in a merchant's joining: register, agreement, tills, one-time codes.

The same functions as behind `tillgate merchants`, `agreements`, `terminals` and `pki`: a hundred processes
would take a minute to start.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from gateway.domain.policy import moscow_date
from gateway.registry import agreements, applications, outlets, terminals
from gateway.registry.agreement_terms import AgreementSettings, Terms
from gateway.registry.keys.operating import issue_code
from gateway.registry.keys.owners import Owner
from gateway.runtime.database import make_engine
from gateway.runtime.published import read_editions
from gateway.runtime.settings import Settings
from loadtests.demo.bank import TERMS
from loadtests.demo.place import drive_number, kkt_number

CLERK: Final = "clerk"
APPROVER: Final = "head-of-office"

_CONNECTIONS: Final = 4


class Department:
    """Two persons with the register of participants, as the owner of its tables."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine = make_engine(settings.database_migrator_url, pool_size=_CONNECTIONS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._engine.dispose()

    async def register(self, application_number: int) -> int:
        """One person reviews an application, two include its sender in the register; the merchant's id.

        Raises EnrolmentError, with every check that an application fails.
        """
        async with self._engine.begin() as connection:
            await applications.review(connection, application_number, by=CLERK)
        async with self._engine.begin() as connection:
            return await applications.register(connection, application_number, by=CLERK, approved_by=APPROVER)

    async def conclude(self, merchant_id: int) -> None:
        """Draft an agreement for every program, send it, get it back signed: from now on points are paid."""
        now = datetime.now(UTC)
        today = moscow_date(now)
        programs = (await read_editions(self._settings)).lists_at(now).programs
        terms = Terms(
            number=f"ПРИМЕР-{merchant_id}",
            first_day=today,
            program_codes=tuple(sorted({code for code, _ in programs})),
            settings=AgreementSettings(settlement=TERMS),
        )
        async with self._engine.begin() as connection:
            agreement_id = await agreements.add_agreement(connection, merchant_id, terms, by=CLERK)
            for step in (agreements.send, agreements.sign, agreements.take_back):
                await step(connection, agreement_id, on=today, by=CLERK)

    async def add_terminals(self, merchant_id: int, number: int) -> list[int]:
        """So many tills with their fiscal numbers in each shop of a merchant; their ids."""
        today, added = moscow_date(datetime.now(UTC)), []
        async with self._engine.begin() as connection:
            for shop in await outlets.list_outlets(connection, merchant_id=merchant_id):
                for n in range(1, number + 1):
                    terminal_id = await terminals.add_terminal(
                        connection, shop.id, name=f"Касса {n}", by=CLERK
                    )
                    await terminals.set_fiscal_numbers(
                        connection,
                        terminal_id,
                        kkt_number=kkt_number(terminal_id),
                        drive_number=drive_number(terminal_id),
                        first_day=today,
                        by=CLERK,
                    )
                    added.append(terminal_id)
        return added

    async def issue_code(self, terminal_id: int) -> str:
        """A one-time code for a till, which is shown once."""
        async with self._engine.begin() as connection:
            issued = await issue_code(connection, Owner(terminal_id=terminal_id), CLERK)
        return issued.code.text


def shops(terminal_ids: Sequence[int], number: int) -> list[Sequence[int]]:
    """The tills of each shop, in which there are so many."""
    return [terminal_ids[first : first + number] for first in range(0, len(terminal_ids), number)]
