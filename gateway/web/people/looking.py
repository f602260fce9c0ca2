"""Pages that only show: the audit log for auditors, and merchants for those who manage them."""

from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from gateway.people.roles import Permission
from gateway.record.reading import Filter, entries
from gateway.record.words import ACTIONS, SubjectKind
from gateway.web.people.deciding import PAGE_ROWS, whole_number
from gateway.web.people.desk import Asked, page
from gateway.web.people.html import Markup, tag
from gateway.web.people.readable import plain, shown_fields, shown_moment
from gateway.web.people.texts import Words

_FILTERS: Final = ("actor", "action", "subject_kind", "subject")

_MERCHANTS: Final = """
SELECT id, inn, name, state FROM merchant WHERE id = ANY ($1::bigint[]) ORDER BY name, id"""
_OUTLETS: Final = """
SELECT o.name, o.address, o.is_enabled, count(t.id) AS terminals FROM outlet o
LEFT JOIN terminal t ON t.outlet_id = o.id WHERE o.merchant_id = $1
GROUP BY o.id, o.name, o.address, o.is_enabled ORDER BY o.name"""
_AGREEMENTS: Final = """
SELECT number, in_force::text FROM agreement WHERE merchant_id = $1 ORDER BY lower(in_force) DESC"""


async def audit_page(asked: Asked) -> web.StreamResponse:
    """Entries of the audit log, the newest first, by who, what and on what."""
    words = asked.words
    actor, action, kind, subject = (_storable(asked.query(name)) for name in _FILTERS)
    before = whole_number(asked.query("before"))
    wanted = Filter(None, None, actor, action, kind, subject, before)
    async with asked.desk.connect() as connection:
        found = await entries(connection, wanted, PAGE_ROWS)
    rows = [
        tag(
            "tr",
            tag("td", str(entry.id)),
            tag("td", shown_moment(entry.at), class_="short"),
            tag("td", plain(entry.actor_id), class_="short"),
            tag("td", _action(entry.action, words)),
            tag("td", f"{entry.subject_kind} {plain(entry.subject_id)}"),
            tag("td", shown_fields(entry.details, words)),
            tag("td", plain(entry.approved_by or "")),
        )
        for entry in found
    ]
    columns = ("number", "proposed_at", "actor", "action", "subject", "details", "approved_by")
    table = tag("table", tag("tr", [tag("th", words(name)) for name in columns]), rows)
    chosen = {name: value for name in _FILTERS if (value := asked.query(name))}
    query = urlencode({**chosen, "before": found[-1].id}) if len(found) == PAGE_ROWS else ""
    return page(
        asked,
        words("audit"),
        _filters(asked),
        table if found else tag("p", words("none")),
        tag("p", tag("a", words("older"), href=f"/audit?{query}")) if query else None,
    )


def _filters(asked: Asked) -> Markup:
    words = asked.words
    actions = sorted({action.dotted.partition(".")[0] + "." for action in ACTIONS.values()})
    fields = [
        _text(words("actor"), "actor", asked),
        _choice(words("action"), "action", actions, asked),
        _choice(words("subject"), "subject_kind", [kind.value for kind in SubjectKind], asked),
        _text(words("number"), "subject", asked),
    ]
    return tag("form", fields, tag("button", words("filter")), method="get", action="/audit", class_="decide")


def _text(label: str, name: str, asked: Asked) -> Markup:
    return tag("label", label, tag("input", name=name, value=asked.query(name), maxlength=100))


def _choice(label: str, name: str, values: list[str], asked: Asked) -> Markup:
    options = [tag("option", value, value=value, selected=value == asked.query(name)) for value in values]
    return tag("label", label, tag("select", tag("option", "", value=""), options, name=name))


def _action(dotted: str, words: Words) -> str:
    known = ACTIONS.get(dotted)
    return words.of((known.ru, known.en)) if known else dotted


def _storable(text: str | None) -> str | None:
    """A text that the database can be asked for; what it could not hold is found nowhere."""
    return None if text is None else text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


async def merchants_page(asked: Asked) -> web.StreamResponse:
    """The merchants that this person manages."""
    words, person = asked.words, asked.someone
    async with asked.desk.connect() as connection:
        found = await connection.fetch(_MERCHANTS, sorted(person.merchant_ids))
    rows = [
        tag(
            "tr",
            tag("td", tag("a", row["name"], href=f"/merchants/{row['id']}")),
            tag("td", row["inn"]),
            tag("td", words(row["state"])),
        )
        for row in found
    ]
    table = tag("table", tag("tr", [tag("th", words(name)) for name in ("merchants", "inn", "state")]), rows)
    return page(asked, words("merchants"), table if rows else tag("p", words("none")))


async def merchant_page(asked: Asked) -> web.StreamResponse:
    """One merchant. Another one's is answered like one that there is not."""
    words, person, merchant_id = asked.words, asked.someone, asked.number("merchant_id")
    if not person.may(Permission.SEE_OWN_MERCHANTS) or not person.manages(merchant_id):
        raise web.HTTPNotFound
    async with asked.desk.connect() as connection:
        [merchant] = await connection.fetch(_MERCHANTS, [merchant_id])
        outlets = await connection.fetch(_OUTLETS, merchant_id)
        agreements = await connection.fetch(_AGREEMENTS, merchant_id)
    shops = [
        tag(
            "tr",
            tag("td", row["name"]),
            tag("td", row["address"]),
            tag("td", str(row["terminals"])),
            tag("td", words("enabled" if row["is_enabled"] else "disabled")),
        )
        for row in outlets
    ]
    terms = [tag("tr", tag("td", row["number"]), tag("td", row["in_force"])) for row in agreements]
    heads = [tag("th", words(name)) for name in ("outlets", "address", "terminals", "state")]
    return page(
        asked,
        merchant["name"],
        tag("p", words("inn"), " ", merchant["inn"], ", ", words(merchant["state"])),
        tag("h2", words("outlets")),
        tag("table", tag("tr", heads), shops),
        tag("h2", words("agreements")),
        tag("table", tag("tr", tag("th", words("number")), tag("th", words("in_force"))), terms),
    )
