"""Whom a key stands for: one terminal, or one concentrator with the terminals of its outlets."""

from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import ColumnElement, FromClause, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.record.words import Subject, SubjectKind
from gateway.registry.schema import concentrator, concentrator_outlet, outlet, terminal


class UnknownOwnerError(LookupError):
    """The registry has no such terminal or concentrator."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A terminal or a concentrator by its id; one of the two is set."""

    terminal_id: int | None = None
    concentrator_id: int | None = None

    @classmethod
    def of(cls, row: Any) -> Self:
        """The owner that a row names."""
        return cls(row.terminal_id, row.concentrator_id)

    @property
    def name(self) -> str:
        """How certificates, HMAC keys and people name it: terminal-12."""
        kind = "concentrator" if self.terminal_id is None else "terminal"
        return f"{kind}-{self.terminal_id or self.concentrator_id}"

    @property
    def subject(self) -> Subject:
        """What the audit log calls it."""
        if self.terminal_id is not None:
            return Subject(SubjectKind.TERMINAL, str(self.terminal_id))
        return Subject(SubjectKind.CONCENTRATOR, str(self.concentrator_id))

    @property
    def columns(self) -> dict[str, int | None]:
        """What a row that names it has."""
        return {"terminal_id": self.terminal_id, "concentrator_id": self.concentrator_id}

    def owns(self, table: FromClause) -> ColumnElement[bool]:
        """The rows of a table that name it."""
        if self.terminal_id is not None:
            return table.c.terminal_id == self.terminal_id
        return table.c.concentrator_id == self.concentrator_id


@dataclass(frozen=True, slots=True)
class Description:
    """Where an owner stands; a concentrator has no outlet or terminal (0), and a terminal no concentrator."""

    merchant_id: int
    outlet_id: int
    terminal_id: int
    concentrator_id: int
    terminal_ids: tuple[int, ...]


async def describe(connection: AsyncConnection, owner: Owner) -> Description:
    """What a client is told of itself; raises UnknownOwnerError."""
    if owner.terminal_id is not None:
        at = (
            select(outlet.c.merchant_id, outlet.c.id)
            .join(terminal, terminal.c.outlet_id == outlet.c.id)
            .where(terminal.c.id == owner.terminal_id)
        )
        row = (await connection.execute(at)).one_or_none()
        if row is None:
            raise UnknownOwnerError(f"the registry has no {owner.name}")
        return Description(row.merchant_id, row.id, owner.terminal_id, 0, (owner.terminal_id,))
    of = select(concentrator.c.merchant_id).where(concentrator.c.id == owner.concentrator_id)
    merchant_id = (await connection.execute(of)).scalar_one_or_none()
    if merchant_id is None or owner.concentrator_id is None:
        raise UnknownOwnerError(f"the registry has no {owner.name}")
    spoken_for = (
        select(terminal.c.id)
        .join(concentrator_outlet, concentrator_outlet.c.outlet_id == terminal.c.outlet_id)
        .where(concentrator_outlet.c.concentrator_id == owner.concentrator_id)
        .order_by(terminal.c.id)
    )
    terminal_ids = tuple((await connection.execute(spoken_for)).scalars())
    return Description(merchant_id, 0, 0, owner.concentrator_id, terminal_ids)
