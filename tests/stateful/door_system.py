"""A gateway with its doors as a system for the machines: commands of tills travel, and come back signed."""

from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.goods.loader import load_list_book
from gateway.ledger.answers import SealedAnswer, StoredAnswer
from gateway.ledger.reader import LedgerReader
from gateway.ledger.sweep import _LOCK_KEY as SWEEP_LOCK_KEY
from gateway.runtime.database import driver_connection
from gateway.runtime.embedded import EmbeddedPostgres
from gateway.runtime.settings_source import variable
from tests.crash.tills import Line
from tests.door_ledger import DoorLedger
from tests.ledger_kit import Ledger, NoRegistry
from tests.served import Served
from tests.stateful.ledger_system import LedgerDatabase, LedgerSystem
from tests.stateful.list_files import write_lists
from tests.stateful.plain import Plain
from tests.stateful.world import AGREEMENTS, LISTS, TILLS
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1.reason_pb2 import Reason

OTHER: Final = 1000
"""Of each till there is another one beside it, whose id is so much greater."""


class DoorDatabase(LedgerDatabase):
    """A database with a gateway; `transport` is how the commands of tills go there from now on.

    The department's commands, for which no door is open, are decided beside it.
    """

    def __init__(self, postgres: EmbeddedPostgres, name: str, redis_url: str, folder: Path, workers: int):
        super().__init__(postgres.url(name))
        lists = write_lists(folder / "lists", LISTS)
        assert LISTS == load_list_book(lists)
        more = {variable("lists_dir"): str(lists)}
        self.served = Served(postgres, name, redis_url, folder, workers=workers, **more)
        self.transport = ""
        self._doors: dict[str, DoorLedger] = {}

    async def _open(self) -> None:
        await super()._open()
        # Nobody sweeps: what time has done is booked when a machine says so.
        await self.connection.execute("SELECT pg_advisory_lock($1)", SWEEP_LOCK_KEY)
        gateway = self.served.gateway
        gateway.__enter__()
        await gateway.start_ready()

    async def _close(self) -> None:
        for door in self._doors.values():
            await door.stop()
        self.served.gateway.__exit__(None, None, None)
        await super()._close()

    async def _register(self) -> None:
        """The world's merchants, with the programs of their agreements and two tills for each."""
        await super()._register()
        await self.connection.executemany(
            "INSERT INTO terminal (id, outlet_id, name) OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3)",
            [(terminal + OTHER, outlet, f"till {terminal + OTHER}") for _, outlet, terminal in TILLS],
        )
        await self.connection.executemany(
            "INSERT INTO agreement_program (agreement_id, program_code, merchant_id, in_force)"
            " SELECT id, $2, merchant_id, in_force FROM agreement WHERE id = $1",
            [(fact["id"], code) for fact in AGREEMENTS for code in fact["programs"]],
        )
        for _, _, terminal in TILLS:
            await self.served.admit(self.connection, terminal, terminal + OTHER)

    @property
    def ledger(self) -> Ledger:
        """The door that is tried now."""
        if self.transport not in self._doors:
            transport = self.transport

            async def line_of(terminal_id: int) -> Line:
                return self.served.line(transport, terminal_id)

            rules = self.committer.rules
            reader = LedgerReader(lambda: driver_connection(self.engine), rules, NoRegistry())
            self._doors[transport] = DoorLedger(line_of, self.committer, reader)
        return self._doors[self.transport]

    def make_system(self) -> LedgerSystem:
        """A system for one more example."""
        return DoorSystem(self)

    def token_of(self, card: str) -> bytes:
        """The token that the doors make of a card."""
        return self.served.token_of(card.encode())


class DoorSystem(LedgerSystem):
    """One example's accounts; what the registry says of tills stands in its tables."""

    _registered: tuple[dict[int, datetime], set[int]] | None = None

    def submit(self, *requests: Plain) -> list[StoredAnswer | BaseException]:
        """Send requests at once, each on the connection of its till."""
        standing = dict(self.suspended_at), set(self.disabled)
        if self._registered != standing:
            self._register(*standing)
            self._registered = standing
        return list(super().submit(*requests))

    def _register(self, suspended_at: dict[int, datetime], disabled: set[int]) -> None:
        for merchant in {merchant for merchant, _, _ in TILLS}:
            instant = suspended_at.get(merchant)
            state = "ACTIVE" if instant is None else "SUSPENDED"
            self._fetch(
                "UPDATE merchant SET suspended_at = $2, state = $3 WHERE id = $1", merchant, instant, state
            )
        for table in ("outlet", "terminal"):
            self._fetch(f"UPDATE {table} SET is_enabled = id <> ALL ($1)", list(disabled))  # noqa: S608

    def reason_in(self, sealed: SealedAnswer) -> str | None:
        """The reason that a stored answer tells a till, or the department."""
        if sealed.signed_payload.startswith(b"{"):
            return super().reason_in(sealed)
        told = wire.SignedOutcome.FromString(sealed.signed_payload).reason
        return Reason.Name(told).removeprefix("REASON_") if told else None
