"""Pages of signing in and out, of invitations, and of one's own password."""

from aiohttp import web

from gateway.people.errors import PeopleCode, PeopleError
from gateway.people.roles import Permission
from gateway.people.second_factor import address_of, shown_secret
from gateway.web.people.desk import Asked, button, labelled, page, sheet, told, wrong
from gateway.web.people.html import Markup, tag


async def home(asked: Asked) -> web.StreamResponse:
    """To what the person is here for."""
    for permission, address in (
        (Permission.SEE_PROPOSALS, "/proposals"),
        (Permission.SEE_OWN_MERCHANTS, "/merchants"),
    ):
        if asked.someone.may(permission):
            raise web.HTTPSeeOther(address)
    raise web.HTTPSeeOther("/password")


async def login_page(asked: Asked, error: Markup | None = None, status: int = 200) -> web.StreamResponse:
    """Login and password."""
    words = asked.words
    note = {"joined": "joined", "changed": "changed"}.get(asked.query("note") or "")
    form = sheet(
        "/login",
        labelled(words("login"), "login", autocomplete="username", autofocus=True, maxlength=64),
        labelled(
            words("password"), "password", kind="password", autocomplete="current-password", maxlength=256
        ),
        button(words("next")),
    )
    return page(
        asked,
        words("sign_in"),
        tag("p", words(note), class_="note") if note else None,
        error,
        form,
        tag("p", tag("a", words("join"), href="/join")),
        status=status,
    )


async def login(asked: Asked) -> web.StreamResponse:
    """The first stage. Whatever cookie the browser brought, the session is a new one."""
    try:
        token = await asked.desk.sign_in.by_password(
            asked.field("login"), asked.field("password"), asked.address
        )
    except PeopleError as error:
        return await login_page(asked, told(asked, error), _status(error))
    return asked.keep(_see("/login/code"), token)


async def code_page(asked: Asked, error: Markup | None = None, status: int = 200) -> web.StreamResponse:
    """The second factor."""
    words = asked.words
    form = sheet(
        "/login/code",
        asked.hidden(),
        labelled(
            words("code"),
            "code",
            inputmode="numeric",
            autocomplete="one-time-code",
            autofocus=True,
            maxlength=8,
        ),
        tag("p", words("code_hint")),
        button(words("sign_in")),
    )
    return page(asked, words("sign_in"), error, form, status=status)


async def code(asked: Asked) -> web.StreamResponse:
    """The second stage: another session, with another token."""
    try:
        token = await asked.desk.sign_in.by_code(asked.token, asked.field("code"), asked.address)
    except PeopleError as error:
        return await code_page(asked, told(asked, error), _status(error))
    return asked.keep(_see("/"), token)


async def logout(asked: Asked) -> web.StreamResponse:
    """The session ends here and in the browser."""
    await asked.desk.sign_in.sign_out(asked.token)
    response = _see("/login")
    response.del_cookie(asked.desk.cookie, path="/", secure=asked.desk.is_secure, samesite="Strict")
    return response


async def join_page(asked: Asked, error: Markup | None = None, status: int = 200) -> web.StreamResponse:
    """The code of an invitation; never in an address, which others may see."""
    words = asked.words
    form = sheet(
        "/join",
        labelled(words("invitation"), "invitation", autocomplete="off", autofocus=True, maxlength=64),
        button(words("next")),
    )
    return page(asked, words("joining"), error, form, status=status)


async def join(asked: Asked) -> web.StreamResponse:
    """What an invitation is for: its person, the key of the second factor, and the first password."""
    try:
        return await _join_form(asked, None, 200)
    except PeopleError as error:
        return await join_page(asked, told(asked, error), _status(error))


async def finish_joining(asked: Asked) -> web.StreamResponse:
    """The first password is set, and the second factor has shown that it works."""
    if asked.field("password") != asked.field("again"):
        return await _join_form(asked, wrong(asked.words("differ")), 409)
    try:
        await asked.desk.sign_in.join(
            asked.field("invitation"), asked.field("password"), asked.field("code"), asked.address
        )
    except PeopleError as error:
        if error.code in (PeopleCode.PASSWORD_WEAK, PeopleCode.CODE_WRONG):
            return await _join_form(asked, told(asked, error), 409)
        return await join_page(asked, told(asked, error), _status(error))
    raise web.HTTPSeeOther("/login?note=joined")


async def _join_form(asked: Asked, error: Markup | None, status: int) -> web.StreamResponse:
    words = asked.words
    invited = await asked.desk.sign_in.invitation_of(asked.field("invitation"), asked.address)
    form = sheet(
        "/join/finish",
        tag("input", type="hidden", name="invitation", value=asked.field("invitation").strip()),
        labelled(
            words("new_password"), "password", kind="password", autocomplete="new-password", maxlength=256
        ),
        labelled(words("again"), "again", kind="password", autocomplete="new-password", maxlength=256),
        tag("p", words("password_rule")),
        labelled(words("code"), "code", inputmode="numeric", autocomplete="off", maxlength=8),
        button(words("finish")),
    )
    return page(
        asked,
        f"{words('hello')}, {invited.full_name}",
        error,
        tag("p", words("login"), ": ", tag("strong", invited.login)),
        tag("p", words("secret"), ": ", tag("code", shown_secret(invited.totp_secret))),
        tag("p", tag("a", words("secret_link"), href=address_of(invited.totp_secret, invited.login))),
        form,
        status=status,
    )


async def password_page(asked: Asked, error: Markup | None = None, status: int = 200) -> web.StreamResponse:
    """One's own password."""
    words = asked.words
    form = sheet(
        "/password",
        asked.hidden(),
        labelled(
            words("password"), "password", kind="password", autocomplete="current-password", maxlength=256
        ),
        labelled(words("code"), "code", inputmode="numeric", autocomplete="one-time-code", maxlength=8),
        labelled(words("new_password"), "new", kind="password", autocomplete="new-password", maxlength=256),
        labelled(words("again"), "again", kind="password", autocomplete="new-password", maxlength=256),
        tag("p", words("password_rule")),
        button(words("change_password")),
    )
    return page(asked, words("change_password"), error, form, status=status)


async def change_password(asked: Asked) -> web.StreamResponse:
    """Another password; every session ends."""
    if asked.field("new") != asked.field("again"):
        return await password_page(asked, wrong(asked.words("differ")), 409)
    try:
        await asked.desk.sign_in.change_password(
            asked.someone, asked.field("password"), asked.field("new"), asked.field("code"), asked.address
        )
    except PeopleError as error:
        return await password_page(asked, told(asked, error), _status(error))
    raise web.HTTPSeeOther("/login?note=changed")


def _status(error: PeopleError) -> int:
    return 429 if error.code is PeopleCode.LOCKED_OUT else 403


def _see(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})
