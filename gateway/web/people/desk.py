"""What every page of the door shares: who asks, in which language, and how a page is put together."""

from collections.abc import Mapping
from typing import Final

from aiohttp import web
from msgspec import Struct

from gateway.people.errors import PeopleError
from gateway.people.persons import Person
from gateway.people.roles import Permission
from gateway.people.sessions import csrf_token
from gateway.people.signing_in import Connect, SignIn
from gateway.web.people.html import Markup, rendered, tag
from gateway.web.people.texts import LANGUAGES, Words

LANGUAGE_COOKIE: Final = "language"


class Desk(Struct, frozen=True):
    """The parts that pages work with. `origin` is how browsers know the door, "" for whatever they call it.

    `is_secure`: over TLS, ended here or before us; `is_behind_proxy`: the address of a client is the last one
    that the proxy has added.
    """

    sign_in: SignIn
    connect: Connect
    origin: str = ""
    is_secure: bool = False
    is_behind_proxy: bool = False

    @property
    def cookie(self) -> str:
        """The name of the session's cookie; the prefix lets no other host and no plain HTTP set it."""
        return "__Host-session" if self.is_secure else "session"


DESK: Final = web.AppKey("desk", Desk)


class Asked(Struct):
    """One request with what it is answered by."""

    request: web.Request
    desk: Desk
    words: Words
    address: str
    token: str
    form: Mapping[str, str]
    person: Person | None = None

    @property
    def someone(self) -> Person:
        """Who is signed in; only where the route demands it."""
        if self.person is None:
            raise web.HTTPSeeOther("/login")
        return self.person

    def field(self, name: str) -> str:
        """A field of the form, "" if it is absent."""
        return self.form.get(name, "")

    def query(self, name: str) -> str | None:
        """A parameter of the address, None if it is absent or empty."""
        return self.request.query.get(name) or None

    def number(self, name: str) -> int:
        """A number of the path; raises HTTPNotFound beyond what the database can hold."""
        number = int(self.request.match_info[name])
        if number >= 2**63:
            raise web.HTTPNotFound
        return number

    def hidden(self) -> Markup:
        """The field that ties a form to the session."""
        return tag("input", type="hidden", name="csrf", value=csrf_token(self.token))

    def keep(self, response: web.Response, token: str) -> web.Response:
        """Give the browser the session's cookie."""
        response.set_cookie(
            self.desk.cookie, token, path="/", httponly=True, samesite="Strict", secure=self.desk.is_secure
        )
        return response


def page(asked: Asked, title: str, *content: object, status: int = 200) -> web.Response:
    """A whole page."""
    words = asked.words
    html = tag(
        "html",
        tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("title", f"{title} · {words('title')}"),
            tag("link", rel="stylesheet", href="/style.css"),
        ),
        tag("body", _header(asked), tag("main", tag("h1", title), content)),
        lang=words.language,
    )
    return web.Response(text=f"<!doctype html>{rendered(html)}", content_type="text/html", status=status)


def told(asked: Asked, error: PeopleError) -> Markup:
    """A refusal, as a paragraph."""
    return wrong(asked.words.of((error.ru, error.en)))


def wrong(text: str) -> Markup:
    """What is wrong, as a paragraph."""
    return tag("p", text, class_="wrong", role="alert")


def labelled(text: str, name: str, *, kind: str = "text", **more: object) -> Markup:
    """A field with its label."""
    return tag("label", text, tag("input", name=name, type=kind, required=True, **more))


def button(text: str, *, is_main: bool = True) -> Markup:
    """What sends a form."""
    return tag("button", text, type="submit", class_="main" if is_main else None)


def sheet(action: str, *content: object) -> Markup:
    """A form."""
    return tag("form", content, method="post", action=action, class_="sheet")


def _header(asked: Asked) -> Markup:
    words, person = asked.words, asked.person
    links = []
    if person is not None:
        links = [
            tag("a", words(text), href=address)
            for permission, address, text in (
                (Permission.SEE_PROPOSALS, "/proposals", "proposals"),
                (Permission.READ_AUDIT, "/audit", "audit"),
                (Permission.SEE_OWN_MERCHANTS, "/merchants", "merchants"),
            )
            if person.may(permission)
        ]
    languages = [
        tag("a", language.upper(), href=f"?lang={language}", hreflang=language)
        for language in LANGUAGES
        if language != words.language
    ]
    return tag("header", tag("strong", "Tillgate"), tag("nav", _spaced(links)), _signed_in(asked), languages)


def _signed_in(asked: Asked) -> Markup | None:
    if asked.person is None:
        return tag("span", class_="who")
    return tag(
        "span",
        tag("a", asked.person.full_name, href="/password"),
        " ",
        tag(
            "form",
            asked.hidden(),
            button(asked.words("sign_out"), is_main=False),
            method="post",
            action="/logout",
        ),
        class_="who",
    )


def _spaced(links: list[Markup]) -> list[object]:
    return [part for link in links for part in (link, " ")]
