"""Pages of proposals: what waits, what exactly is proposed, and another person's decision."""

from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg
from aiohttp import web

from gateway.people import approvals
from gateway.people.approvals import KIND_TEXTS, Proposal, ProposalState
from gateway.people.errors import PeopleError
from gateway.people.roles import Permission
from gateway.web.people.desk import Asked, button, page, told
from gateway.web.people.html import Markup, tag
from gateway.web.people.readable import plain, shown_fields, shown_moment

PAGE_ROWS: Final = 50


async def list_page(asked: Asked) -> web.StreamResponse:
    """Open proposals, or all of them, the newest first."""
    words = asked.words
    is_all = asked.query("all") is not None
    async with asked.desk.connect() as connection:
        found = await approvals.proposals(
            connection, open_only=not is_all, before=whole_number(asked.query("before")), limit=PAGE_ROWS
        )
    columns = ("number", "kind", "state", "proposed_by", "proposed_at", "until", "reason")
    rows = [
        tag(
            "tr",
            tag("td", tag("a", str(one.id), href=f"/proposals/{one.id}")),
            tag("td", words.of(KIND_TEXTS[one.kind])),
            tag("td", words(one.state)),
            tag("td", one.proposed_by),
            tag("td", shown_moment(one.proposed_at)),
            tag("td", shown_moment(one.expires_at)),
            tag("td", plain(one.reason)),
        )
        for one in found
    ]
    table = tag("table", tag("tr", [tag("th", words(name)) for name in columns]), rows)
    older = (
        f"/proposals?{'all=1&' if is_all else ''}before={found[-1].id}" if len(found) == PAGE_ROWS else None
    )
    return page(
        asked,
        words("all_proposals" if is_all else "waiting"),
        table if found else tag("p", words("none")),
        tag("p", tag("a", words("older"), href=older)) if older else None,
        None if is_all else tag("p", tag("a", words("all_proposals"), href="/proposals?all=1")),
    )


async def proposal_page(asked: Asked) -> web.StreamResponse:
    """One proposal, with what may be done about it."""
    async with asked.desk.connect() as connection:
        one = await approvals.proposal_of(connection, asked.number("number"))
    return _shown(asked, one, None, 200)


async def approve(asked: Asked) -> web.StreamResponse:
    """Approve the very payload that the page showed."""
    digest = _digest(asked.field("payload_sha256"))

    async def step(connection: asyncpg.Connection, number: int) -> Proposal:
        return await approvals.approve(
            connection,
            number,
            by=asked.someone.signatory,
            payload_sha256=digest,
            because=asked.field("because"),
        )

    return await _decide(asked, step)


async def refuse(asked: Asked) -> web.StreamResponse:
    """Refuse it, for a reason."""
    return await _decide(
        asked,
        lambda connection, number: approvals.refuse(
            connection, number, by=asked.someone.signatory, because=asked.field("because")
        ),
    )


async def withdraw(asked: Asked) -> web.StreamResponse:
    """Take back one's own proposal or approval."""
    return await _decide(
        asked,
        lambda connection, number: approvals.withdraw(connection, number, by=asked.someone.signatory),
    )


def whole_number(text: str | None) -> int | None:
    """A number of an address; None for whatever is none that the database can hold."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 18 else None


async def _decide(
    asked: Asked, step: Callable[[asyncpg.Connection, int], Awaitable[Proposal]]
) -> web.StreamResponse:
    number = asked.number("number")
    try:
        async with asked.desk.connect() as connection, connection.transaction():
            await step(connection, number)
    except PeopleError as error:
        async with asked.desk.connect() as connection:
            one = await approvals.proposal_of(connection, number)
        return _shown(asked, one, told(asked, error), 409)
    raise web.HTTPSeeOther(f"/proposals/{number}")


def _shown(asked: Asked, one: Proposal, error: Markup | None, status: int) -> web.Response:
    words = asked.words
    fields = [
        ("kind", words.of(KIND_TEXTS[one.kind])),
        ("state", words(one.state)),
        ("proposed_by", one.proposed_by),
        ("proposed_at", shown_moment(one.proposed_at)),
        ("until", shown_moment(one.expires_at)),
        ("reason", plain(one.reason)),
        ("decided_by", one.decided_by),
        ("because", plain(one.because) if one.because else None),
        ("executed_by", one.executed_by),
        ("result", plain(one.result) if one.result else None),
    ]
    return page(
        asked,
        f"{words('number')} {one.id}: {words.of(KIND_TEXTS[one.kind])}",
        error,
        tag("dl", [(tag("dt", words(name)), tag("dd", text)) for name, text in fields if text]),
        tag("h2", words("payload")),
        shown_fields(one.payload, words),
        tag("p", words("payload_sha256"), ": ", tag("code", one.payload_sha256.hex())),
        _forms(asked, one),
        status=status,
    )


def _forms(asked: Asked, one: Proposal) -> object:
    """What the person may do about a proposal as it stands."""
    words, person = asked.words, asked.someone
    is_own = one.proposed_by == person.login
    if is_own and one.state in (ProposalState.PROPOSED, ProposalState.APPROVED):
        return tag("p", words("own"), class_="note"), _form(asked, one, "withdraw", None, is_main=False)
    if one.state is ProposalState.APPROVED and one.decided_by == person.login:
        return _form(asked, one, "withdraw", None, is_main=False)
    if one.state is not ProposalState.PROPOSED or not person.may(Permission.DECIDE):
        return None
    seen = tag("input", type="hidden", name="payload_sha256", value=one.payload_sha256.hex())
    return tag(
        "div",
        _form(asked, one, "approve", "because", seen),
        _form(asked, one, "refuse", "because_needed", is_main=False),
        class_="decide",
    )


def _form(
    asked: Asked, one: Proposal, step: str, label: str | None, *more: Markup, is_main: bool = True
) -> Markup:
    words = asked.words
    because = None
    if label is not None:
        area = tag("textarea", name="because", rows=3, maxlength=1000, required=label == "because_needed")
        because = tag("label", words(label), area)
    return tag(
        "form", asked.hidden(), more, because, button(words(step), is_main=is_main),
        method="post", action=f"/proposals/{one.id}/{step}", class_="sheet",
    )  # fmt: skip


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
