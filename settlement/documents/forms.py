"""Forms: the templates of documents, as data. The project ships two; an operator may add others.

A form is the text of a Typst document. Its data come as `sys.inputs.data`, JSON whose texts are never taken
for markup. A form reads no file and no package, so that it prints the same everywhere.
"""

import re
from datetime import datetime
from hashlib import sha256
from importlib import resources
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import record
from settlement.documents.errors import DocumentCode
from settlement.errors import SettlementError

STANDARD: Final = "standard"
"""The claim and its calculation."""

RECONCILIATION: Final = "reconciliation"
"""The act of reconciliation."""

_SHIPPED: Final = (STANDARD, RECONCILIATION)
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,59}")
# A package would come from the network, and `eval` could spell the others.
_REACHES_OUT: Final = re.compile(r"\b(import|include|eval)\b")


class Form(Struct, frozen=True):
    """A version of a form; version 0 is the one that the project ships."""

    name: str
    version: int
    body: str

    @property
    def sha256(self) -> str:
        """The digest of the body, hex."""
        return sha256(self.body.encode()).hexdigest()


def shipped(name: str) -> Form | None:
    """The form of this name that comes with the project."""
    if name not in _SHIPPED:
        return None
    place = resources.files("settlement.documents") / "forms" / f"{name}.typ"
    return Form(name, 0, place.read_text("utf-8"))


async def form_at(connection: asyncpg.Connection, name: str, at: datetime) -> Form:
    """The newest version that there was at an instant, else the shipped one, else the first one after it.

    A claim is printed by the form of its own time, however often it is printed. Raises SettlementError
    FORM_UNKNOWN.
    """
    rows = await connection.fetch(
        "SELECT name, version, body, added_at <= $2 AS was_there FROM document_form WHERE name = $1"
        " ORDER BY version DESC",
        name,
        at,
    )
    there = [row for row in rows if row["was_there"]]
    if not there and (form := shipped(name)):
        return form
    if not rows:
        raise SettlementError(DocumentCode.FORM_UNKNOWN, name=name)
    chosen = there[0] if there else rows[-1]
    return Form(chosen["name"], chosen["version"], chosen["body"])


async def add_form(connection: asyncpg.Connection, form: Form, *, by: str) -> Form:
    """Store a text as the next version of its name, in the caller's transaction; the version is counted here.

    The caller has printed a sample by it. Raises SettlementError: FORM_NAME_UNFIT, FORM_UNSAFE, FORM_SAME.
    """
    check_form(form)
    await connection.execute("LOCK TABLE document_form IN SHARE ROW EXCLUSIVE MODE")
    newest = await connection.fetchrow(
        "SELECT name, version, body FROM document_form WHERE name = $1 ORDER BY version DESC LIMIT 1",
        form.name,
    )
    if newest is not None and newest["body"] == form.body:
        raise SettlementError(DocumentCode.FORM_SAME, name=form.name, version=newest["version"])
    added = Form(form.name, newest["version"] + 1 if newest else 1, form.body)
    await connection.execute(
        "INSERT INTO document_form (name, version, body, body_sha256, added_by) VALUES ($1, $2, $3, $4, $5)",
        added.name, added.version, added.body, bytes.fromhex(added.sha256), by,
    )  # fmt: skip
    await record(
        connection,
        actor=Actor.person(by),
        action=Action.FORM_ADDED,
        subject=Subject(SubjectKind.FORM, f"{added.name}/{added.version}"),
        details={"body_sha256": added.sha256},
    )
    return added


async def forms(connection: asyncpg.Connection) -> list[Form]:
    """All versions of all forms, the shipped ones first."""
    rows = await connection.fetch("SELECT name, version, body FROM document_form ORDER BY name, version")
    return [*(form for name in _SHIPPED if (form := shipped(name))), *(Form(**row) for row in rows)]


def check_form(form: Form) -> None:
    """Raises SettlementError FORM_NAME_UNFIT or FORM_UNSAFE."""
    if not _NAME.fullmatch(form.name):
        raise SettlementError(DocumentCode.FORM_NAME_UNFIT, name=form.name)
    if found := _REACHES_OUT.search(form.body):
        raise SettlementError(DocumentCode.FORM_UNSAFE, what=found[0])
