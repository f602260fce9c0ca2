"""The directory in the database: every imported day is kept, the newest answers."""

from datetime import date

import msgspec
from msgspec import Struct
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.record.words import Action, Subject, SubjectKind
from gateway.record.writing import record
from gateway.registry.bic.errors import BicFileCode, BicFileError
from gateway.registry.bic.file import BankAccount, BicFile, Restriction
from gateway.registry.enrolment_schema import bic_directory, bic_entry
from gateway.registry.history import person
from gateway.registry.signing_off import said

IMPORT_LOCK_KEY = 0x6269_6300
"""Advisory lock of importing: of two at once the second sees what the first did."""


class Directory(Struct, frozen=True):
    """An imported directory; `is_new` is False if the same file was imported before."""

    id: int
    business_day: date
    day_version: int
    entry_count: int
    is_new: bool = False


class Bank(Struct, frozen=True):
    """What a directory says of a BIK; `restrictions` are those of the participant and of its own account."""

    bic: str
    name: str
    region: str
    locality: str
    participant_type: str
    status: str
    since: date
    until: date | None
    correspondent_account: str
    restrictions: tuple[Restriction, ...]
    accounts: tuple[BankAccount, ...]
    business_day: date

    @property
    def restrictions_of_payments(self) -> tuple[Restriction, ...]:
        """Every restriction that a payment to a client of this bank meets."""
        own = [one for one in self.accounts if one.account == self.correspondent_account]
        return (*self.restrictions, *(r for one in own for r in one.restrictions))


async def import_directory(connection: AsyncConnection, file: BicFile, *, by: str) -> Directory:
    """Keep a directory; the same one again changes nothing.

    Raises EnrolmentError UNSIGNED, and BicFileError OLDER for one of an earlier day or version than the
    newest, OTHER_CONTENT for another content of a day and version that is imported.
    """
    (by,) = said(by=by)
    await connection.execute(select(func.pg_advisory_xact_lock(IMPORT_LOCK_KEY)))
    last = await newest_directory(connection)
    if last is not None:
        position, newest = (file.business_day, file.day_version), (last.business_day, last.day_version)
        if position < newest:
            raise BicFileError(BicFileCode.OLDER, day=file.business_day, last=last.business_day)
        if position == newest:
            if await _content(connection, last.id) != file.content_sha256:
                raise BicFileError(BicFileCode.OTHER_CONTENT, day=file.business_day, version=file.day_version)
            return last
    new = insert(bic_directory).values(
        business_day=file.business_day,
        day_version=file.day_version,
        entry_count=len(file.entries),
        content_sha256=file.content_sha256,
        imported_by=by,
    )
    directory_id = (await connection.execute(new.returning(bic_directory.c.id))).scalar_one()
    rows = [
        {
            "directory_id": directory_id,
            "correspondent_account": entry.correspondent_account,
            **{
                name: getattr(entry, name)
                for name in entry.__struct_fields__
                if name not in ("restrictions", "accounts")
            },
            "restrictions": msgspec.to_builtins(entry.restrictions),
            "accounts": msgspec.to_builtins(entry.accounts),
        }
        for entry in file.entries
    ]
    await connection.execute(insert(bic_entry), rows)
    await record(
        connection,
        actor=person(by),
        action=Action.BIC_DIRECTORY_IMPORTED,
        subject=Subject(SubjectKind.BIC_DIRECTORY, f"{file.business_day}/{file.day_version}"),
        details={"participants": len(rows), "content_sha256": file.content_sha256.hex()},
    )
    return Directory(directory_id, file.business_day, file.day_version, len(rows), is_new=True)


async def newest_directory(connection: AsyncConnection) -> Directory | None:
    """The directory that answers, or None if none was ever imported."""
    t = bic_directory.c
    statement = (
        select(t.id, t.business_day, t.day_version, t.entry_count)
        .order_by(t.business_day.desc(), t.day_version.desc())
        .limit(1)
    )
    row = (await connection.execute(statement)).one_or_none()
    return Directory(*row) if row else None


async def find_bank(connection: AsyncConnection, bic: str) -> Bank | None:
    """What the newest directory says of a BIK; None if it has none such, or if there is no directory."""
    last = await newest_directory(connection)
    if last is None:
        return None
    columns = [bic_entry.c[name] for name in Bank.__struct_fields__ if name != "business_day"]
    statement = select(*columns).where(bic_entry.c.directory_id == last.id, bic_entry.c.bic == bic)
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return None
    fields = dict(row._mapping)
    fields["restrictions"] = msgspec.convert(fields["restrictions"], tuple[Restriction, ...])
    fields["accounts"] = msgspec.convert(fields["accounts"], tuple[BankAccount, ...])
    return Bank(**fields, business_day=last.business_day)


async def _content(connection: AsyncConnection, directory_id: int) -> bytes:
    statement = select(bic_directory.c.content_sha256).where(bic_directory.c.id == directory_id)
    found: bytes = (await connection.execute(statement)).scalar_one()
    return found
