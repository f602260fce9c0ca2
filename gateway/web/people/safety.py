"""What stands before every page: headers, limits, whose form it is, who asks, errors without a cause."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import structlog
from aiohttp import web
from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from gateway.people.errors import PeopleCode, PeopleError
from gateway.people.roles import Permission
from gateway.people.sessions import Stage, is_csrf_token, session_of
from gateway.web.people.desk import DESK, LANGUAGE_COOKIE, Asked, Desk, page, told, wrong
from gateway.web.people.html import tag
from gateway.web.people.texts import LANGUAGES, Words

BODY_MAX_BYTES: Final = 16_384
ARRIVAL_S: Final = 10.0
ANSWER_S: Final = 30.0

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: browsers would then send a form with the origin "null".
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "tillgate",
}
HSTS: Final = "max-age=31536000; includeSubDomains"

Answer = Callable[[Asked], Awaitable[web.StreamResponse]]

_log = structlog.get_logger(__name__)
_STATUSES: Final = {
    PeopleCode.LOCKED_OUT: 429,
    PeopleCode.UNKNOWN_PROPOSAL: 404,
    PeopleCode.NOT_PERMITTED: 403,
}
_HTTP: Final = {404: "not_found", 405: "not_found", 408: "too_slow", 413: "too_large", 400: "bad"}


class Door(Struct, frozen=True):
    """What a route demands: nobody (None), a stage of signing in, and a permission."""

    answer: Answer
    stage: Stage | None = Stage.FULL
    permission: Permission | None = None

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a request, whatever it runs into."""
        asked = asked_of(request)
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._answer(asked)
        except PeopleError as error:
            status = _STATUSES.get(error.code, 409) if isinstance(error.code, PeopleCode) else 409
            home = tag("p", tag("a", asked.words("home"), href="/"))
            return page(asked, asked.words("title"), told(asked, error), home, status=status)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError) as error:
            # Without the database nobody is let in, and nothing is decided.
            _log.error("the people's door has no database", error=type(error).__name__)
            return failed(asked, 503, "unavailable")

    async def _answer(self, asked: Asked) -> web.StreamResponse:
        request, desk = asked.request, asked.desk
        if request.method == "POST":
            asked.form = await _form(request)
            if not _is_our_own(request, desk):
                return failed(asked, 403, "not_ours")
        if self.stage is Stage.FULL:
            asked.person = await desk.sign_in.person_of(asked.token) if asked.token else None
            if asked.person is None:
                raise web.HTTPSeeOther("/login")
        elif self.stage is Stage.PASSWORD:
            async with desk.connect() as connection:
                if not await session_of(connection, asked.token, Stage.PASSWORD, desk.sign_in.limits):
                    raise web.HTTPSeeOther("/login")
        if request.method == "POST" and self.stage and not is_csrf_token(asked.token, asked.field("csrf")):
            return failed(asked, 403, "not_ours")
        if self.permission and not asked.someone.may(self.permission):
            return failed(asked, 403, "forbidden")
        return await self.answer(asked)


def asked_of(request: web.Request) -> Asked:
    """A request with its language, its client's address and the token that it brings."""
    desk = request.app[DESK]
    language = request.query.get("lang") or request.cookies.get(LANGUAGE_COOKIE, "")
    return Asked(
        request, desk, Words(language), _address(request, desk), request.cookies.get(desk.cookie, ""), {}
    )


def failed(asked: Asked, status: int, text: str) -> web.Response:
    """A page that says what is wrong, and not why."""
    words = asked.words
    return page(
        asked, words("title"), wrong(words(text)), tag("p", tag("a", words("home"), href="/")), status=status
    )


@web.middleware
async def errors_as_pages(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Every error is a page of ours; its cause goes to the log without what the request held."""
    try:
        response = await handler(request)
        _remember_language(request, response)
        return response
    except web.HTTPRedirection:
        raise
    except web.HTTPException as error:
        status = error.status if error.status in _HTTP else 400
        response = failed(asked_of(request), status, _HTTP[status])
        if status == web.HTTPRequestTimeout.status_code:
            response.force_close()
        return response
    except Exception as error:
        _log.exception("a page failed", path=request.path, error=type(error).__name__)
        return failed(asked_of(request), 500, "unavailable")


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Headers of every answer."""
    response.headers.update(HEADERS)
    if request.app[DESK].is_secure:
        response.headers["Strict-Transport-Security"] = HSTS


def _remember_language(request: web.Request, response: web.StreamResponse) -> None:
    language = request.query.get("lang", "")
    if language in LANGUAGES:
        is_secure = request.app[DESK].is_secure
        response.set_cookie(
            LANGUAGE_COOKIE, language, path="/", httponly=True, samesite="Strict", secure=is_secure
        )


async def _form(request: web.Request) -> dict[str, str]:
    """The fields of a form of texts; raises HTTPBadRequest for anything else, HTTPRequestTimeout."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPBadRequest
    try:
        async with asyncio.timeout(ARRIVAL_S):
            posted = await request.post()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (UnicodeDecodeError, LookupError, ValueError):
        raise web.HTTPBadRequest from None
    return {name: value for name, value in posted.items() if isinstance(value, str)}


def _is_our_own(request: web.Request, desk: Desk) -> bool:
    """True for a form that a page of this door sent: browsers say where a form comes from."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    origin = request.headers.get("Origin", "")
    if desk.origin:
        return origin == desk.origin
    scheme = "https" if desk.is_secure else "http"
    parts = urlsplit(origin)
    return parts.scheme == scheme and parts.netloc == request.host


def _address(request: web.Request, desk: Desk) -> str:
    if desk.is_behind_proxy:
        last = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if last:
            return last
    return request.remote or "unknown"
